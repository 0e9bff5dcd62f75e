"""Which command goes to the camera next, and when. Pure: no clock, no waiting.

One command is under way at a time. The next starts no sooner than `gap_s` after the previous one
was answered: the camera had received it by then, so whatever the network does in between, the
camera never sees two commands closer together than the gap.

The highest class goes first; within a class, first come, first served. So that the higher classes
cannot starve a lower one, a class that had to let too many others go first (`PATIENCE`) goes ahead
of them once. Only guide pulses and AO always go first. `MAX_TURNS_PASSED` follows from these rules.
Source: STX API, "HTTP Command Interval"; the reasons are in docs/decisions/0003-pacing.md.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

COMMAND_GAP_S = 0.05
"""STX API, "HTTP Command Interval"."""

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Classes of commands; a lower number goes first."""

    GUIDE = 0
    ABORT = 1
    EXPOSURE_START = 2
    STATE = 3
    DOWNLOAD = 4
    SETTINGS = 5
    TELEMETRY = 6


PATIENCE = {
    Priority.EXPOSURE_START: 1,
    Priority.STATE: 2,
    Priority.DOWNLOAD: 2,
    Priority.SETTINGS: 4,
    Priority.TELEMETRY: 8,
}
"""How many turns of others a class lets pass before it is overdue.

Guide pulses always go first and aborts directly after them, so neither has an entry.
"""

MAX_TURNS_PASSED = {
    Priority.GUIDE: 0,
    Priority.ABORT: 1,
    **{priority: turns + 2 * len(PATIENCE) - 1 for priority, turns in PATIENCE.items()},
}
"""The most turns of others (guide pulses not counted) that the first command of a class waits for.

Once a class is overdue, at least every second turn goes to the class that has been overdue for
longest, which must then become overdue again. So each of the other four classes gets at most one
such turn before this class, and an ordinary turn, given to the highest class, can come before each
of these and before this class's own. An abort waits for at most one turn of an overdue class, since
the turn after it is an ordinary one.
"""


@dataclass(frozen=True, slots=True)
class Due(Generic[T]):
    """Start this one now; it has left the queue and is under way."""

    item: T


@dataclass(frozen=True, slots=True)
class Wait:
    """A command is queued, but the gap is not over: ask again after `seconds`."""

    seconds: float


class Rest(enum.Enum):
    """Nothing to do until a command is queued or answered."""

    EMPTY = enum.auto()
    UNDER_WAY = enum.auto()


class PacingQueue(Generic[T]):
    """Holds the commands that wait, and decides which one starts.

    Times are seconds of a monotonic clock.
    """

    def __init__(self, gap_s: float = COMMAND_GAP_S) -> None:
        self._gap_s = gap_s
        self._waiting: dict[Priority, deque[T]] = {priority: deque() for priority in Priority}
        self._turns_passed = dict.fromkeys(Priority, 0)
        self._last_was_overdue = False
        self._under_way = False
        self._free_from = float("-inf")

    def push(self, item: T, priority: Priority) -> None:
        """Queue `item` behind all others of its class."""
        self._waiting[priority].append(item)

    def remove(self, item: T) -> bool:
        """Take back a waiting item; False when it is not waiting (any more)."""
        for priority, queue in self._waiting.items():
            if item in queue:
                queue.remove(item)
                if not queue:
                    self._turns_passed[priority] = 0
                return True
        return False

    def next(self, now: float) -> Due[T] | Wait | Rest:
        """Decide what to do at the time `now`; an item that is due leaves the queue."""
        if self._under_way:
            return Rest.UNDER_WAY
        waiting = [priority for priority, queue in self._waiting.items() if queue]
        if not waiting:
            return Rest.EMPTY
        if now < self._free_from:
            return Wait(self._free_from - now)
        self._under_way = True
        return Due(self._take(self._choose(waiting), waiting))

    def answered(self, now: float) -> None:
        """Note that the command under way was answered or given up at `now`; the gap begins."""
        self._under_way = False
        self._free_from = now + self._gap_s

    def drain(self) -> list[T]:
        """Take back everything that waits, highest class first."""
        items = [item for queue in self._waiting.values() for item in queue]
        for priority, queue in self._waiting.items():
            queue.clear()
            self._turns_passed[priority] = 0
        return items

    def _choose(self, waiting: list[Priority]) -> Priority:
        """Return the class that goes next; `waiting` has the highest first."""
        highest = waiting[0]
        if highest is Priority.GUIDE:
            return highest
        overdue_by = {
            priority: self._turns_passed[priority] - PATIENCE[priority]
            for priority in waiting
            if priority in PATIENCE and self._turns_passed[priority] >= PATIENCE[priority]
        }
        if self._last_was_overdue or not overdue_by:
            self._last_was_overdue = False
            return highest
        chosen = max(overdue_by, key=overdue_by.__getitem__)  # the first, so the highest, of equals
        self._last_was_overdue = chosen is not highest
        return chosen

    def _take(self, chosen: Priority, waiting: list[Priority]) -> T:
        for priority in waiting:
            self._turns_passed[priority] += 1
        self._turns_passed[chosen] = 0
        return self._waiting[chosen].popleft()
