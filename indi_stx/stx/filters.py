"""The filter wheel's data: state, positions, names.

Source: STX API, "Filter State" to "Set Filter Name". Names are kept in the camera's flash memory,
which wears out with every write: only names that differ are written.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from indi_stx.errors import ValueRefused
from indi_stx.stx.arguments import printable, whole

SLOTS = range(1, 9)
NO_FILTER = 0
MAX_NAME_CHARS = 16


class FilterState(enum.IntEnum):
    """What the filter wheel is doing."""

    IDLE = 0
    MOVING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """Which filter is in the beam, and what the filters are called.

    Attributes:
        current: 1 to 8, or 0 for none.
        current_name: the camera's name for it.
        names: of the slots that were asked for and that the camera has.
    """

    current: int
    current_name: str
    names: Mapping[int, str]


def table_key(slot: int) -> str:
    """Return the parameter of a filter's name as the document's tables spell it."""
    return f"Filter{slot}Name"


def example_key(slot: int) -> str:
    """Return the parameter of a filter's name as the example of Set Filter Name spells it."""
    return f"Filter{slot}"


KeySpelling = Callable[[int], str]
SPELLINGS: tuple[KeySpelling, ...] = (table_key, example_key)


def checked_position(position: int) -> int:
    """Return `position` when it is 0 (no filter) to 8.

    Raises:
        ValueRefused: any other.
    """
    position = whole(position)
    if position != NO_FILTER and position not in SLOTS:
        raise ValueRefused(f"There is no filter position {position}: 1 to 8, or 0 for no filter.")
    return position


def checked_names(names: Mapping[int, str]) -> dict[int, str]:
    """Return `names` when the camera can store them.

    Raises:
        ValueRefused: a slot that does not exist, a name too long or not in plain ASCII.
    """
    return {
        slot: printable(name, what=f"The name of filter {slot}", max_chars=MAX_NAME_CHARS)
        for slot, name in zip(checked_slots(names), names.values(), strict=True)
    }


def checked_slots(slots: Iterable[int]) -> list[int]:
    """Return the filters `slots` as whole numbers.

    Raises:
        ValueRefused: one is not 1 to 8.
    """
    numbers = [whole(slot) for slot in slots]
    for slot in numbers:
        if slot not in SLOTS:
            raise ValueRefused(f"There is no filter {slot} with a name: use 1 to 8.")
    return numbers


def differing(wanted: Mapping[int, str], current: Mapping[int, str]) -> dict[int, str]:
    """Return those names that the camera does not have yet; trailing spaces do not count."""
    return {
        slot: name
        for slot, name in wanted.items()
        if current.get(slot, "").rstrip() != name.rstrip() or slot not in current
    }
