"""What the night and the mount do to the stars; every field may change while the camera runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from indi_stx.errors import SimulatorError

LIMITS = {
    "seeing_arcsec": (0.1, 60.0),
    "seeing_motion_arcsec": (0.0, 60.0),
    "focus_blur_arcsec": (0.0, 60.0),
    "drift_x_arcsec_per_min": (-1000.0, 1000.0),
    "drift_y_arcsec_per_min": (-1000.0, 1000.0),
    "periodic_error_arcsec": (0.0, 1000.0),
    "periodic_error_period_s": (1.0, 1e6),
    "sky_magnitude": (10.0, 25.0),
}


@dataclass
class SkyConditions:
    """Seeing, focus, tracking and sky brightness; SimulatorError when a value is impossible.

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

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                shown = name.replace("_", " ")
                raise SimulatorError(f"The {shown} cannot be {value:g}; it is {low:g} to {high:g}.")

    def fwhm_arcsec(self) -> float:
        """Return the full width at half maximum of a star."""
        return hypot(self.seeing_arcsec, self.focus_blur_arcsec)
