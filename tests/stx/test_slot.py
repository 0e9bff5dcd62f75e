from __future__ import annotations

import asyncio

import pytest

from indi_stx.errors import CameraUnreachable
from indi_stx.stx.pacing import Priority
from indi_stx.stx.slot import CommandSlot
from tests.harness.fake_clock import FakeClock, settle


class Bench:
    """A slot on a fake clock, with commands that end when told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.slot = CommandSlot(self.clock, 0.05)
        self.started: list[tuple[str, float]] = []
        self.ends: dict[str, asyncio.Event] = {}
        self._begin_s = self.clock.monotonic()

    def command(self, name: str, priority: Priority) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._run(name, priority))

    async def _run(self, name: str, priority: Priority) -> None:
        async with self.slot.turn(priority, name):
            self.started.append((name, round(self.clock.monotonic() - self._begin_s, 6)))
            await self.ends[name].wait()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.started]


async def test_pulse_overtakes_all_that_waits() -> None:
    bench = Bench()
    names = ["poll", "set", "telemetry"]
    classes = [Priority.STATE, Priority.SETTINGS, Priority.TELEMETRY]
    tasks = [bench.command(n, p) for n, p in zip(names, classes, strict=True)]
    await settle()
    tasks.append(bench.command("pulse", Priority.GUIDE))
    for event in bench.ends.values():
        event.set()
    await bench.clock.advance(1.0)
    await asyncio.gather(*tasks)
    assert bench.started == [("poll", 0.0), ("pulse", 0.05), ("set", 0.1), ("telemetry", 0.15)]


async def test_gap_counts_from_the_answer() -> None:
    bench = Bench()
    first = bench.command("slow", Priority.STATE)
    second = bench.command("next", Priority.STATE)
    await bench.clock.advance(0.3)
    assert bench.names == ["slow"]
    bench.ends["slow"].set()
    bench.ends["next"].set()
    await bench.clock.advance(0.3)
    await asyncio.gather(first, second)
    assert bench.started == [("slow", 0.0), ("next", 0.35)]


async def test_cancelled_waiter_leaves_the_queue() -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    waiting = bench.command("waiting", Priority.STATE)
    last = bench.command("last", Priority.STATE)
    await settle()
    waiting.cancel()
    for event in bench.ends.values():
        event.set()
    await bench.clock.advance(1.0)
    await asyncio.gather(running, last)
    assert bench.started == [("running", 0.0), ("last", 0.05)]
    assert waiting.cancelled()


async def test_cancelled_command_frees_the_slot() -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    last = bench.command("last", Priority.STATE)
    bench.ends["last"].set()
    await settle()
    running.cancel()
    await bench.clock.advance(0.06)
    await last
    assert bench.started == [("running", 0.0), ("last", 0.05)]


@pytest.mark.parametrize("steps", range(4))
async def test_cancelling_at_the_moment_of_the_grant_loses_no_turn(steps: int) -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    unlucky = bench.command("unlucky", Priority.STATE)
    last = bench.command("last", Priority.STATE)
    for event in bench.ends.values():
        event.set()
    await settle()
    bench.clock.jump(0.05)
    for _ in range(steps):
        await asyncio.sleep(0)
    unlucky.cancel()
    await bench.clock.advance(1.0)
    await asyncio.gather(running, last)
    assert bench.names[-1] == "last"


async def test_closing_refuses_what_waits_and_what_comes() -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    waiting = bench.command("waiting", Priority.STATE)
    await settle()
    await bench.slot.aclose()
    with pytest.raises(CameraUnreachable, match="closed"):
        await waiting
    with pytest.raises(CameraUnreachable, match="closed"):
        await bench.command("late", Priority.GUIDE)
    bench.ends["running"].set()
    await running
