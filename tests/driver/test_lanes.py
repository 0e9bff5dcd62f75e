"""Lanes: order within, independence between, and ends."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

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


async def test_cancelled_before_its_first_step_the_lane_goes_on() -> None:
    lane, done = Lane("guide head"), []

    async def never() -> None:
        done.append("never")

    async def next_one() -> None:
        done.append("next")

    lane.put(never)
    await lane.cancel()
    async with asyncio.timeout(1):
        await lane.idle()
        lane.put(next_one)
        await lane.idle()
    assert done == ["next"]


async def test_put_while_it_is_being_cancelled_is_done_afterwards() -> None:
    lane, done = Lane("guide head"), []
    begun = asyncio.Event()

    async def slow_to_end() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await settle()

    async def next_one() -> None:
        done.append("next")

    lane.put(slow_to_end)
    await begun.wait()
    ending = asyncio.create_task(lane.cancel())
    await asyncio.sleep(0)
    lane.put(next_one)
    await ending
    async with asyncio.timeout(1):
        await lane.idle()
    assert done == ["next"]


async def test_the_order_holds_after_work_that_breaks() -> None:
    lane, done = Lane("wheel"), []

    def work(name: str):
        async def run() -> None:
            done.append(name)
            if name == "A":
                raise RuntimeError("a bug")
            if name == "B":
                lane.put(work("E"))

        return run

    for name in "ABCD":
        lane.put(work(name))
    async with asyncio.timeout(1):
        await lane.idle()
    assert done == list("ABCDE")


async def test_a_closed_lane_takes_no_work() -> None:
    lane = Lane("wheel")

    async def never() -> None:
        raise AssertionError

    assert lane.put(never)
    await lane.close()
    assert not lane.put(never)
    async with asyncio.timeout(1):
        await lane.idle()


async def test_work_may_close_its_own_lane() -> None:
    lane, done = Lane("connection"), []

    async def close() -> None:
        await lane.close()
        done.append("closed")

    async def never() -> None:
        raise AssertionError

    lane.put(close)
    lane.put(never)
    async with asyncio.timeout(1):
        await lane.idle()
    assert done == ["closed"]


@given(st.lists(st.sampled_from(["done", "breaks", "is cancelled", "yields"]), max_size=12))
def test_whatever_happens_to_one_piece_the_others_are_done_in_order(pieces: list[str]) -> None:
    async def scenario() -> None:
        lane, done = Lane("any"), []

        def work(place: int, fate: str):
            async def run() -> None:
                done.append(place)
                match fate:
                    case "breaks":
                        raise RuntimeError("a bug")
                    case "is cancelled":
                        raise asyncio.CancelledError
                    case "yields":
                        await asyncio.sleep(0)

            return run

        for place, fate in enumerate(pieces):
            lane.put(work(place, fate))
        async with asyncio.timeout(5):
            await lane.idle()
        assert done == list(range(len(pieces)))

    asyncio.run(scenario())
