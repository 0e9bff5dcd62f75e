"""Periodic work and background tasks."""

from __future__ import annotations

import asyncio
import logging

import pytest

from indi_stx.driver.tasks import Tasks
from indi_stx.errors import ConnectionClosed
from tests.harness.fake_clock import FakeClock, settle


async def test_ticks_do_not_drift_and_follow_a_changed_period() -> None:
    clock, ticks, period = FakeClock(), [], [1.0]
    tasks = Tasks(clock)

    async def job() -> None:
        ticks.append(round(clock.monotonic() - 1000, 3))
        await clock.sleep(0.3)

    tasks.repeat(job, lambda: period[0], "poll")
    await clock.advance(2.5)
    assert ticks == [0, 1, 2], "the job's own time is not added"
    period[0] = 0.5
    await clock.advance(1.5)
    assert ticks == [0, 1, 2, 3, 3.5, 4]
    await tasks.close()
    await clock.advance(5)
    assert len(ticks) == 6


async def test_a_period_that_becomes_shorter_counts_at_once() -> None:
    clock, ticks, period = FakeClock(), [], [600.0]
    tasks = Tasks(clock)

    async def job() -> None:
        ticks.append(clock.monotonic() - 1000)

    tasks.repeat(job, lambda: period[0], "poll")
    await clock.advance(10.2)
    assert ticks == [0]
    period[0] = 5.0
    await clock.advance(6)
    assert ticks == [0, 11, 16]
    await tasks.close()


async def test_a_tick_longer_than_its_period_leaves_out_what_it_covers() -> None:
    clock, ticks = FakeClock(), []
    tasks = Tasks(clock)

    async def slow() -> None:
        ticks.append(clock.monotonic() - 1000)
        await clock.sleep(2.5)

    tasks.repeat(slow, lambda: 1.0, "poll")
    await clock.advance(8)
    assert ticks == [0, 2.5, 5, 7.5]
    await tasks.close()


async def test_errors_of_background_work_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks(FakeClock())

    async def broken() -> None:
        raise RuntimeError("a bug")

    with caplog.at_level(logging.ERROR):
        tasks.spawn(broken(), "fetch")
        await settle()
    assert "fetch failed" in caplog.text
    assert "a bug" in caplog.text


async def test_a_task_may_close_the_tasks_it_is_in() -> None:
    tasks, done = Tasks(FakeClock()), []

    async def endless() -> None:
        await asyncio.Event().wait()

    async def ender() -> None:
        await tasks.close()
        done.append("alive")

    tasks.spawn(endless(), "endless")
    await settle()
    await tasks.spawn(ender(), "ender")
    assert done == ["alive"]


async def test_closed_tasks_take_no_new_one() -> None:
    tasks, begun = Tasks(FakeClock()), []

    async def late() -> None:
        begun.append("late")

    await tasks.close()
    with pytest.raises(ConnectionClosed, match="late work"):
        tasks.spawn(late(), "late work")
    await settle()
    assert not begun


async def test_a_task_closed_before_its_first_step_has_never_begun() -> None:
    tasks, begun = Tasks(FakeClock()), []

    async def never() -> None:
        begun.append("never")

    task = tasks.spawn(never(), "never")
    await tasks.close()
    assert task.cancelled()
    assert not begun


async def test_what_a_task_begins_while_it_ends_is_refused() -> None:
    tasks, refused = Tasks(FakeClock()), []

    async def never() -> None:
        raise AssertionError

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            try:
                tasks.spawn(never(), "one more")
            except ConnectionClosed:
                refused.append("one more")

    tasks.spawn(stubborn(), "stubborn")
    await settle()
    await tasks.close()
    assert refused == ["one more"]
