"""Overscan: columns beyond those that see light, which only newer firmware can read out.

It makes the sensor wider by an amount that only the camera knows, so the size is asked for again
after each change, and limits, frame and header follow. Source: parameter OverScan of Imager Get /
Set Settings, which the API document of 2011 does not contain; published interfaces of newer
firmware do, and keep the document's formula for the length of a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from indi_stx.camera.facts import Capability, CcdFacts
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import IMAGE_SETTINGS
from indi_stx.driver.declarations import Save, Sw, Switches, switch
from indi_stx.driver.lanes import Lane
from indi_stx.errors import ValueRefused
from indi_stx.indi import State

if TYPE_CHECKING:
    from indi_stx.stx import CcdSettings


class WidenedCcd(Protocol):
    """The CCD that overscan makes wider."""

    lane: Lane
    facts: CcdFacts

    @property
    def running(self) -> bool:
        """Whether an exposure is running or being downloaded."""

    def refit(self, facts: CcdFacts) -> None:
        """Follow a sensor whose size has changed."""


class Overscan(Feature):
    """CCD_OVERSCAN."""

    needs = Capability.OVERSCAN
    reads = ("overscan_on",)

    overscan = switch(
        "CCD_OVERSCAN",
        "Overscan",
        IMAGE_SETTINGS,
        {"INDI_ENABLED": Sw("Enabled"), "INDI_DISABLED": Sw("Disabled", True)},
        save=Save.ON_REQUEST,
        save_rank=-1,  # before the frame, which may reach into it
    )

    def __init__(self, session: CameraSession, imager: WidenedCcd) -> None:
        # One lane with the CCD: a frame is checked against the size that it will have.
        super().__init__(session, imager.lane)
        self._imager = imager
        self._narrow: int | None = None
        """The width without overscan, once it has been seen."""

    @property
    def is_on(self) -> bool:
        """Whether the camera reads out its overscan."""
        return self.overscan["INDI_ENABLED"]

    async def begin(self) -> None:
        """Read whether it is on; it outlives a connection."""
        settings = await self.camera.imager.get_settings("overscan_on")
        self._imager.facts = self._take_over(settings.overscan_on, self._imager.facts)

    @overscan.on_write
    async def _overscan_requested(self, new: Switches) -> None:
        """Switch it, and fit the frame to the sensor's new size."""
        if self._imager.running:
            raise ValueRefused("Wait for the exposure to end before changing the overscan.")
        wished = new["INDI_ENABLED"]
        await self.camera.imager.set_settings(overscan_on=wished)
        if await self._fit() is not wished:
            raise ValueRefused("The camera accepted the overscan's setting but kept its own.")
        self.overscan.publish(state=State.OK)

    async def _fit(self) -> bool:
        settings = await self.camera.imager.get_settings("overscan_on")
        facts = await CcdFacts.read(self.camera.imager)
        self._imager.refit(self._take_over(settings.overscan_on, facts))
        return settings.overscan_on

    def _take_over(self, on: bool, facts: CcdFacts) -> CcdFacts:
        """Show the switch's position, and return the facts with the overscan that is in them."""
        if not on:
            self._narrow = facts.width
        dark = facts.width - self._narrow if on and self._narrow is not None else 0
        self.overscan.assign({"INDI_ENABLED": on, "INDI_DISABLED": not on})
        return facts.with_dark_columns(dark)

    def observe(self, settings: CcdSettings) -> None:
        """Follow another program that has switched it."""
        if "overscan_on" in settings and settings.overscan_on is not self.is_on:
            self.lane.put(self._follow)

    async def _follow(self) -> None:
        if not self._imager.running:
            await self._fit()
            self.overscan.publish()
