"""Lanes: each subsystem answers its clients' writes one after another, independent of the others.

The reader of the wire only puts work on a lane and never waits for it, so a filter wheel that
takes ten seconds delays the next filter move and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class Lane:
    """An ordered queue of work with at most one piece under way.

    A task exists only while there is work, so an idle driver has no idle tasks.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: deque[Work] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, work: Work) -> None:
        """Add work behind what is there; work must handle its own errors."""
        self._waiting.append(work)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"lane {self.name}")

    async def cancel(self) -> None:
        """Drop all work, that under way included, and wait until it has ended.

        From within the lane's own work only the waiting pieces are dropped.
        """
        self._waiting.clear()
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task])

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._waiting.popleft()()
        finally:
            self._task = None
            if self._waiting:
                self.put(self._waiting.popleft())
