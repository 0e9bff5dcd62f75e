"""CCD1, the imaging CCD."""

from __future__ import annotations

from indi_stx.camera.features.ccd import CcdFeature
from indi_stx.camera.tabs import IMAGE_SETTINGS
from indi_stx.driver.declarations import Condition, Num, Save, Sw, Switches, number, switch
from indi_stx.driver.tabs import MAIN
from indi_stx.indi import Permission, State


class Imager(CcdFeature):
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

    gain = number(  # electrons per ADU; with libindi's labels, which clients look for
        "CCD_GAIN",
        "Gain",
        MAIN,
        {"GAIN": Num("Gain", "%.2f", 0, 1e6)},
        permission=Permission.READ_ONLY,
        exists=Condition(
            "where the camera tells it", lambda imager: imager.facts.electrons_per_adu is not None
        ),
    )

    def _fit_to_sensor(self) -> None:
        super()._fit_to_sensor()
        self.gain.assign({"GAIN": self.facts.electrons_per_adu or 0})

    @reset.on_write
    async def _reset_requested(self, new: Switches) -> None:
        """Go back to the whole sensor, unbinned."""
        self.reset_frame()
        self.reset.clear(State.OK)
