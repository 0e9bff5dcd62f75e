"""Periodic work and background tasks."""

from __future__ import annotations

import asyncio
import logging

import pytest

from indi_stx.driver.schedule import Schedule
from tests.harness.fake_clock import FakeClock, settle


async def test_ticks_do_not_drift_and_follow_a_changed_period() -> None:
    clock, ticks, period = FakeClock(), [], [1.0]
    schedule = Schedule(clock)

    async def job() -> None:
        ticks.append(round(clock.monotonic() - 1000, 3))
        await clock.sleep(0.3)

    schedule.repeat(job, lambda: period[0], "poll")
    await clock.advance(2.5)
    assert ticks == [0, 1, 2], "the job's own time is not added"
    period[0] = 0.5
    await clock.advance(1.5)
    assert ticks == [0, 1, 2, 3, 3.5, 4]
    await schedule.cancel()
    await clock.advance(5)
    assert len(ticks) == 6


async def test_a_period_that_becomes_shorter_counts_at_once() -> None:
    clock, ticks, period = FakeClock(), [], [600.0]
    schedule = Schedule(clock)

    async def job() -> None:
        ticks.append(clock.monotonic() - 1000)

    schedule.repeat(job, lambda: period[0], "poll")
    await clock.advance(10.2)
    assert ticks == [0]
    period[0] = 5.0
    await clock.advance(6)
    assert ticks == [0, 11, 16]
    await schedule.cancel()


async def test_a_tick_longer_than_its_period_leaves_out_what_it_covers() -> None:
    clock, ticks = FakeClock(), []
    schedule = Schedule(clock)

    async def slow() -> None:
        ticks.append(clock.monotonic() - 1000)
        await clock.sleep(2.5)

    schedule.repeat(slow, lambda: 1.0, "poll")
    await clock.advance(8)
    assert ticks == [0, 2.5, 5, 7.5]
    await schedule.cancel()


async def test_errors_of_background_work_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    schedule = Schedule(FakeClock())

    async def broken() -> None:
        raise RuntimeError("a bug")

    with caplog.at_level(logging.ERROR):
        schedule.spawn(broken(), "fetch")
        await settle()
    assert "fetch failed" in caplog.text
    assert "a bug" in caplog.text


async def test_a_task_may_cancel_the_schedule_it_is_in() -> None:
    schedule, done = Schedule(FakeClock()), []

    async def endless() -> None:
        await asyncio.Event().wait()

    async def ender() -> None:
        await schedule.cancel()
        done.append("alive")

    schedule.spawn(endless(), "endless")
    await settle()
    await schedule.spawn(ender(), "ender")
    assert done == ["alive"]
