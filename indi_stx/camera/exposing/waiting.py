"""An exposure that waits for the filter wheel to rest, so that one filter is in the beam all along.

The wait is not spent on the CCD's lane: an abort, or another exposure, must not wait behind it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from indi_stx.driver.lanes import Lane
from indi_stx.driver.tasks import Tasks


class Beam(Protocol):
    """What a filter wheel tells of itself."""

    @property
    def at_rest(self) -> bool:
        """Whether it stands still, and nobody has asked it to move."""

    async def rest(self) -> None:
        """Wait until it stands still; returns in any case after the time that a move may take."""


class Waiting:
    """The exposure that waits, if any.

    Args:
        lane: of the CCD; the exposure begins there.
        tasks: of the session.
    """

    def __init__(self, lane: Lane, tasks: Tasks) -> None:
        self._lane = lane
        self._tasks = tasks
        self._waiting: object = None

    @property
    def is_pending(self) -> bool:
        """Whether an exposure waits."""
        return self._waiting is not None

    def begin_later(self, beam: Beam, begin: Callable[[], Awaitable[None]]) -> None:
        """Begin an exposure when the wheel rests, unless `forget` is called before."""
        self._waiting = token = object()

        async def begin_unless_forgotten() -> None:
            if self._waiting is token:
                self._waiting = None
                await begin()

        async def wait() -> None:
            await beam.rest()
            self._lane.put(begin_unless_forgotten)

        self._tasks.spawn(wait(), f"{self._lane.name}: waiting for the filter wheel")

    def forget(self) -> None:
        """Let the exposure that waits, if any, not begin."""
        self._waiting = None
