"""Wait for the image of an exposure, and do not take an older image for it.

A camera may look idle for seconds after it has accepted an exposure, with the image of the one
before still in its buffer. So "idle, and there is an image" is believed only with evidence: the CCD
was seen at work for as long as the exposure lasts, or the image bears the time that was sent with
the start, or the buffer was seen empty in between.
"""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn, Protocol

from indi_stx.clock import Clock
from indi_stx.errors import (
    CameraRefused,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ExposureFailed,
)
from indi_stx.stx.ccd_calls import written_date_time
from indi_stx.stx.ccd_states import CcdState

SILENCE_LIMIT_S = 30.0
LATENCY_S = 10.0
"""How long after its time an exposure may still look as if it had not begun."""
SETTLING_S = 3.0
"""How long an idle CCD may still have to report its image."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
CLOCK_ERROR = 0.001
"""By how much the clocks of camera and computer may differ in speed."""
_WHY = ": another program aborted it, or the camera restarted. Expose again."


class Asked(Protocol):
    """What is asked of a CCD."""

    @property
    def is_closed(self) -> bool:
        """Whether it will not answer any more, because its camera was closed."""

    async def state(self) -> CcdState:
        """Return what it is doing."""

    async def image_ready(self) -> bool:
        """Return whether there is an image."""

    async def image_date_obs(self) -> str | None:
        """Return the time that the image bears."""


class Waiting:
    """Waits for one exposure that the camera has accepted.

    Args:
        ccd: is asked.
        clock: the time.
        started_s: when the start was sent, on the monotonic clock.
        duration_s: of the exposure.
        name: the time that was sent with the start.
        request: for messages.
    """

    def __init__(
        self,
        ccd: Asked,
        clock: Clock,
        started_s: float,
        duration_s: float,
        name: datetime,
        request: str,
    ) -> None:
        self._ccd = ccd
        self._clock = clock
        self._ends_s = started_s + duration_s * (1 - CLOCK_ERROR)
        self._name = written_date_time(name)
        self._request = request
        self._was_at_work = False
        self._was_empty = False
        self._idle_since_s: float | None = None

    async def end(self) -> None:
        """Return once the camera has the image of this exposure.

        Raises:
            ExposureFailed: there will be none.
            CameraError: the camera has not given an answer that makes sense for 30 s.
        """
        heard_s = self._clock.monotonic()
        while True:
            try:
                if await self._has_ended():
                    return
                heard_s = self._clock.monotonic()
            except (CameraUnreachable, CameraTimeout, CameraReplyInvalid):
                if self._ccd.is_closed or self._clock.monotonic() > heard_s + SILENCE_LIMIT_S:
                    raise
            remaining_s = self._ends_s - self._clock.monotonic()
            await self._clock.sleep(min(max(remaining_s, SHORTEST_PAUSE_S), LONGEST_PAUSE_S))

    async def _has_ended(self) -> bool:
        match await self._ccd.state():
            case CcdState.IDLE:
                return await self._is_ours()
            case CcdState.ERROR:
                self._failed("The camera reports an error: there is no image. Expose again.")
            case _:
                self._was_at_work = True
                self._idle_since_s = None
                return False

    async def _is_ours(self) -> bool:
        """Tell whether an idle CCD has the image of this exposure."""
        now = self._clock.monotonic()
        if self._idle_since_s is None:
            self._idle_since_s = now
        time_is_up = now >= self._ends_s
        if not await self._ccd.image_ready():
            self._was_empty = True
            if self._was_at_work and now > self._idle_since_s + SETTLING_S:
                self._failed(f"The camera has stopped and has no image{_WHY}")
            self._check_late(now)
            return False
        if time_is_up and self._was_at_work:
            return True
        if await self._date_obs() in (self._name, self._name.partition(".")[0]):
            return True
        if self._was_at_work:
            self._failed(f"The camera stopped before the exposure's end{_WHY}")
        if time_is_up and self._was_empty:
            return True
        self._check_late(now)
        return False

    async def _date_obs(self) -> str | None:
        try:
            return await self._ccd.image_date_obs()
        except (CameraReplyInvalid, CameraRefused):
            return None  # this camera has no FITS files

    def _check_late(self, now: float) -> None:
        if now > self._ends_s + LATENCY_S:
            self._failed("The camera accepted the exposure but never began it. Expose again.")

    def _failed(self, what_and_what_to_do: str) -> NoReturn:
        raise ExposureFailed(what_and_what_to_do, request=self._request)
