"""The camera's own FITS settings: what it writes into the headers of its own files.

They live in the camera's flash memory, which wears: a value is written when a user changes it and
only when it differs from what the camera holds, never for an exposure, and they are not part of
the saved configuration. Source: STX API, Get / Set FITS Settings.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from indi_stx.camera.stx_device import CameraSubsystem
from indi_stx.driver.declarations import Num, Numbers, Texts, Txt, number, text
from indi_stx.errors import CameraRefused, CameraReplyInvalid
from indi_stx.indi import State

if TYPE_CHECKING:
    from indi_stx.driver.properties import Property
    from indi_stx.stx.fits_settings import FitsSettings

CAMERA_FITS = "Camera FITS"


class CameraFitsSettings(CameraSubsystem):
    """CAMERA_FITS_TEXT and CAMERA_FITS_OPTICS."""

    texts = text(
        "CAMERA_FITS_TEXT",
        "Camera's FITS texts",
        CAMERA_FITS,
        {
            "OBJECT_NAME": Txt("Object name"),
            "OBSERVER": Txt("Observer"),
            "TELESCOPE": Txt("Telescope"),
        },
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
    )
    _are_there = False

    async def on_connect(self) -> None:
        """Read them; a camera that has none of them is used without."""
        self.texts.state = self.optics.state = State.IDLE
        try:
            self._take_over(await self.device.camera.get_fits_settings())
        except (CameraRefused, CameraReplyInvalid) as error:
            self._are_there = False
            self.device.log.warning(f"The camera's FITS settings are not available. {error}")
        else:
            self._are_there = True

    def defined_now(
        self, capabilities: frozenset[Hashable], connected: bool
    ) -> list[Property[Any]]:
        """Return what clients should know of."""
        return super().defined_now(capabilities, connected) if self._are_there else []

    @texts.on_write
    async def _texts_requested(self, new: Texts) -> None:
        """Store the texts that differ, and show what the camera made of them."""
        await self.device.camera.set_fits_settings(
            object_name=new["OBJECT_NAME"],
            observer=new["OBSERVER"],
            telescope=new["TELESCOPE"],
        )
        await self._show(self.texts)

    @optics.on_write
    async def _optics_requested(self, new: Numbers) -> None:
        """Store the numbers that differ, and show what the camera made of them."""
        await self.device.camera.set_fits_settings(
            focal_length_mm=new["FOCAL_LENGTH"],
            aperture_mm=new["APERTURE"],
            aperture_area_mm2=new["APERTURE_AREA"],
        )
        await self._show(self.optics)

    async def _show(self, written: Property[Any]) -> None:
        """Read back: what the camera cannot take it drops without a word."""
        self._take_over(await self.device.camera.get_fits_settings())
        written.publish(state=State.OK)

    def _take_over(self, settings: FitsSettings) -> None:
        self.texts.assign(
            {
                "OBJECT_NAME": settings.object_name,
                "OBSERVER": settings.observer,
                "TELESCOPE": settings.telescope,
            }
        )
        self.optics.assign(
            {
                "FOCAL_LENGTH": settings.focal_length_mm,
                "APERTURE": settings.aperture_mm,
                "APERTURE_AREA": settings.aperture_area_mm2,
            }
        )
