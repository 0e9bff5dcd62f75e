"""Fast exposure: a sequence whose next exposure starts before the last frame is delivered.

The camera holds one frame, so the next exposure starts when that one has been downloaded, while it
is still being stored, compressed and sent. When that takes longer than an exposure, the sequence
waits instead of failing or filling the memory with frames. The order of reports is libindi's:
exposure Ok, count, next exposure, BLOB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from indi_stx.camera.exposing.delivery import Delivery
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.declarations import Num, Save, Sw, Switches, number, switch
from indi_stx.driver.lanes import Lane
from indi_stx.driver.tabs import OPTIONS
from indi_stx.errors import CameraError, IndiStxError
from indi_stx.indi import State


class Exposing(Protocol):
    """The CCD whose exposures are counted."""

    lane: Lane
    delivery: Delivery

    @property
    def running(self) -> bool:
        """Whether an exposure is running or being downloaded."""

    async def expose(self, duration_s: float) -> None:
        """Begin an exposure with the current settings."""

    async def abort_exposure(self) -> None:
        """Forget the running exposure and abort it in the camera."""

    def show_exposure(self, remaining_s: float, state: State) -> None:
        """Publish the countdown."""

    def exposure_lost(self, reason: str) -> None:
        """Report an exposure that brings no frame."""


class FastExposure(Feature):
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

    def __init__(self, session: CameraSession, head: Exposing) -> None:
        # One lane with the CCD: switching off must not overtake an exposure that is being started.
        super().__init__(session, head.lane)
        self._head = head

    @property
    def enabled(self) -> bool:
        """Whether exposures are taken as sequences."""
        return self.toggle["INDI_ENABLED"]

    def exposure_done(self, duration_s: float, is_latest: Callable[[], bool]) -> None:
        """Count an exposure, and begin the next one if the count says so.

        Args:
            duration_s: of this exposure and of the next.
            is_latest: tells whether no client has begun or aborted an exposure since.
        """
        left = self.count["FRAMES"] - 1
        if left >= 1:
            self.count.publish({"FRAMES": left}, State.BUSY)
            work = self._go_on(duration_s, is_latest)
            self.session.tasks.spawn(work, f"{self.device.name}: fast exposure")
        else:
            self.count.publish(state=State.IDLE)

    def stop(self) -> None:
        """Let the exposure under way, if any, be the last one."""
        if self.count.state is State.BUSY:
            self.count.publish({"FRAMES": 1}, State.IDLE)

    @toggle.on_write
    async def _toggled(self, new: Switches) -> None:
        """Switch sequences on or off; switching off aborts the running exposure."""
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

    async def _go_on(self, duration_s: float, is_latest: Callable[[], bool]) -> None:
        """Queue the next exposure once all earlier frames but the last have been delivered."""
        await self._head.delivery.at_most(1)
        self.lane.put(partial(self._expose_next, duration_s, is_latest))

    async def _expose_next(self, duration_s: float, is_latest: Callable[[], bool]) -> None:
        """Start the next exposure, unless a client has decided otherwise since the last one."""
        if not is_latest() or self.count.state is State.IDLE:
            return
        try:
            await self._head.expose(duration_s)
        except IndiStxError as error:
            self._head.exposure_lost(str(error))
