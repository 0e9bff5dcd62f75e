"""Commands that are cancelled, or closed, in every moment: the others keep their turns."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indi_stx.errors import CameraUnreachable
from indi_stx.stx.pacing import Priority
from tests.harness.fake_clock import settle
from tests.stx.bench import GAP_S, PLAYED, Bench


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
