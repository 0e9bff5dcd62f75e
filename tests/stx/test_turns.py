from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from indi_stx.errors import CameraUnreachable
from indi_stx.stx.pacing import MAX_TURNS_PASSED, Priority
from indi_stx.stx.turns import CommandTurns
from tests.harness.fake_clock import FakeClock, settle


class Bench:
    """Turns on a fake clock, with commands that end when told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.turns = CommandTurns(self.clock, 0.05)
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
    await bench.turns.aclose()
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
        self.turns = CommandTurns(self.clock, GAP_S)
        self.times: list[tuple[str, float, float]] = []
        """Who had a turn, from when to when."""
        self._pollers = [
            asyncio.create_task(self._poll(f"poller {number}", priority, latency_s))
            for number, (priority, latency_s) in enumerate(pollers)
        ]

    async def command(self, name: str, priority: Priority, latency_s: float) -> None:
        async with self.turns.turn(priority, name):
            began = self.clock.monotonic()
            await self.clock.sleep(latency_s)
            self.times.append((name, began, self.clock.monotonic()))

    async def _poll(self, name: str, priority: Priority, latency_s: float) -> None:
        while True:
            await self.command(name, priority, latency_s)

    async def end(self) -> None:
        for poller in self._pollers:
            poller.cancel()
        for poller in self._pollers:
            with contextlib.suppress(asyncio.CancelledError):
                await poller
        await self.turns.aclose()


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
        names = [name for name, _, ended in crowd.times if ended >= pushed_s]
        before = [n for n in names[: names.index("command")] if n != "pulse"]
        place = [polled for polled, _ in pollers].count(priority) + 1
        under_way = 1
        assert len(before) <= place * (MAX_TURNS_PASSED[priority] + 1) - 1 + under_way
        for (_, _, ended), (_, began, _) in pairwise(crowd.times):
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
            began = next(began for name, began, _ in crowd.times if name == f"pulse {number}")
            overtook = [
                name
                for name, other_began, _ in crowd.times
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


# --- cancelled, closed ----------------------------------------------------------------------------


def gap_tasks() -> list[asyncio.Task[None]]:
    """Return the tasks that wait for the end of a gap: those that are no command of a test."""
    return [
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task() and "_run" not in repr(task.get_coro())
    ]


async def test_command_cancelled_before_its_first_step() -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    await settle()
    never = bench.command("never", Priority.GUIDE)
    never.cancel()
    last = bench.command("last", Priority.STATE)
    for event in bench.ends.values():
        event.set()
    await bench.clock.advance(1.0)
    await asyncio.gather(running, last)
    assert bench.started == [("running", 0.0), ("last", 0.05)]
    assert never.cancelled()


@pytest.mark.parametrize("steps", range(4))
async def test_cancelling_all_that_waits_in_the_gap(steps: int) -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    bench.ends["running"].set()
    await running
    waiting = [bench.command(f"waiting {i}", Priority.STATE) for i in range(3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await settle()
    last = bench.command("last", Priority.STATE)
    bench.ends["last"].set()
    await bench.clock.advance(0.05)
    await last
    assert bench.started == [("running", 0.0), ("last", 0.05)]


@pytest.mark.parametrize("has_begun", [False, True])
async def test_turns_go_on_when_the_task_that_waits_for_the_gap_is_cancelled(
    has_begun: bool,
) -> None:
    """As whoever cancels all tasks of the loop does."""
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    waiting = bench.command("waiting", Priority.STATE)
    await settle()
    for event in bench.ends.values():
        event.set()
    await running
    if has_begun:
        await bench.clock.advance(0.02)
    [pause] = gap_tasks()
    pause.cancel()
    await bench.clock.advance(1.0)
    async with asyncio.timeout(1):
        await asyncio.gather(running, waiting)
    assert bench.started == [("running", 0.0), ("waiting", 0.05)]


@pytest.mark.parametrize("steps", range(4))
async def test_closed_in_the_gap(steps: int) -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    waiting = bench.command("waiting", Priority.STATE)
    bench.ends["running"].set()
    bench.ends["waiting"].set()
    await running
    for _ in range(steps):
        await asyncio.sleep(0)
    await bench.turns.aclose()
    with pytest.raises(CameraUnreachable, match="closed"):
        await waiting
    await bench.clock.advance(1.0)
    assert bench.names == ["running"]


@pytest.mark.parametrize("cancelled_first", [False, True])
async def test_closed_and_cancelled_at_once(cancelled_first: bool) -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    waiting = bench.command("waiting", Priority.STATE)
    await settle()
    if cancelled_first:
        running.cancel()
        waiting.cancel()
    closing = asyncio.create_task(bench.turns.aclose())
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    found = await asyncio.gather(running, waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert isinstance(found[1], asyncio.CancelledError | CameraUnreachable)
    await closing
    assert not gap_tasks()


async def test_a_command_under_way_ends_by_itself_after_closing() -> None:
    bench = Bench()
    running = bench.command("running", Priority.STATE)
    await settle()
    await bench.turns.aclose()
    bench.ends["running"].set()
    await running
    with pytest.raises(CameraUnreachable, match="closed"):
        await bench.command("late", Priority.GUIDE)
    assert not gap_tasks()


steps = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(Priority)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("end the last that began"), st.none()),
    st.tuples(st.just("advance"), st.floats(0.0, 0.1)),
    st.tuples(st.just("rounds"), st.integers(1, 4)),
    st.tuples(st.just("cancel the gap"), st.none()),
)


@settings(PLAYED, max_examples=200)
@given(st.lists(steps, min_size=5, max_size=40), st.booleans())
def test_every_command_has_its_turn_unless_it_was_cancelled(
    script: list[tuple[str, Any]], close: bool
) -> None:
    """Whatever is cancelled in whichever moment: one at a time, the gap held, nobody forgotten."""

    async def play() -> None:
        bench = Bench()
        commands: list[asyncio.Task[None]] = []
        for step, value in script:
            match step:
                case "push":
                    commands.append(bench.command(f"command {len(commands)}", value))
                case "cancel" if value < len(commands):
                    commands[value].cancel()
                case "end the last that began" if bench.names:
                    bench.ends[bench.names[-1]].set()
                case "advance":
                    await bench.clock.advance(value)
                case "rounds":
                    for _ in range(value):
                        await asyncio.sleep(0)
                case "cancel the gap":
                    for pause in gap_tasks():
                        pause.cancel()
        if close:
            await bench.turns.aclose()
        for event in bench.ends.values():
            event.set()
        await bench.clock.advance(0.06 * (len(commands) + 1))
        async with asyncio.timeout(1):
            found = await asyncio.gather(*commands, return_exceptions=True)
        for number, result in enumerate(found):
            match result:
                case None:
                    assert bench.names.count(f"command {number}") == 1
                case CameraUnreachable():
                    assert close
                case asyncio.CancelledError():
                    assert ("cancel", number) in script
                case error:
                    raise AssertionError(error)
        for (_, ended), (began, _) in pairwise(bench.times):
            assert began - ended >= GAP_S - 1e-9
        await bench.turns.aclose()

    asyncio.run(play())
