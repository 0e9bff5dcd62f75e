"""Work that no client asks for: periodic polls and background tasks of one connection.

Periods are counted from deadline to deadline, so polling does not drift; a tick that
comes due while the previous one still runs is left out rather than queued.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from indi_stx.clock import Clock
from indi_stx.errors import ConnectionClosed

logger = logging.getLogger(__name__)

GLANCE_S = 1.0
"""How soon a period that has become shorter is noticed."""


class Tasks:
    """Tasks that end together; once closed, no new one begins.

    Errors of a task are logged, because nobody awaits it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run work in the background until it ends or the tasks are closed.

        Raises:
            ConnectionClosed: they are closed; the work does not begin.
        """
        if self._closed:
            work.close()
            raise ConnectionClosed(f"{name}: not done, the connection has ended.")
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def repeat(
        self, job: Callable[[], Awaitable[None]], period_s: Callable[[], float], name: str
    ) -> None:
        """Run a job at once and then once per period; the period may change between ticks."""
        self.spawn(self._repeat(job, period_s), name)

    async def close(self) -> None:
        """End all tasks but the calling one, refuse new ones, and wait until they have ended."""
        self._closed = True
        while others := self._tasks - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others)

    async def _repeat(
        self, job: Callable[[], Awaitable[None]], period_s: Callable[[], float]
    ) -> None:
        due = self._clock.monotonic()
        while True:
            await job()
            while (left_s := due + period_s() - self._clock.monotonic()) > 0:
                await self._clock.sleep(min(left_s, GLANCE_S))
            due = max(due + period_s(), self._clock.monotonic())

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)
