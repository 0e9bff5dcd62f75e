"""How long to wait for an answer, and what does not count as waiting.

Whether a camera answers commands while it streams a frame is not documented. One that does not
leaves them waiting for seconds, without any fault: so each chunk of a frame that arrives gives
every waiting answer its full time again. An answer is late when the camera has shown no sign of
life for the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

_TELL_EVERY_S = 0.01
"""How often a thread tells the event loop: on a fast link pieces come each 0.1 ms."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long to wait before giving up.

    Attributes:
        connect_s: for the connection.
        answer_s: for the answer, and once more for its text; starts again with every chunk of a
            frame that arrives meanwhile.
        stall_s: between two chunks of a frame.
    """

    connect_s: float = 5.0
    answer_s: float = 10.0
    stall_s: float = 15.0


class Deadline:
    """Time limit of one answer."""

    def __init__(self, timer: asyncio.Timeout, limit_s: float) -> None:
        self._timer = timer
        self._is_left = False
        self.restart(limit_s)

    def restart(self, limit_s: float | None = None) -> None:
        """Count from now; with another limit, if one is given.

        Does nothing once the limit has run out or its block has been left: whoever tells of a sign
        of life cannot know, least of all when the event loop is late.
        """
        if limit_s is not None:
            self.limit_s = limit_s
        if not self._is_left and not self._timer.expired():
            self._timer.reschedule(asyncio.get_running_loop().time() + self.limit_s)

    def leave(self) -> None:
        """Note that nothing is waited for any more."""
        self._is_left = True


class Deadlines:
    """The time limits of all answers that are being waited for."""

    def __init__(self) -> None:
        self._running: set[Deadline] = set()

    @contextlib.asynccontextmanager
    async def limit(self, limit_s: float) -> AsyncIterator[Deadline]:
        """Raise TimeoutError when the block takes longer than its deadline allows."""
        async with asyncio.timeout(None) as timer:
            deadline = Deadline(timer, limit_s)
            self._running.add(deadline)
            try:
                yield deadline
            finally:
                self._running.discard(deadline)
                deadline.leave()

    def frame_moves(self) -> None:
        """Note that a piece of a frame arrived: the camera lives, waiting answers get more time."""
        for deadline in self._running:
            deadline.restart()

    def frame_moves_in_thread(self) -> Callable[[], None]:
        """Return what a thread calls instead of `frame_moves`; made in the event loop."""
        loop = asyncio.get_running_loop()
        told_s = float("-inf")

        def moved() -> None:
            nonlocal told_s
            now = time.monotonic()
            if now - told_s >= _TELL_EVERY_S:
                told_s = now
                with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
                    loop.call_soon_threadsafe(self.frame_moves)

        return moved
