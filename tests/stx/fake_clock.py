"""A clock that moves only when told, for code that waits by `Clock.sleep`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, tzinfo=UTC)


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now_s + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking sleepers in their order, each at its own time."""
        end = self.now_s + seconds
        await settle()
        while due := sorted(entry[0] for entry in self._sleepers if entry[0] <= end):
            self.now_s = due[0]
            self._wake()
            await settle()
        self.now_s = end
        await settle()

    def _wake(self) -> None:
        awake = [entry for entry in self._sleepers if entry[0] <= self.now_s]
        self._sleepers = [entry for entry in self._sleepers if entry[0] > self.now_s]
        for _, future in awake:
            if not future.done():
                future.set_result(None)


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)
