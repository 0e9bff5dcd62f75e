"""Which command goes to the camera next, and when. Pure: no clock, no waiting.

One command is under way at a time. The next starts no sooner than `gap_s` after the previous one
was answered: the camera had received it by then, so whatever the network does in between, the
camera never sees two commands closer together than the gap. Highest class first, first come first
served inside a class. A class is starved only while classes above it keep the camera busy all the
time; pollers that leave pauses cannot. Source: STX API, "HTTP Command Interval"; the reasons are in
docs/decisions/0003-pacing.md.
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
    SETTINGS = 4
    TELEMETRY = 5
    DOWNLOAD = 6


@dataclass(frozen=True, slots=True)
class Due(Generic[T]):
    """Start this one now; it has left the queue and is under way."""

    item: T


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is queued, but the gap is not over: ask again after `seconds`."""

    seconds: float


class Rest(enum.Enum):
    """Nothing to do until the queue is told something new."""

    EMPTY = enum.auto()
    UNDER_WAY = enum.auto()


class PacingQueue(Generic[T]):
    """Hold the commands that wait, and decide which one starts.

    Times are seconds of any one clock that never runs backwards.
    """

    def __init__(self, gap_s: float = COMMAND_GAP_S) -> None:
        self._gap_s = gap_s
        self._waiting: dict[Priority, deque[T]] = {priority: deque() for priority in Priority}
        self._under_way = False
        self._free_from = float("-inf")

    def push(self, item: T, priority: Priority) -> None:
        """Queue `item` behind all others of its class."""
        self._waiting[priority].append(item)

    def remove(self, item: T) -> bool:
        """Take back a waiting item; False when it is not waiting (any more)."""
        for queue in self._waiting.values():
            if item in queue:
                queue.remove(item)
                return True
        return False

    def next(self, now: float) -> Due[T] | Wait | Rest:
        """Decide what to do at the time `now`; an item that is due leaves the queue."""
        if self._under_way:
            return Rest.UNDER_WAY
        queue = next((queue for queue in self._waiting.values() if queue), None)
        if queue is None:
            return Rest.EMPTY
        if now < self._free_from:
            return Wait(self._free_from - now)
        self._under_way = True
        return Due(queue.popleft())

    def answered(self, now: float) -> None:
        """Note that the command under way was answered or given up at `now`; the gap begins."""
        self._under_way = False
        self._free_from = now + self._gap_s

    def drain(self) -> list[T]:
        """Take back everything that waits, in the order it would have gone."""
        items = [item for queue in self._waiting.values() for item in queue]
        for queue in self._waiting.values():
            queue.clear()
        return items
