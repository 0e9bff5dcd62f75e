"""What a header may say of things that can change while the shutter is open.

Each is looked at twice, when the exposure begins and when it ends. What was the same is a card.
What was not, such as a filter that somebody changed, has no card that would be true: a COMMENT says
from what to what, and people are told. A temperature or the sky's brightness drifts: its card is
the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from indi_stx.camera.exposing.surroundings import Aim, Surroundings
from indi_stx.driver.subsystem import Log
from indi_stx.images.header_facts import CustomCard

SAME_ANGLE_DEG = 0.1
"""A rotator may report as much less or more without having moved."""
SETTLED_ARCSEC = 60.0
"""A telescope that tracks may be corrected, or dithered, by this much."""
SIDEREAL_ARCSEC_PER_S = 15.1
"""One that does not track sees the sky move by this much, and still is where it says."""


class Held:
    """What surrounds one exposure, which is about to start; call it at the exposure's end.

    Args:
        look: returns what is so at the moment.
        duration_s: of the exposure.
        log: for what people are told.
    """

    def __init__(self, look: Callable[[], Surroundings], duration_s: float, log: Log) -> None:
        self._look = look
        self._duration_s = duration_s
        self._log = log
        self._before = look()
        self._told: set[Change] = set()

    def __call__(self) -> Surroundings:
        """Return what has held since the beginning."""
        after = self._look()
        changes = list(_changes(self._before, after, self._duration_s))
        for change in changes if after.watched else ():
            if change.is_told and change not in self._told:
                self._told.add(change)
                self._log.warning(f"{change.text}.")
        return _held(self._before, after, changes)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was not the same.

    Attributes:
        fact: the field of `Surroundings`.
        text: from what to what; fits a COMMENT card.
        is_told: whether people are told at once.
    """

    fact: str
    text: str
    is_told: bool = True


def _changes(before: Surroundings, after: Surroundings, duration_s: float) -> Iterator[Change]:
    if before.beam != after.beam:
        old, new = (look.filter_name or "unknown" for look in (before, after))
        way = f" from {old} to {new}" if old != new else ""
        yield Change("filter_name", f"Filter changed during the exposure{way}")
    aims = before.aim, after.aim
    if _moved(*aims, duration_s):
        yield Change("aim", "Telescope moved during the exposure")
    if _differ(before.focuser_position, after.focuser_position, 0):
        way = f"{before.focuser_position} to {after.focuser_position}"
        yield Change("focuser_position", f"Focuser moved during the exposure: {way}")
    if _turned(before.rotator_deg, after.rotator_deg):
        way = f"{before.rotator_deg:.2f} to {after.rotator_deg:.2f} deg"
        yield Change("rotator_deg", f"Rotator turned during the exposure: {way}")
    if _differ(before.setpoint_celsius, after.setpoint_celsius, 0.005):
        way = f"{before.setpoint_celsius:.2f} to {after.setpoint_celsius:.2f} C"
        text = f"Set point changed during the exposure: {way}"
        yield Change("setpoint_celsius", text, is_told=False)  # a ramp does so every minute


def _held(before: Surroundings, after: Surroundings, changes: Sequence[Change]) -> Surroundings:
    drifting: dict[str, Any] = {
        fact: _mean(getattr(before, fact), getattr(after, fact))
        for fact in ("ccd_celsius", "focuser_celsius", "sky_brightness_mpsas")
    }
    comments = (CustomCard("COMMENT", change.text, "") for change in changes)
    unknown: dict[str, Any] = dict.fromkeys((change.fact for change in changes), None)
    return replace(after, **drifting, **unknown, cards=(*after.cards, *comments))


def _mean(before: float | None, after: float | None) -> float | None:
    if before is None or after is None:
        return after
    return (before + after) / 2


def _differ(before: float | None, after: float | None, tolerance: float) -> bool:
    return before is not None and after is not None and abs(before - after) > tolerance


def _turned(before_deg: float | None, after_deg: float | None) -> bool:
    if before_deg is None or after_deg is None:
        return False
    return abs((after_deg - before_deg + 180) % 360 - 180) > SAME_ANGLE_DEG


def _moved(before: Aim | None, after: Aim | None, duration_s: float) -> bool:
    """Tell whether a telescope was sent elsewhere, or flipped; tracking or not is no matter."""
    if before is None or after is None or before.of_date is not after.of_date:
        return False
    flipped = before.pier_side is not after.pier_side and None not in (
        before.pier_side,
        after.pier_side,
    )
    far = _separation_arcsec(before, after) > SETTLED_ARCSEC + SIDEREAL_ARCSEC_PER_S * duration_s
    return flipped or far


def _separation_arcsec(a: Aim, b: Aim) -> float:
    dec_a, dec_b = math.radians(a.dec_deg), math.radians(b.dec_deg)
    half_ra = math.radians((a.ra_hours - b.ra_hours) * 15) / 2
    haversine = math.sin((dec_a - dec_b) / 2) ** 2
    haversine += math.cos(dec_a) * math.cos(dec_b) * math.sin(half_ra) ** 2
    return math.degrees(2 * math.asin(math.sqrt(min(1.0, haversine)))) * 3600
