"""How long a CCD reads out: learnt, so that the driver asks when the frame is due and not before.

The read-out of a frame always takes the same time. Each frame shows when it was not there yet and
when it was; together they close in on the true time, to a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.stx.settings import Geometry

REMEMBERED = 32
"""Geometries of a CCD; the one that was used longest ago is forgotten."""
NARROW_S = 0.008
"""A window of this width is not divided any further: starting an exposure varies as much."""
MARGIN_S = 0.004
"""Asking a little too late costs less than asking too early and once more."""
STEP_S = 0.06
"""Between two questions once the frame is due; a little above the camera's command interval."""


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds after the exposure's end: not there when asked at `after_s`, there at `until_s`."""

    after_s: float
    until_s: float

    @property
    def aim_s(self) -> float:
        """When to ask next: at the end of a narrow window, else in its middle, to halve it."""
        if self.until_s - self.after_s <= NARROW_S:
            return self.until_s + MARGIN_S
        return (self.after_s + self.until_s) / 2

    def narrowed(self, seen: Window) -> Window:
        """Return the window with what one more frame has shown, which wins when they disagree."""
        after_s, until_s = max(self.after_s, seen.after_s), min(self.until_s, seen.until_s)
        return Window(after_s, until_s) if after_s < until_s else seen


class ReadOuts:
    """What is known of the read-outs of one CCD.

    Args:
        known: by geometry, as `key` writes it; changed in place.
    """

    def __init__(self, known: dict[str, Window]) -> None:
        self._known = known

    def of(self, geometry: Geometry) -> Window | None:
        """Return what earlier frames of this geometry have shown."""
        return self._known.get(key(geometry))

    def learn(self, geometry: Geometry, seen: Window) -> None:
        """Take in what a frame has shown."""
        before = self._known.pop(key(geometry), None)
        self._known[key(geometry)] = seen if before is None else before.narrowed(seen)
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def key(geometry: Geometry) -> str:
    """Return a geometry as text, such as "1024x768+0+0 2x2"."""
    g = geometry
    return f"{g.num_x}x{g.num_y}+{g.start_x}+{g.start_y} {g.bin_x}x{g.bin_y}"


class Looks:
    """When to ask whether one frame is there, and what the answers say of its read-out.

    Args:
        known: what earlier frames have shown; None when there was none.
    """

    def __init__(self, known: Window | None) -> None:
        self._known = known
        self._not_at_s: float | None = None
        self._there_s = 0.0

    @property
    def window(self) -> Window:
        """What the answers have shown, once the frame is there."""
        return Window(self._not_at_s or 0.0, self._there_s)

    def pause_s(self, now_s: float) -> float:
        """Return how long to wait before the next question.

        Args:
            now_s: seconds since the exposure's end.
        """
        known = self._known
        if known is None or now_s >= known.until_s + MARGIN_S:
            return 0.0 if self._not_at_s is None else STEP_S
        before_s = known.after_s - 2 * STEP_S
        if self._not_at_s is None and before_s > 0:
            # Seen reading out, a frame needs no other proof that it is of this exposure.
            return max(0.0, before_s / 2 - now_s)
        if self._not_at_s is not None and self._not_at_s + STEP_S < before_s:
            return max(0.0, before_s - now_s)  # a read-out that has become shorter shows
        if known.aim_s > now_s:
            return known.aim_s - now_s
        return min(STEP_S, max(known.until_s - now_s, 0.0)) or STEP_S

    def not_there(self, asked_s: float) -> None:
        """Note that the frame was not there when it was asked for, so long after the end."""
        self._not_at_s = asked_s

    def there(self, asked_s: float) -> None:
        """Note that it was there when it was asked for, so long after the end."""
        self._there_s = asked_s
