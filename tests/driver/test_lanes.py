"""Lanes: order within, independence between, and ends."""

from __future__ import annotations

import asyncio

from indi_stx.driver.lanes import Lane
from tests.harness.fake_clock import FakeClock, settle


async def test_work_is_done_in_order_and_one_at_a_time() -> None:
    clock, lane, done = FakeClock(), Lane("wheel"), []

    def work(name: str, seconds: float):
        async def run() -> None:
            done.append(f"{name} begins")
            await clock.sleep(seconds)
            done.append(f"{name} ends")

        return run

    lane.put(work("first", 5))
    lane.put(work("second", 1))
    await clock.advance(5)
    assert done == ["first begins", "first ends", "second begins"]
    await clock.advance(1)
    await lane.idle()
    assert done[-1] == "second ends"
    lane.put(work("third", 0))
    await lane.idle()
    assert done[-1] == "third ends", "a lane that was idle wakes up"


async def test_cancelling_drops_what_waits_and_ends_what_runs() -> None:
    lane, done = Lane("wheel"), []
    started = asyncio.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            done.append("ended")

    async def never() -> None:
        done.append("never")

    lane.put(endless)
    lane.put(never)
    await started.wait()
    await lane.cancel()
    assert done == ["ended"]
    await lane.cancel()


async def test_work_may_cancel_its_own_lane() -> None:
    lane, done = Lane("connection"), []

    async def disconnect() -> None:
        await lane.cancel()
        done.append("disconnected")

    async def never() -> None:
        done.append("never")

    lane.put(disconnect)
    lane.put(never)
    await lane.idle()
    assert done == ["disconnected"]


async def test_work_that_breaks_does_not_stop_the_lane() -> None:
    lane, done = Lane("wheel"), []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)

    async def broken() -> None:
        raise RuntimeError("work must handle its own errors")

    async def next_one() -> None:
        done.append("next")

    lane.put(broken)
    lane.put(next_one)
    await settle()
    await lane.idle()
    assert done == ["next"]
