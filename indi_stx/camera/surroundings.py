"""Gather header facts that are not about the exposure, from features and snooped devices.

The imager and the internal guider look through the same telescope and the same filter; the guide
head has a telescope of its own and neither filter nor cooler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from indi_stx.camera.active_devices import ActiveDevices
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.camera.features.cooler import Cooler
from indi_stx.camera.features.filter_wheel import FilterWheel
from indi_stx.camera.features.fits_header import FitsHeader
from indi_stx.camera.features.guide_temperature import GuiderTemperature
from indi_stx.camera.features.overscan import Overscan


@dataclass
class HeaderSources:
    """The sources of these facts."""

    around: ActiveDevices
    user: FitsHeader
    wheel: FilterWheel | None
    cooler: Cooler | None
    guider_temperature: GuiderTemperature | None
    overscan: Overscan | None = None

    def of_imager(self) -> Surroundings:
        """Tell what surrounds the imaging CCD; solvers look at its frames, so it gets the WCS."""
        return replace(
            self.of_guider(),
            watched=True,
            overscan=self.overscan.is_on if self.overscan else None,
            ccd_celsius=self.cooler.ccd_celsius if self.cooler else None,
            setpoint_celsius=self.cooler.setpoint_celsius if self.cooler else None,
            wcs_rotation_deg=self.user.rotation_deg,
        )

    def of_guider(self) -> Surroundings:
        """Tell what surrounds the internal guide CCD."""
        temperature = self.guider_temperature
        wheel = self.wheel if self.around.uses_own_wheel else self.around
        return replace(
            self._everywhere(),
            ccd_celsius=temperature.ccd_celsius if temperature else None,
            filter_name=wheel.filter_name if wheel else None,
            beam=str(wheel.beam) if wheel else "",
            focal_length_mm=self.user.focal_length_mm or self.around.focal_length_mm,
            aperture_mm=self.user.aperture_mm or self.around.aperture_mm,
        )

    def of_guide_head(self) -> Surroundings:
        """Tell what surrounds the external guide head, behind its guide scope."""
        return replace(
            self._everywhere(),
            focal_length_mm=self.around.guide_scope_focal_length_mm,
            aperture_mm=self.around.guide_scope_aperture_mm,
        )

    def _everywhere(self) -> Surroundings:
        around, user = self.around, self.user
        around.check_that_all_live()
        return Surroundings(
            observer=user.observer,
            object_name=user.object_name,
            telescope=around.telescope,
            aim=around.aim,
            site=around.site,
            rotator_deg=around.rotator_deg,
            focuser_position=around.focuser_position,
            focuser_celsius=around.focuser_celsius,
            sky_brightness_mpsas=around.sky_brightness_mpsas,
            cards=user.cards,
            checksum=user.wants_checksums,
        )
