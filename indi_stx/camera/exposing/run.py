"""Carry one exposure from its start to its frame in our memory.

The countdown goes on whatever the network does. The camera is watched at the polling period while
it exposes and closely once the time is up, so that the download begins as soon as the frame is
there. Lost answers are asked for again: a frame stays in the camera until its next exposure.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.download import Download, open_download
from indi_stx.camera.exposing.header import draft_of
from indi_stx.camera.exposing.phases import (
    Event,
    Exposure,
    ExposureLost,
    Phase,
    Verdict,
    next_phase,
)
from indi_stx.errors import (
    CameraBusy,
    CameraError,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ImageError,
    IndiStxError,
)
from indi_stx.indi import State

if TYPE_CHECKING:
    from indi_stx.camera.features.ccd import CcdHead
    from indi_stx.images.frame import Frame
    from indi_stx.stx import CommandTiming
    from indi_stx.stx.ccd_states import FrameType
    from indi_stx.stx.settings import Geometry

FIRST_LOOK_S = 0.3
"""When the camera is first asked whether it really exposes."""
CLOSE_LOOK_S = 0.06
"""Between two looks while the frame is due; a little above the camera's command interval."""
RETRY_S = 1.0
"""Between two tries when the camera does not answer."""
GIVE_UP_S = 900.0
"""How long after its end an exposure is still hoped for while the camera does not answer."""
WRONG_TRIES = 3
"""How often a frame is fetched that arrives, but is not the one that was asked for."""
BUSY_TRIES = 20
"""How often a start is tried while the camera still ends what was aborted."""


class ExposureRun:
    """One exposure of one CCD.

    Attributes:
        phase: where it is; see `indi_stx.camera.exposing.phases`.
        started_utc: when the shutter opened, as near as the start command can tell.
    """

    def __init__(
        self, head: CcdHead, duration_s: float, geometry: Geometry, frame_type: FrameType
    ) -> None:
        self.head = head
        self.geometry = geometry
        self.frame_type = frame_type
        self.phase = Phase.IDLE
        self.started_utc: datetime
        self._duration_s = duration_s
        self._clock = head.device.clock
        self._exposure: Exposure
        self._wrong_tries_left = WRONG_TRIES
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self.phase is not Phase.IDLE

    @property
    def duration_s(self) -> float:
        """What the camera was asked for."""
        return self._duration_s

    async def start(self) -> None:
        """Send geometry and start.

        Raises:
            CameraError: the camera did not accept it; nothing is running then.
        """
        self._happened(Event.REQUESTED)
        try:
            await self.head.send_geometry(self.geometry)
            timing = await self._start_command()
        except BaseException:
            self._happened(Event.FAILED)
            raise
        self.started_utc = timing.sent_utc + (timing.answered_utc - timing.sent_utc) / 2
        started_s = (timing.sent_monotonic_s + timing.answered_monotonic_s) / 2
        self._exposure = Exposure(self._duration_s, started_s)
        self._happened(Event.ACCEPTED)

    def follow(self) -> None:
        """Go on in the background until the frame is handed over."""
        name = f"{self.head.device.name}: {self.head.exposure.name}"
        self._task = self.head.device.schedule.spawn(self._follow(), name)

    async def _follow(self) -> None:
        """Count down, wait, download, hand over; whatever fails turns the exposure Alert."""
        try:
            self.head.frame_taken(self, await self._to_frame())
        except IndiStxError as error:
            self._happened(Event.FAILED)
            self.head.exposure_lost(str(error))
        except asyncio.CancelledError:
            self._happened(Event.ABORTED)
            raise
        except BaseException:
            self._happened(Event.FAILED)
            self.head.exposure_lost("Internal error: no frame this time.")
            raise

    async def cancel(self) -> None:
        """Stop following; the camera is not told."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        self.phase = Phase.IDLE

    # --- start ---------------------------------------------------------------------------------

    async def _start_command(self) -> CommandTiming:
        """Start, again while the camera is still ending an exposure that was just aborted."""
        for tries_left in reversed(range(BUSY_TRIES)):
            try:
                return await self.head.ccd.start_exposure(
                    self._duration_s, self.frame_type, self._clock.utc()
                )
            except CameraBusy:
                if not tries_left:
                    raise
                await self._clock.sleep(CLOSE_LOOK_S)
        raise AssertionError("the loop returns or raises")

    # --- exposing and reading out --------------------------------------------------------------

    async def _to_frame(self) -> Frame:
        countdown = asyncio.create_task(self._count_down(), name="countdown")
        try:
            await self._sleep_watching()
            await countdown
            return await self._fetch()
        finally:
            countdown.cancel()

    async def _count_down(self) -> None:
        """Report the remaining seconds once per polling period, and zero at the end."""
        while remaining := self._remaining_s():
            await self._clock.sleep(min(remaining, self.head.device.general.polling_s))
            self.head.show_exposure(self._remaining_s(), State.BUSY)

    async def _sleep_watching(self) -> None:
        """Look at the camera now and then until the time is up; silence is tolerated."""
        pause = FIRST_LOOK_S
        while (remaining := self._remaining_s()) > pause:
            await self._clock.sleep(min(pause, remaining))
            await self._look()
            pause = max(self.head.device.general.polling_s, FIRST_LOOK_S)
        await self._clock.sleep(self._remaining_s())
        self._happened(Event.TIME_UP)

    async def _look(self) -> Verdict:
        """Ask the camera's state once; no answer, or a garbled one, means waiting on.

        Raises:
            ExposureLost: the camera says that there will be no frame.
        """
        try:
            state = await self.head.ccd.state()
        except CameraError as error:
            self._check_patience(error)
            self.head.device.log.debug(f"{error} The exposure goes on; asking again.")
            await self._clock.sleep(RETRY_S)
            return Verdict.WAIT
        return self._exposure.observe(state, self._clock.monotonic())

    # --- download ------------------------------------------------------------------------------

    async def _fetch(self) -> Frame:
        """Prepare the file while the camera reads out, then receive the pixels into it."""
        with await open_download(self.head, self.geometry, draft_of(self)) as download:
            while await self._look() is Verdict.WAIT:
                await self._clock.sleep(CLOSE_LOOK_S)
            self._happened(Event.READY)
            while not await self._receive(download):
                await self._clock.sleep(RETRY_S)
                download.rewind()
            self._happened(Event.RECEIVED)
            return download.finish()

    async def _receive(self, download: Download) -> bool:
        """Download once; False when the connection broke and it is worth another try."""
        try:
            await download.receive()
        except (CameraUnreachable, CameraTimeout) as error:
            self._check_patience(error)
            self.head.device.log.warning(f"{error} The camera keeps the frame; trying again.")
            return False
        except (CameraReplyInvalid, ImageError) as error:
            await self._explain(error)
            return False
        return True

    async def _explain(self, error: IndiStxError) -> None:
        """Find out whether a wrong download means that the camera has no frame at all.

        Raises:
            ExposureLost: it has none, or it keeps sending a wrong one.
        """
        self._wrong_tries_left -= 1
        with contextlib.suppress(CameraUnreachable, CameraTimeout):
            await self._check_there(error)
        if not self._wrong_tries_left:
            raise ExposureLost(f"No usable frame in {WRONG_TRIES} tries. {error}") from error
        self.head.device.log.warning(f"{error} Trying again.")

    async def _check_there(self, error: IndiStxError) -> None:
        if not await self.head.ccd.image_ready():
            raise ExposureLost(
                "The camera has no frame: it was restarted, or the exposure was aborted by "
                "another program."
            ) from error

    def _check_patience(self, error: IndiStxError) -> None:
        ended_s = self._exposure.started_s + self._duration_s
        if self._clock.monotonic() > ended_s + GIVE_UP_S:
            raise ExposureLost(
                f"No frame {GIVE_UP_S / 60:.0f} minutes after the exposure's end. {error}"
            ) from error

    def _remaining_s(self) -> float:
        return self._exposure.remaining_s(self._clock.monotonic())

    def _happened(self, event: Event) -> None:
        if self.phase is not Phase.IDLE or event is Event.REQUESTED:
            self.phase = next_phase(self.phase, event)
