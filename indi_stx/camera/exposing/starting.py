"""Start an exposure, also when the camera is busy or its answer gets lost.

When the answer to a start is lost, the exposure may have begun or not. The start is not repeated
blindly, which could be refused or spoil a frame, and not given up: the camera's state and the name
of the image in its buffer tell which, and the exposure is adopted or started again. Source: STX
API, Start Exposure.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.identity import Identity, Names
from indi_stx.camera.exposing.shot import Shot
from indi_stx.clock import Clock
from indi_stx.driver.subsystem import Log
from indi_stx.errors import CameraBusy, CameraError, CameraRefused, CameraReplyInvalid
from indi_stx.stx.ccd_states import CcdState

if TYPE_CHECKING:
    from indi_stx.stx import Ccd

logger = logging.getLogger(__name__)

Note = Callable[[datetime], Awaitable[None]]

ASK_AGAIN_S = 0.06
"""Between two questions to a camera that answers; a little above its command interval."""
RETRY_S = 0.5
"""Between two questions to a camera that does not answer."""
PATIENCE_S = 12.0
"""How long to ask about a start without an answer, and to retry one that finds the CCD busy."""
ASK_AT_LEAST_S = 4.0
"""How long to ask at the least, even if the start itself has taken all the patience."""
LATENCY_S = 2.0
"""For how long after a start a CCD may still look idle."""


async def abort(ccd: Ccd, clock: Clock) -> None:
    """End a CCD's exposure; again while the answer gets lost, which does no harm.

    Raises:
        CameraError: the camera does not answer; it may still be exposing.
    """
    give_up_s = clock.monotonic() + PATIENCE_S
    tries = 0
    while True:
        tries += 1
        try:
            await ccd.abort_exposure()
        except CameraRefused:
            raise
        except CameraError as error:
            if tries > 1 and clock.monotonic() > give_up_s:
                raise
            logger.debug("%s Aborting again.", error)
            await clock.sleep(RETRY_S)
        else:
            return


@dataclass(frozen=True, slots=True)
class Started:
    """An exposure that has begun.

    Attributes:
        name: the time that was sent with the start.
        utc: when the shutter opened: the middle between sending the start and its answer.
        monotonic_s: the same moment on the monotonic clock.
        in_doubt: whether the answer to the start was lost.
    """

    name: datetime
    utc: datetime
    monotonic_s: float
    in_doubt: bool = False


class Start:
    """One start.

    Args:
        shot: what to expose.
        names: of the CCD's exposures.
        note: called with each name before the camera is told it.
        clock: the time.
        log: messages to people.
    """

    def __init__(self, shot: Shot, names: Names, note: Note, clock: Clock, log: Log) -> None:
        self._shot = shot
        self._names = names
        self._note = note
        self._clock = clock
        self._log = log

    async def carry_out(self) -> Started:
        """Start, and return when the camera is known to have done so.

        Raises:
            CameraError: it did not, or that could not be found out; an exposure may be running.
        """
        give_up_s = self._clock.monotonic() + PATIENCE_S
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once()
            except CameraBusy as error:
                await self._make_room(error, give_up_s)
            except CameraRefused:
                raise
            except CameraError as error:
                self._log.debug(f"{error} Asking the camera whether the exposure has begun.")
                ask_until_s = max(give_up_s, self._clock.monotonic() + ASK_AT_LEAST_S)
                if found := await self._find(ask_until_s, error):
                    return found
                if tries > 1 and self._clock.monotonic() > give_up_s:
                    raise

    async def _once(self) -> Started:
        self._name = self._names.new(self._clock.utc())
        await self._note(self._name)
        self._sent_utc, self._sent_s = self._clock.utc(), self._clock.monotonic()
        timing = await self._shot.ccd.start_exposure(
            self._shot.duration_s, self._shot.frame_type, self._name
        )
        return Started(
            self._name,
            timing.sent_utc + (timing.answered_utc - timing.sent_utc) / 2,
            (timing.sent_monotonic_s + timing.answered_monotonic_s) / 2,
        )

    async def _make_room(self, error: CameraBusy, give_up_s: float) -> None:
        """Wait for an abort to finish, and abort an exposure of another program."""
        if self._clock.monotonic() > give_up_s:
            raise error
        await self._clock.sleep(ASK_AGAIN_S)
        try:
            exposing = await self._shot.ccd.state() is CcdState.EXPOSING
        except CameraError as silence:
            logger.debug("no answer of a busy camera: %s", silence)
            return
        if exposing:
            self._log.info("The CCD is still exposing; that exposure is replaced by this one.")
            await abort(self._shot.ccd, self._clock)

    async def _find(self, give_up_s: float, error: CameraError) -> Started | None:
        """Return the exposure if it has begun, None if it has not; else raise the error."""
        while self._clock.monotonic() < give_up_s:
            try:
                state = await self._shot.ccd.state()
                if state is not CcdState.IDLE or await self._is_done():
                    self._log.warning("The answer to the start was lost; the exposure has begun.")
                    return Started(self._name, self._sent_utc, self._sent_s, in_doubt=True)
            except CameraError as silence:
                logger.debug("still no answer: %s", silence)
                await self._clock.sleep(RETRY_S)
                continue
            if self._clock.monotonic() > self._sent_s + LATENCY_S:
                return None
            await self._clock.sleep(ASK_AGAIN_S)
        raise error

    async def _is_done(self) -> bool:
        """Tell whether the exposure is already over, with its frame in the buffer."""
        try:
            date_obs = await self._shot.ccd.image_date_obs()
        except (CameraReplyInvalid, CameraRefused):
            return False
        return self._names.judge(date_obs, self._name) is Identity.OURS
