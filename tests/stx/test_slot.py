from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from indi_stx.errors import CameraUnreachable
from indi_stx.stx.pacing import MAX_TURNS_PASSED, Priority
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


# --- endless pollers ------------------------------------------------------------------------------

GAP_S = 0.05
below_guide = st.sampled_from([priority for priority in Priority if priority is not Priority.GUIDE])


class Crowd:
    """Pollers that ask again as soon as they are answered, and single commands among them."""

    def __init__(self, pollers: list[tuple[Priority, float]]) -> None:
        self.clock = FakeClock()
        self.slot = CommandSlot(self.clock, GAP_S)
        self.turns: list[tuple[str, float, float]] = []
        """Who had a turn, from when to when."""
        self._pollers = [
            asyncio.create_task(self._poll(f"poller {number}", priority, latency_s))
            for number, (priority, latency_s) in enumerate(pollers)
        ]

    async def command(self, name: str, priority: Priority, latency_s: float) -> None:
        async with self.slot.turn(priority, name):
            began = self.clock.monotonic()
            await self.clock.sleep(latency_s)
            self.turns.append((name, began, self.clock.monotonic()))

    async def _poll(self, name: str, priority: Priority, latency_s: float) -> None:
        while True:
            await self.command(name, priority, latency_s)

    async def end(self) -> None:
        for poller in self._pollers:
            poller.cancel()
        for poller in self._pollers:
            with contextlib.suppress(asyncio.CancelledError):
                await poller
        await self.slot.aclose()


# Shrinking a command that never gets its turn would take longer than a test may.
PLAYED = settings(max_examples=50, deadline=None, phases=(Phase.reuse, Phase.generate))
pollers = st.lists(st.tuples(below_guide, st.floats(0.0, 0.4)), max_size=8)


@PLAYED
@given(pollers, st.floats(0.0, 2.0), below_guide)
def test_no_command_waits_longer_than_the_gaps_of_its_class(
    pollers: list[tuple[Priority, float]], pushed_after_s: float, priority: Priority
) -> None:
    """With a pulse each 0.7 s as well, which comes on top of the gaps."""

    async def play() -> None:
        crowd = Crowd(pollers)
        await crowd.clock.advance(pushed_after_s)
        pushed_s = crowd.clock.monotonic()
        command = asyncio.create_task(crowd.command("command", priority, 0.0))
        pulses = []
        for _ in range(60):
            if command.done():
                break
            pulses.append(asyncio.create_task(crowd.command("pulse", Priority.GUIDE, 0.0)))
            await crowd.clock.advance(0.7)
        await crowd.end()
        await asyncio.gather(command, *pulses)
        names = [name for name, _, ended in crowd.turns if ended >= pushed_s]
        before = [n for n in names[: names.index("command")] if n != "pulse"]
        place = [polled for polled, _ in pollers].count(priority) + 1
        under_way = 1
        assert len(before) <= place * (MAX_TURNS_PASSED[priority] + 1) - 1 + under_way
        for (_, _, ended), (_, began, _) in pairwise(crowd.turns):
            assert began - ended >= GAP_S - 1e-9

    asyncio.run(play())


@PLAYED
@given(pollers, st.lists(st.floats(0.0, 2.0), min_size=1, max_size=4))
def test_a_pulse_waits_for_the_command_under_way_only(
    pollers: list[tuple[Priority, float]], pushed_s: list[float]
) -> None:
    async def play() -> None:
        crowd = Crowd(pollers)
        await crowd.clock.advance(0.0)
        pulses = []
        begin_s = crowd.clock.monotonic()
        for number, at_s in enumerate(sorted(pushed_s)):
            await crowd.clock.advance(begin_s + at_s - crowd.clock.monotonic())
            name = f"pulse {number}"
            pulses.append(asyncio.create_task(crowd.command(name, Priority.GUIDE, 0.0)))
            await settle()
        await crowd.clock.advance(2.0)
        await asyncio.gather(*pulses)
        await crowd.end()
        for number, at_s in enumerate(sorted(pushed_s)):
            began = next(began for name, began, _ in crowd.turns if name == f"pulse {number}")
            overtook = [
                name
                for name, other_began, _ in crowd.turns
                if begin_s + at_s < other_began < began and not name.startswith("pulse")
            ]
            assert not overtook

    asyncio.run(play())


@pytest.mark.parametrize("latency_s", [0.005, 0.23])
async def test_a_download_begins_beside_two_endless_pollers(latency_s: float) -> None:
    crowd = Crowd([(Priority.STATE, latency_s), (Priority.TELEMETRY, latency_s)])
    await crowd.clock.advance(1.0)
    download = asyncio.create_task(crowd.command("download", Priority.DOWNLOAD, latency_s))
    await crowd.clock.advance(4 * (latency_s + GAP_S))
    assert download.done()
    await crowd.end()
