"""What the night and the mount do to the stars; every field may change while the camera runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot


@dataclass
class SkyConditions:
    """Seeing, focus, tracking and sky brightness.

    Drift moves the field steadily; the periodic error swings it along x, half the peak-to-peak
    value either way; seeing motion is the rms wander of the whole field on each axis.
    """

    seeing_arcsec: float = 2.5
    seeing_motion_arcsec: float = 0.0
    focus_blur_arcsec: float = 0.0
    drift_x_arcsec_per_min: float = 0.0
    drift_y_arcsec_per_min: float = 0.0
    periodic_error_arcsec: float = 0.0
    periodic_error_period_s: float = 480.0
    sky_magnitude: float = 20.5

    def fwhm_arcsec(self) -> float:
        """Return the full width at half maximum of a star."""
        return hypot(self.seeing_arcsec, self.focus_blur_arcsec)
