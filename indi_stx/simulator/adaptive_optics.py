"""The tip-tilt mirror of an AO unit (STX API, AO Guide): 0 to 100 an axis, 50 in the middle."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from indi_stx.simulator.camera_time import CameraTime

CENTRE = 50.0
LOWEST, HIGHEST = 0.0, 100.0
UNITS_PER_S = 1000.0
ARCSEC_PER_UNIT = 0.25


@dataclass(frozen=True)
class _Move:
    start_s: float
    end_s: float
    origin: tuple[float, float]
    target: tuple[float, float]

    def position(self, at_s: float) -> tuple[float, float]:
        if at_s >= self.end_s:
            return self.target
        done = max(0.0, (at_s - self.start_s) / (self.end_s - self.start_s))
        (x0, y0), (x1, y1) = self.origin, self.target
        return x0 + (x1 - x0) * done, y0 + (y1 - y0) * done


class AdaptiveOptics:
    """The mirror's place as a function of camera time; it travels at a constant rate."""

    def __init__(self, time: CameraTime) -> None:
        self._time = time
        self._moves = [_Move(0.0, 0.0, (CENTRE, CENTRE), (CENTRE, CENTRE))]
        self._starts = [0.0]

    def move(self, x: float, y: float) -> None:
        """Start for a place; a mirror on its way turns from where it is."""
        now = self._time.now()
        origin = self.position(now)
        distance = max(abs(x - origin[0]), abs(y - origin[1]))
        self._moves.append(_Move(now, now + distance / UNITS_PER_S, origin, (x, y)))
        self._starts.append(now)

    def centre(self) -> None:
        """Go to the middle, as after power-up."""
        self.move(CENTRE, CENTRE)

    def is_moving(self) -> bool:
        """Tell whether the mirror has not arrived yet."""
        return self._time.now() < self._moves[-1].end_s

    def position(self, at_s: float) -> tuple[float, float]:
        """Return where the mirror stood at camera time `at_s`, x and y."""
        return self._moves[max(0, bisect_right(self._starts, at_s) - 1)].position(at_s)

    def offset_arcsec(self, at_s: float) -> tuple[float, float]:
        """Return how far the mirror had shifted the field at camera time `at_s`."""
        x, y = self.position(at_s)
        return (x - CENTRE) * ARCSEC_PER_UNIT, (y - CENTRE) * ARCSEC_PER_UNIT
