"""The cooler: full power or none until the set point is reached, then just enough to hold it."""

from __future__ import annotations

from math import exp, sin

from indi_stx.simulator.camera_time import CameraTime

DEFAULT_SETPOINT_CELSIUS = 25.0
REGULATION_RIPPLE_CELSIUS = 0.02
RIPPLE_RADIANS_PER_S = 0.7


class Cooler:
    """CCD temperature and cooler power as functions of camera time.

    At full power the CCD falls exponentially towards ambient minus `delta_celsius`; with none it
    rises towards ambient. A latched-up cooler draws full power and cools nothing.
    """

    def __init__(
        self,
        time: CameraTime,
        *,
        ambient_celsius: float,
        delta_celsius: float,
        time_constant_s: float,
    ) -> None:
        self._time = time
        self.ambient_celsius = ambient_celsius
        self._delta = delta_celsius
        self._time_constant = time_constant_s
        self._on = False
        self._setpoint = DEFAULT_SETPOINT_CELSIUS
        self._latched = False
        self._known_at = time.now()
        self._known = ambient_celsius

    @property
    def on(self) -> bool:
        """CoolerState."""
        return self._on

    @property
    def setpoint_celsius(self) -> float:
        """CCDTemperatureSetpoint."""
        return self._setpoint

    def switch(self, on: bool) -> None:
        """Turn regulation on or off."""
        self._settle()
        self._on = on

    def aim(self, setpoint_celsius: float) -> None:
        """Change the set point."""
        self._settle()
        self._setpoint = setpoint_celsius

    def latch_up(self, latched: bool) -> None:
        """Let the cooler fail, or cure it."""
        self._settle()
        self._latched = latched

    def temperature_celsius(self) -> float:
        """Return the CCD's temperature now, with the small ripple of a regulated cooler."""
        value, holding = self._evolve()
        if holding:
            value += REGULATION_RIPPLE_CELSIUS * sin(self._time.now() * RIPPLE_RADIANS_PER_S)
        return value

    def power_percent(self) -> float:
        """Return how hard the cooler works now."""
        value, holding = self._evolve()
        if self._latched and self._on:
            return 100.0
        if holding:
            return (self.ambient_celsius - value) / self._delta * 100.0
        return 100.0 if self._on and value > self._setpoint else 0.0

    def _settle(self) -> None:
        """Make the present the starting point of what follows."""
        self._known, _ = self._evolve()
        self._known_at = self._time.now()

    def _evolve(self) -> tuple[float, bool]:
        """Return the temperature now and whether the set point holds it there."""
        elapsed = self._time.now() - self._known_at
        cooling = self._on and not self._latched and self._known > self._setpoint
        target = self.ambient_celsius - (self._delta if cooling else 0.0)
        value = target + (self._known - target) * exp(-elapsed / self._time_constant)
        if not self._on or self._latched or self._setpoint >= self.ambient_celsius:
            return value, False
        reached = value <= self._setpoint if cooling else value >= self._setpoint
        return (self._setpoint, True) if reached else (value, False)
