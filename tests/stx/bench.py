"""Turns on a fake clock, with commands that end when told."""

from __future__ import annotations

import asyncio

from hypothesis import Phase, settings

from indi_stx.stx.pacing import Priority
from indi_stx.stx.turns import CommandTurns
from tests.harness.fake_clock import FakeClock

GAP_S = 0.05
# Shrinking a command that never gets its turn would take longer than a test may.
PLAYED = settings(max_examples=50, deadline=None, phases=(Phase.reuse, Phase.generate))


class Bench:
    """The turns of one camera, and who had them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.turns = CommandTurns(self.clock, GAP_S)
        self.started: list[tuple[str, float]] = []
        self.times: list[tuple[float, float]] = []
        """From when to when, one a turn."""
        self.ends: dict[str, asyncio.Event] = {}
        self._begin_s = self.clock.monotonic()

    def command(self, name: str, priority: Priority) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._run(name, priority))

    async def _run(self, name: str, priority: Priority) -> None:
        async with self.turns.turn(priority, name):
            began = self.clock.monotonic()
            self.started.append((name, round(began - self._begin_s, 6)))
            try:
                await self.ends[name].wait()
            finally:
                self.times.append((began, self.clock.monotonic()))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.started]
