"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 3, 14, 21, 0, 0, tzinfo=UTC)


class FakeClock:
    """Implements `indi_stx.clock.Clock`; `advance` wakes sleepers in the order of their times."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        return self._now

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self._now - 1000.0)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time forward, letting everything that becomes due run at its own time."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.jump(self._sleepers[0][0] - self._now)
            await settle()
        self._now = end

    def jump(self, seconds: float) -> None:
        """Move time forward and wake who is due by then, but let nobody run yet."""
        self._now += max(0.0, seconds)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)


async def settle(rounds: int = 30) -> None:
    """Let tasks that can run do so."""
    for _ in range(rounds):
        await asyncio.sleep(0)
