"""Blocking calls: in threads, in order, to their end."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from indi_stx.driver.blocking import in_thread
from tests.harness.fake_clock import settle


class Gate:
    """A call that blocks its thread until the test opens the gate, or for 20 s."""

    def __init__(self) -> None:
        self.begun, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.opened.wait(20)
        return "through"

    async def wait_until_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 20)


def fail() -> None:
    raise OSError("the disk is gone")


async def test_the_loop_goes_on_while_a_call_blocks() -> None:
    gate, heard = Gate(), []
    running = asyncio.create_task(in_thread(gate))
    await gate.wait_until_begun()
    asyncio.get_running_loop().call_soon(heard.append, "others")
    await settle()
    assert heard == ["others"]
    assert not running.done()
    gate.opened.set()
    assert await running == "through"


async def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        await in_thread(fail)


async def test_a_time_limit_does_not_leave_the_thread_alone() -> None:
    gate = Gate()

    async def limited() -> None:
        async with asyncio.timeout(0):
            await in_thread(gate)

    running = asyncio.create_task(limited())
    await gate.wait_until_begun()
    await settle()
    assert not running.done(), "the limit is over, the thread is not"
    gate.opened.set()
    with pytest.raises(TimeoutError):
        await running


async def test_the_error_of_a_call_that_was_given_up_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()

    def fail_late() -> None:
        gate()
        fail()

    running = asyncio.create_task(in_thread(fail_late))
    await gate.wait_until_begun()
    running.cancel()
    gate.opened.set()
    with caplog.at_level(logging.ERROR):
        await asyncio.wait([running])
    assert running.cancelled()
    assert "the disk is gone" in caplog.text
