"""Move the filter wheel, and find out where it stands.

The camera is told a place to go to, so a command that gets lost is sent again: it does no harm
twice. A wheel that moves already, perhaps because of a command whose answer got lost, is waited for
and sent on if it stops elsewhere. Source: STX API, "Filter State" to "Change Filter".
"""

from __future__ import annotations

from indi_stx.camera.repeating import PATIENCE_S, RETRY_S, repeated
from indi_stx.camera.session import CameraSession
from indi_stx.errors import CameraBusy, CameraTimeout, CameraUnreachable
from indi_stx.stx.filters import FilterState

LOOK_S = 0.25
"""Pause between two questions while the wheel moves."""
DEPARTURE_LIMIT_S = 2.0
"""How long a wheel may stay at its old place after it accepted a move."""
MOVE_LIMIT_S = 60.0
"""How long a move may take, that of another program included which has to end before."""
STUCK = (
    "The filter wheel is in its error state: it is jammed, or there is none. Check the wheel and "
    "its cable, then initialize it; if that fails, switch the camera off and on."
)


class Mover:
    """Sends the wheel of one camera from place to place.

    Attributes:
        seen: the wheel's state when it was last asked for.
    """

    def __init__(self, session: CameraSession) -> None:
        self._session = session
        self.seen = FilterState.IDLE

    async def drive(self, target: int) -> str | None:
        """Send the wheel to a place until it stands there; return what is wrong if it never does.

        Raises:
            CameraError: the camera refused, or did not answer for `PATIENCE_S`.
        """
        clock = self._session.clock
        give_up_s = clock.monotonic() + MOVE_LIMIT_S
        while clock.monotonic() < give_up_s:
            is_sent = await self._send(target)
            place, in_touch = await self._rest(target if is_sent else None, give_up_s)
            if self.seen is FilterState.ERROR:
                return STUCK
            if place == target:
                return None
            if place is not None and is_sent and in_touch:
                return f"The filter wheel stopped at {place}, not at {target}: try again."
        return f"The filter wheel has not arrived after {MOVE_LIMIT_S:g} s. {STUCK}"

    async def _send(self, target: int) -> bool:
        """Send a move; return False when the wheel moves already.

        It may be this very move, whose answer got lost, or one of another program.
        """
        try:
            await repeated(lambda: self._session.camera.change_filter(target), self._session.clock)
        except CameraBusy as error:
            self._session.log.debug(f"{error} Waiting for the filter wheel to stop.")
            return False
        return True

    async def _rest(self, target: int | None, give_up_s: float) -> tuple[int | None, bool]:
        """Wait until the wheel stands at its target, or anywhere when that is None.

        Returns:
            Where it stands, None if it never stops; and whether the camera has answered all the
            time. If not, it may have restarted and forgotten the move.

        Raises:
            CameraError: no answer for `PATIENCE_S`.
        """
        clock = self._session.clock
        started_s = answered_s = clock.monotonic()
        in_touch = True
        while clock.monotonic() < give_up_s:
            await clock.sleep(LOOK_S)
            try:
                place = await self._resting_place()
            except (CameraTimeout, CameraUnreachable):
                # The wheel goes on turning: a lost answer does not mean that the move failed.
                in_touch = False
                if clock.monotonic() - answered_s > PATIENCE_S:
                    raise
                await clock.sleep(RETRY_S)
                continue
            answered_s = clock.monotonic()
            if self.seen is FilterState.ERROR:
                return None, in_touch
            is_late = answered_s - started_s > DEPARTURE_LIMIT_S
            if place is not None and (target in (None, place) or is_late):
                return place, in_touch
        return None, in_touch

    async def _resting_place(self) -> int | None:
        """Return the slot where the wheel stands, None while it moves."""
        self.seen = await self._session.camera.filter_state()
        if self.seen is not FilterState.IDLE:
            return None
        return (await self._session.camera.get_filter_settings(())).current
