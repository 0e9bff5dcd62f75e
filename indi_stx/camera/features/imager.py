"""CCD1, the imaging CCD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.features.ccd import CcdHead, reset_frame
from indi_stx.driver.declarations import Save, Sw, Switches, switch
from indi_stx.driver.groups import IMAGE_SETTINGS
from indi_stx.indi import Permission, State

if TYPE_CHECKING:
    from indi_stx.camera.facts import CcdFacts
    from indi_stx.camera.features.cooler import Cooler
    from indi_stx.stx import Ccd


class Imager(CcdHead):
    """CCD_EXPOSURE and its family."""

    words = {  # noqa: RUF012
        "head": "CCD",
        "blob": "CCD1",
        "image": "Image",
        "expose": "Expose",
        "info": "CCD Information",
        "settings": IMAGE_SETTINGS,
    }

    reset = switch(
        "CCD_FRAME_RESET",
        "Frame Values",
        IMAGE_SETTINGS,
        {"RESET": Sw("Reset")},
        permission=Permission.WRITE_ONLY,
        timeout_s=0,
    )
    capture_format = switch(
        "CCD_CAPTURE_FORMAT",
        "Format",
        IMAGE_SETTINGS,
        {"INDI_MONO": Sw("Mono", True)},
        save=Save.ON_REQUEST,
    )
    transfer_format = switch(
        "CCD_TRANSFER_FORMAT",
        "Encode",
        IMAGE_SETTINGS,
        {"FORMAT_FITS": Sw("FITS", True)},
        save=Save.ON_REQUEST,
    )

    @property
    def ccd(self) -> Ccd:
        """The imaging CCD's calls."""
        return self.device.camera.imager

    @property
    def cooler(self) -> Cooler | None:
        """What cools it, if anything does."""
        return self.device.cooler

    @property
    def sensor_facts(self) -> CcdFacts:
        """What the camera said of it when connecting."""
        return self.device.facts.imager

    @reset.on_write
    async def _reset_requested(self, new: Switches) -> None:
        """Go back to the whole sensor, unbinned."""
        reset_frame(self.frame, self.binning, self.facts)
        self.reset.clear(State.OK)
