"""The camera's own FITS settings: what it writes into the headers of its own files.

They are kept in the camera's flash memory, which wears out with every write. So a value is only
written when a user changes it and it differs from what the camera holds; never for an exposure, nor
from a saved configuration. Source: STX API, Get / Set FITS Settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from indi_stx.camera.repeating import repeated
from indi_stx.camera.session import Feature
from indi_stx.camera.tabs import CAMERA_FITS
from indi_stx.driver.declarations import Condition, Num, Numbers, Texts, Txt, number, text
from indi_stx.driver.properties import Property
from indi_stx.errors import CameraRefused, CameraReplyInvalid, ValueRefused
from indi_stx.indi import State
from indi_stx.stx.fits_settings import FitsChanges, FitsSettings, differing, written

FIELDS = {
    "OBJECT_NAME": "object_name",
    "OBSERVER": "observer",
    "TELESCOPE": "telescope",
    "FOCAL_LENGTH": "focal_length_mm",
    "APERTURE": "aperture_mm",
    "APERTURE_AREA": "aperture_area_mm2",
}
"""Each element's field of `FitsSettings`."""
THERE = Condition("where the camera has them", lambda settings: settings.are_there)


class CameraFitsSettings(Feature):
    """CAMERA_FITS_TEXT and CAMERA_FITS_OPTICS."""

    are_there = False

    texts = text(
        "CAMERA_FITS_TEXT",
        "Camera's FITS texts",
        CAMERA_FITS,
        {
            "OBJECT_NAME": Txt("Object name"),
            "OBSERVER": Txt("Observer"),
            "TELESCOPE": Txt("Telescope"),
        },
        exists=THERE,
    )
    optics = number(
        "CAMERA_FITS_OPTICS",
        "Camera's FITS optics",
        CAMERA_FITS,
        {
            "FOCAL_LENGTH": Num("Focal Length (mm)", "%.2f", 0, 1e6),
            "APERTURE": Num("Aperture (mm)", "%.2f", 0, 1e5),
            "APERTURE_AREA": Num("Aperture Area (mm2)", "%.2f", 0, 1e9),
        },
        exists=THERE,
    )

    async def begin(self) -> None:
        """Read the settings; a camera without them is used all the same."""
        try:
            self._take_over(await self.camera.get_fits_settings())
        except (CameraRefused, CameraReplyInvalid) as error:
            self.device.log.warning(f"The camera's FITS settings are not available. {error}")
        else:
            self.are_there = True

    @texts.on_write
    async def _texts_requested(self, new: Texts) -> None:
        """Store the texts that differ, and show what the camera made of them."""
        await self._store(self.texts, new)

    @optics.on_write
    async def _optics_requested(self, new: Numbers) -> None:
        """Store the numbers that differ, and show what the camera made of them."""
        await self._store(self.optics, new)

    async def _store(self, p: Property[Any], new: Mapping[str, Any]) -> None:
        """Store what differs, and read it back: the camera silently drops what it cannot take.

        Raises:
            ValueRefused: the camera kept something else.
        """
        changes: FitsChanges = {}
        for element, value in new.items():
            if value != p[element]:
                changes[FIELDS[element]] = value  # type: ignore[literal-required]
        camera, clock = self.camera, self.device.clock
        await repeated(lambda: camera.set_fits_settings(**changes), clock)
        kept = await repeated(camera.get_fits_settings, clock)
        self._take_over(kept)
        if others := differing(written(changes), kept):
            names = ", ".join(name for name, _ in others)
            raise ValueRefused(f"The camera accepted the new {names} but kept the old: try again.")
        p.publish(state=State.OK)

    def _take_over(self, settings: FitsSettings) -> None:
        for p in (self.texts, self.optics):
            p.assign({element: getattr(settings, FIELDS[element]) for element in p})
