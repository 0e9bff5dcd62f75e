"""CCD1, the imaging CCD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.features.ccd import CcdFeature
from indi_stx.camera.tabs import IMAGE_SETTINGS
from indi_stx.driver.declarations import Condition, Num, Save, Sw, Switches, number, switch
from indi_stx.driver.tabs import MAIN
from indi_stx.indi import Permission, State
from indi_stx.stx.settings import Geometry

if TYPE_CHECKING:
    from indi_stx.stx import CcdSettings

GEOMETRY = ("start_x", "start_y", "num_x", "num_y", "bin_x", "bin_y")
"""In the order of the fields of `Geometry`."""


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

    reads = GEOMETRY
    _strange: Geometry | None = None
    """A geometry that was read, is not ours, and may be on its way to becoming so."""

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

    def observe(self, settings: CcdSettings) -> None:
        """Notice another program's frame or binning, which would spoil the next exposure."""
        if any(name not in settings for name in GEOMETRY):
            return
        known = self.sent_geometry.known
        read = Geometry(*(getattr(settings, name) for name in GEOMETRY))
        strange = read if known is not None and not self.running and read != known else None
        if strange is not None and strange == self._strange:
            self.sent_geometry.forget()
            self.device.log.info(
                "Another program has changed frame or binning of the CCD. They are set again with "
                "the next exposure."
            )
            strange = None
        self._strange = strange

    @reset.on_write
    async def _reset_requested(self, new: Switches) -> None:
        """Go back to the whole sensor, unbinned."""
        self.reset_frame()
        self.reset.clear(State.OK)
