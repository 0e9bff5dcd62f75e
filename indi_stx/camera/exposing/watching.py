"""Ask a camera what has become of an exposure; silence is tolerated for a long time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.phases import Exposure, ExposureLost, Verdict
from indi_stx.clock import Clock
from indi_stx.driver.subsystem import Log
from indi_stx.errors import CameraError, IndiStxError

if TYPE_CHECKING:
    from indi_stx.stx import Ccd

RETRY_S, RETRY_MOST_S = 0.5, 5.0
"""Between two tries when the camera does not answer: at first, and after several."""
JITTER = 0.2
"""By how much of itself a pause varies, so that drivers do not keep knocking in step."""
GIVE_UP_S = 900.0
"""How long after an exposure's end to keep asking a camera that does not answer."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How an exposure is watched.

    Attributes:
        clock: the time.
        log: messages to people.
        polling_s: returns the current polling period.
        show_remaining: called with the seconds left, once per polling period and at the end.
        show_download: called with the percentage of a slow download, None at its end.
        expect_frame: called with the time, on the monotonic clock, at which a frame is asked for.
    """

    clock: Clock
    log: Log
    polling_s: Callable[[], float]
    show_remaining: Callable[[float], None]
    expect_frame: Callable[[float], None] = lambda at_s: None
    show_download: Callable[[float | None], None] = lambda percent: None


class Watched:
    """An exposure that is being watched.

    Attributes:
        exposure: as far as it is known.
    """

    def __init__(self, exposure: Exposure, ccd: Ccd, watch: Watch) -> None:
        self.exposure = exposure
        self._ccd = ccd
        self._clock = watch.clock
        self._log = watch.log
        self._pause_s = RETRY_S

    @property
    def remaining_s(self) -> float:
        """The seconds left to expose, zero once the time is up."""
        return self.exposure.remaining_s(self._clock.monotonic())

    @property
    def after_end_s(self) -> float:
        """The seconds since its end; negative before it."""
        return self._clock.monotonic() - self.exposure.started_s - self.exposure.duration_s

    async def look(self) -> Verdict:
        """Ask for the camera's state once; without a usable answer, go on waiting.

        Raises:
            ExposureLost: the camera says that there will be no frame.
        """
        try:
            state = await self._ccd.state()
        except CameraError as error:
            self.exposure.in_doubt = True
            self._log.debug(f"{error} The exposure continues; asking again.")
            await self.be_patient(error)
            return Verdict.WAIT
        self._pause_s = RETRY_S
        return self.exposure.observe(state, self._clock.monotonic())

    async def be_patient(self, error: IndiStxError) -> None:
        """Wait before the next try after an error, longer each time until the camera answers.

        Raises:
            ExposureLost: this has been going on for too long.
        """
        if self.after_end_s > GIVE_UP_S:
            raise ExposureLost(
                f"No frame {GIVE_UP_S / 60:.0f} minutes after the exposure's end. {error}"
            ) from error
        # Not for secrets: any spread will do.
        await self._clock.sleep(self._pause_s * random.uniform(1 - JITTER, 1 + JITTER))
        self._pause_s = min(2 * self._pause_s, RETRY_MOST_S)
