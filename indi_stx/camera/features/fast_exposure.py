"""Fast exposure: a sequence whose next exposure starts before the last frame is delivered.

The camera holds one frame, so the next exposure starts when that one has been downloaded; storing,
compressing and sending it go on meanwhile. Where that takes longer than an exposure the sequence
waits, instead of failing or of piling up frames in memory. Order of reports as in libindi: exposure
Ok, count, next exposure, BLOB.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from indi_stx.camera.stx_device import CameraSubsystem
from indi_stx.driver.declarations import Num, Save, Sw, Switches, number, switch
from indi_stx.driver.groups import OPTIONS
from indi_stx.errors import CameraError, IndiStxError
from indi_stx.indi import State

if TYPE_CHECKING:
    from indi_stx.camera.exposing.run import ExposureRun
    from indi_stx.camera.features.ccd import CcdHead
    from indi_stx.camera.stx_device import StxDevice
    from indi_stx.images.frame import Frame


class FastExposure(CameraSubsystem):
    """CCD_FAST_TOGGLE and CCD_FAST_COUNT, for the exposures of one head."""

    toggle = switch(
        "CCD_FAST_TOGGLE",
        "Fast Exposure",
        OPTIONS,
        {"INDI_ENABLED": Sw("Enabled"), "INDI_DISABLED": Sw("Disabled", True)},
        timeout_s=0,
        save=Save.AT_START,
    )
    count = number(
        "CCD_FAST_COUNT",
        "Fast Count",
        OPTIONS,
        {"FRAMES": Num("Frames", "%.f", 0, 100000, 1, 1)},
        timeout_s=0,
    )

    def __init__(self, device: StxDevice, head: CcdHead) -> None:
        super().__init__(device)
        self._head = head
        self.lane = head.lane  # switching off must not overtake an exposure that is being started
        head.fast = self

    @property
    def enabled(self) -> bool:
        """Whether exposures are taken as sequences."""
        return self.toggle["INDI_ENABLED"]

    def frame_taken(self, run: ExposureRun, frame: Frame) -> None:
        """Report the end of an exposure, deliver its frame, and begin the next if one is due."""
        self._head.show_exposure(0, State.OK)
        left = self.count["FRAMES"] - 1
        if left >= 1:
            self.count.publish({"FRAMES": left}, State.BUSY)
            self.device.schedule.spawn(self._go_on(run), f"{self.device.name}: fast exposure")
        else:
            self.count.publish(state=State.IDLE)
        self._head.delivery.put(frame, run, answered=True)

    def stop(self) -> None:
        """Let the exposure under way, if any, be the last one."""
        if self.count.state is State.BUSY:
            self.count.publish({"FRAMES": 1}, State.IDLE)

    @toggle.on_write
    async def _toggled(self, new: Switches) -> None:
        """Switch sequences on, or off together with the one that is running."""
        if new["INDI_DISABLED"] and self.enabled:
            self.count.publish({"FRAMES": 1}, State.IDLE)
            if self._head.running:
                await self._abort()

    async def _abort(self) -> None:
        try:
            await self._head.abort_exposure()
        except CameraError as error:
            self._head.exposure_lost(str(error))
        else:
            self._head.show_exposure(0, State.IDLE)

    async def on_connect(self) -> None:
        """Begin without a sequence."""
        self.count.assign({"FRAMES": 1})
        self.count.state = State.IDLE

    async def _go_on(self, run: ExposureRun) -> None:
        """Queue the next exposure once only the frame just taken is still to be delivered."""
        await self._head.delivery.at_most(1)
        self.lane.put(partial(self._expose_next, run))

    async def _expose_next(self, run: ExposureRun) -> None:
        """Start the next exposure, unless a client has decided otherwise since the last one."""
        if not self._head.is_current(run) or self.count.state is State.IDLE:
            return
        try:
            await self._head.expose(run.duration_s)
        except IndiStxError as error:
            self._head.exposure_lost(str(error))
