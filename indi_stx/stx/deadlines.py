"""How long to wait for an answer, and what does not count as waiting.

Whether a camera answers commands while it streams a frame is not documented. If it does not, they
wait for seconds although nothing is wrong. So each chunk of a frame that arrives restarts the time
limit of every waiting command. An answer is late when the camera has sent nothing at all for as
long as the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from indi_stx.errors import ValueRefused
from indi_stx.stx.arguments import real

_TELL_EVERY_S = 0.05
"""How often a thread notifies the event loop: on a fast link a piece comes every 0.1 ms.

Each time wakes the loop: with 0.01 s a frame over a camera's link took a sixth more processor time.
"""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long to wait before giving up.

    Attributes:
        connect_s: for the connection.
        answer_s: for the head of the answer, and again for its text; starts again with every chunk
            of a frame that arrives meanwhile.
        stall_s: between two chunks of a frame.

    Raises:
        ValueRefused: one of them is not a number above zero.
    """

    connect_s: float = 5.0
    answer_s: float = 10.0
    stall_s: float = 15.0

    def __post_init__(self) -> None:
        for limit_s in (self.connect_s, self.answer_s, self.stall_s):
            if real(limit_s) <= 0:
                raise ValueRefused(f"A time limit must be longer than {limit_s:g} s.")


class Deadline:
    """Time limit of one answer."""

    def __init__(self, timer: asyncio.Timeout, limit_s: float) -> None:
        self._timer = timer
        self._is_left = False
        self.restart(limit_s)

    def restart(self, limit_s: float | None = None) -> None:
        """Start the time limit again, with another length if one is given.

        Does nothing once the time has run out or the block has been left, because callers cannot
        know whether that has happened.
        """
        if limit_s is not None:
            self.limit_s = limit_s
        if not self._is_left and not self._timer.expired():
            self._timer.reschedule(asyncio.get_running_loop().time() + self.limit_s)

    def leave(self) -> None:
        """Note that nobody waits for this answer any more."""
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
        """Restart the time limits of all waiting answers, because a piece of a frame arrived."""
        for deadline in self._running:
            deadline.restart()

    def frame_moves_in_thread(self) -> Callable[[], None]:
        """Return a function for threads to call instead; call this one on the event loop."""
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
