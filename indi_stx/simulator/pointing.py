"""Where the field stands over the CCDs: guiding, mirror, drift, periodic error and seeing motion.

A closed X+ relay moves stars towards higher columns and Y+ towards higher rows, turned by the
guide angle; more mirror units do the same on their axes, unturned.
"""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from indi_stx.simulator.adaptive_optics import AdaptiveOptics
from indi_stx.simulator.relays import Relay, Relays
from indi_stx.simulator.sky_conditions import SkyConditions

SAMPLES_PER_EXPOSURE = 64
SEEING_FREQUENCIES_HZ = (0.07, 0.19, 0.43, 0.97, 2.3, 5.1)


class Pointing:
    """The field's offset in arcseconds as a function of camera time."""

    def __init__(
        self,
        relays: Relays,
        mirror: AdaptiveOptics,
        conditions: SkyConditions,
        *,
        guide_rate_arcsec_per_s: float,
        guide_angle_degrees: float,
        seed: int,
    ) -> None:
        self._relays = relays
        self._mirror = mirror
        self._conditions = conditions
        self._guide_rate = guide_rate_arcsec_per_s
        self._angle = radians(guide_angle_degrees)
        rng = np.random.default_rng([seed, 0x5EE1])
        self._phases = rng.uniform(0.0, 2.0 * pi, (2, len(SEEING_FREQUENCIES_HZ)))

    def offset_arcsec(self, at_s: float) -> tuple[float, float]:
        """Return the field's offset at camera time `at_s`, x and y."""
        guide_x, guide_y = self._guided(at_s)
        mirror_x, mirror_y = self._mirror.offset_arcsec(at_s)
        wander_x, wander_y = self._wander(at_s)
        weather = self._conditions
        swing = (
            weather.periodic_error_arcsec / 2 * sin(2 * pi * at_s / weather.periodic_error_period_s)
        )
        minutes = at_s / 60.0
        return (
            guide_x + mirror_x + wander_x + swing + weather.drift_x_arcsec_per_min * minutes,
            guide_y + mirror_y + wander_y + weather.drift_y_arcsec_per_min * minutes,
        )

    def path_arcsec(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """Return where the field stood during an exposure, shape (samples, 2)."""
        step = (end_s - start_s) / SAMPLES_PER_EXPOSURE
        times = [start_s + (n + 0.5) * step for n in range(SAMPLES_PER_EXPOSURE)]
        return np.array([self.offset_arcsec(at_s) for at_s in times])

    def _guided(self, at_s: float) -> tuple[float, float]:
        closed = {relay: self._relays.closed_s(relay, at_s) for relay in Relay}
        x = (closed[Relay.X_PLUS] - closed[Relay.X_MINUS]) * self._guide_rate
        y = (closed[Relay.Y_PLUS] - closed[Relay.Y_MINUS]) * self._guide_rate
        return (
            x * cos(self._angle) - y * sin(self._angle),
            x * sin(self._angle) + y * cos(self._angle),
        )

    def _wander(self, at_s: float) -> tuple[float, float]:
        rms = self._conditions.seeing_motion_arcsec
        if not rms:
            return 0.0, 0.0
        turns = 2 * pi * at_s * np.array(SEEING_FREQUENCIES_HZ) + self._phases
        x, y = np.sin(turns).sum(axis=1) * rms * (2 / len(SEEING_FREQUENCIES_HZ)) ** 0.5
        return float(x), float(y)
