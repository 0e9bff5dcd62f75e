"""Guide relays and adaptive optics: their values and ranges.

Source: STX API, "Pulse Guide" to "AO Status". X+ and so on are the camera's names; the cable to
the mount decides which of them is north or west.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from indi_stx.errors import ValueRefused
from indi_stx.stx.arguments import decimal, member, whole

MIN_PULSE_S, MAX_PULSE_S = 0.01, 655.35
AO_MIN, AO_CENTER, AO_MAX = 0, 50, 100
RELAYS = ("XPlus", "XMinus", "YPlus", "YMinus")


class RelayDirection(enum.IntEnum):
    """Which of the two relays of an axis to close."""

    PLUS = 0
    MINUS = 1


class AoState(enum.IntEnum):
    """What the adaptive optics are doing."""

    IDLE = 0
    MOVING = 1


@dataclass(frozen=True, slots=True)
class RelayPulse:
    """Close one relay for 0.01 to 655.35 s; sent to the hundredth of a second."""

    direction: RelayDirection
    duration_s: float


@dataclass(frozen=True, slots=True)
class RelayTimes:
    """For how long each relay will stay closed; 0 when it is open."""

    x_plus_s: float
    x_minus_s: float
    y_plus_s: float
    y_minus_s: float


def pulse_parameters(x: RelayPulse | None, y: RelayPulse | None) -> list[tuple[str, str]]:
    """Return the parameters of Pulse Guide, both axes in one request.

    Raises:
        ValueRefused: no pulse at all, a duration out of range, or no direction.
    """
    pulses = [(axis, pulse) for axis, pulse in (("X", x), ("Y", y)) if pulse is not None]
    if not pulses:
        raise ValueRefused("A guide pulse needs a direction.")
    return [pair for axis, pulse in pulses for pair in _axis_parameters(axis, pulse)]


def _axis_parameters(axis: str, pulse: RelayPulse) -> list[tuple[str, str]]:
    if not isinstance(pulse, RelayPulse):
        raise ValueRefused(f"{pulse!r} is no RelayPulse(direction, duration_s).")
    duration = decimal(pulse.duration_s, 2)
    if not MIN_PULSE_S <= float(duration) <= MAX_PULSE_S:
        raise ValueRefused(
            f"A guide pulse may last {MIN_PULSE_S} to {MAX_PULSE_S} s, not {pulse.duration_s:g} s."
        )
    direction = member(pulse.direction, RelayDirection)
    return [(f"Direction{axis}", str(int(direction))), (f"Duration{axis}", duration)]


def ao_parameters(x: int, y: int) -> list[tuple[str, str]]:
    """Return the parameters of AO Guide.

    Raises:
        ValueRefused: not a whole number from 0 to 100 (50 is the centre).
    """
    x, y = whole(x), whole(y)
    for value in (x, y):
        if not AO_MIN <= value <= AO_MAX:
            raise ValueRefused(f"The AO mirror moves from {AO_MIN} to {AO_MAX}, not to {value}.")
    return [("XPosition", str(x)), ("YPosition", str(y))]
