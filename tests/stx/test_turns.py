"""Commands wait for their turn: in order, one at a time, a gap apart."""

from __future__ import annotations

import asyncio

from indi_stx.stx.pacing import Priority
from tests.harness.fake_clock import settle
from tests.stx.bench import Bench


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
