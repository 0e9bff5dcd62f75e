"""Decisions of the cooler, without I/O: the next set point of a ramp, and whether it has failed.

Times are seconds of the monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass

RAMP_STEP_S = 60.0
"""As in libindi, the set point moves once a minute, by as many degrees as the slope says."""
FULL_POWER_PERCENT = 99.5
LATCHED_ABOVE_CELSIUS = 2.0
LATCHED_AFTER_S = 180.0
LATCHED_FALL_CELSIUS = 1.0
STEADY_S = 120.0


def ramp_step(ccd_celsius: float, target_celsius: float, slope_celsius: float) -> float:
    """Return the next set point on the way to a target; a slope of 0 means no ramp."""
    if slope_celsius <= 0:
        return target_celsius
    way = target_celsius - ccd_celsius
    return ccd_celsius + min(max(way, -slope_celsius), slope_celsius)


@dataclass
class Ramp:
    """A target temperature that is approached in steps of one minute.

    Attributes:
        setpoint_celsius: of the last step, as sent to the camera.
        step_due_s: when the next step is due.
    """

    target_celsius: float
    setpoint_celsius: float
    step_due_s: float

    @property
    def complete(self) -> bool:
        """Whether the target itself has been sent to the camera."""
        return self.setpoint_celsius == self.target_celsius


class LatchUpWatch:
    """Tells a cooler that has latched up from one that is merely at work.

    STXL cameras are known to end up at full power while the CCD warms. Full power alone is normal
    while cooling down, so the CCD must also have stopped cooling for some minutes.
    """

    def __init__(self) -> None:
        self._since: tuple[float, float] | None = None
        self.latched = False

    def look(
        self, now_s: float, ccd_celsius: float, setpoint_celsius: float | None, power_percent: float
    ) -> bool:
        """Take a sample; return True for the first one that shows a failure.

        Args:
            now_s: when.
            ccd_celsius: of the CCD.
            setpoint_celsius: None when the cooler is off.
            power_percent: of the cooler.
        """
        if (
            setpoint_celsius is None
            or power_percent < FULL_POWER_PERCENT
            or ccd_celsius <= setpoint_celsius + LATCHED_ABOVE_CELSIUS
        ):
            self._since, self.latched = None, False
            return False
        if self._since is None or ccd_celsius < self._since[1] - LATCHED_FALL_CELSIUS:
            self._since = (now_s, ccd_celsius)
        failing, self.latched = self.latched, now_s - self._since[0] >= LATCHED_AFTER_S
        return self.latched and not failing


class Steadiness:
    """Tells whether a temperature has stopped changing."""

    def __init__(self) -> None:
        self._since: tuple[float, float] | None = None

    def look(self, now_s: float, celsius: float, threshold_celsius: float) -> bool:
        """Take a sample; return whether it has stayed within the threshold for two minutes."""
        if self._since is None or abs(celsius - self._since[1]) > threshold_celsius:
            self._since = (now_s, celsius)
        return now_s - self._since[0] >= STEADY_S
