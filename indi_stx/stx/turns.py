"""Let commands go to the camera one at a time, in the order of the queue.

`PacingQueue` decides; `CommandTurns` only awaits. A command runs in its caller's task, so
cancelling the caller cancels the command: a waiting one leaves the queue, one under way closes its
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from indi_stx.clock import Clock
from indi_stx.errors import CameraUnreachable
from indi_stx.stx.pacing import Due, PacingQueue, Priority, Rest, Wait


class Turn:
    """A command's place in the queue."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class CommandTurns:
    """Grant turns to commands, at the camera's pace."""

    def __init__(self, clock: Clock, gap_s: float) -> None:
        self._clock = clock
        self._queue: PacingQueue[Turn] = PacingQueue(gap_s)
        self._pause: asyncio.Task[None] | None = None
        self.is_closed = False

    @contextlib.asynccontextmanager
    async def turn(self, priority: Priority, request: str) -> AsyncIterator[None]:
        """Wait for the turn of `request`; nothing else is sent until the block is left.

        Raises:
            CameraUnreachable: the turns were closed meanwhile.
        """
        if self.is_closed:
            raise _closed(request)
        turn = Turn(request)
        self._queue.push(turn, priority)
        try:
            self._advance()
            await turn.granted
            yield
        finally:
            self._leave(turn)

    def _leave(self, turn: Turn) -> None:
        if self.is_closed:
            return
        if not self._queue.remove(turn):
            self._queue.answered(self._clock.monotonic())
        self._advance()

    def _advance(self) -> None:
        """Grant the next turn, or come back when it is due."""
        if self._pause is not None:
            return
        match self._queue.next(self._clock.monotonic()):
            case Due(turn):
                if not turn.granted.done():  # cancelled a moment ago: it is about to leave
                    turn.granted.set_result(None)
            case Wait(seconds):
                self._pause = asyncio.get_running_loop().create_task(self._clock.sleep(seconds))
                self._pause.add_done_callback(self._pause_over)
            case Rest():
                pass

    def _pause_over(self, _pause: asyncio.Task[None]) -> None:
        """Go on after the gap; if the task was cancelled early, wait for the rest of the gap."""
        self._pause = None
        if not self.is_closed:
            self._advance()

    async def aclose(self) -> None:
        """Refuse waiting and later commands; leave the one under way alone."""
        self.is_closed = True
        for turn in self._queue.drain():
            if not turn.granted.done():
                turn.granted.set_exception(_closed(turn.request))
        if self._pause is not None:
            self._pause.cancel()
            await asyncio.wait([self._pause])


def _closed(request: str) -> CameraUnreachable:
    return CameraUnreachable("The connection to the camera has been closed.", request=request)
