"""Lanes: each subsystem handles clients' writes one after another, independent of the others.

The reader of the wire only puts work on a lane and never waits for it, so a filter wheel that
takes ten seconds delays the next filter move and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]


class Lane:
    """An ordered queue of work with at most one piece under way.

    A task exists only while there is work, so an idle driver has no idle tasks. What a piece raises
    is logged, and the next piece runs all the same.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: deque[Work] = deque()
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    def put(self, work: Work) -> bool:
        """Queue work; False when the lane is closed and does not take it."""
        if self._closed:
            return False
        self._waiting.append(work)
        self._idle.clear()
        self._go_on()
        return True

    async def cancel(self) -> None:
        """Drop all work, including the piece under way, and wait until it has ended.

        Called from within the lane's own work, it drops only the waiting pieces.
        """
        self._drop()
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])

    def refuse(self) -> None:
        """Take no more work and drop all; the piece under way may still be ending on return."""
        self._closed = True
        self._drop()

    async def close(self) -> None:
        """Take no more work, and drop what there is, as `cancel` does."""
        self._closed = True
        await self.cancel()

    def _drop(self) -> None:
        self._waiting.clear()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return self._idle.is_set()

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        await self._idle.wait()

    def _go_on(self) -> None:
        if self._task is None and self._waiting:
            self._task = asyncio.create_task(self._run(), name=f"lane {self.name}")
            # A callback, because a task cancelled before its first step runs none of its own code.
            self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        while self._waiting:
            try:
                await self._waiting.popleft()()
            except Exception:
                logger.exception("work on lane %s failed", self.name)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._task = None
        self._go_on()
        if self._task is None:
            self._idle.set()
