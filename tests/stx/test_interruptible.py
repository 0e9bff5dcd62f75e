"""Threads on one connection: broken off in any moment, and nothing is left open."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from indi_stx.errors import CameraUnreachable
from indi_stx.stx.interruptible import InterruptibleConnection


class Pair:
    """A connection and its other end, and what was closed of it."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.far.settimeout(10)
        self.connection = InterruptibleConnection("cam:80", "/api/X.bin")
        self.closed = 0
        self.connection.resources.callback(self._closed)

    def _closed(self) -> None:
        self.closed += 1

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    found = Pair()
    yield found
    found.connection.close()
    for thread in threading.enumerate():
        if thread.name == "stx download":
            thread.join(10)
    found.close()
    assert found.closed == 1


async def test_returns_what_the_step_returns(pair: Pair) -> None:
    caller = threading.current_thread()
    assert await pair.connection.run(threading.current_thread) is not caller
    assert pair.closed == 0


async def test_raises_what_the_step_raises(pair: Pair) -> None:
    def fail() -> None:
        raise KeyError("odd")

    with pytest.raises(KeyError):
        await pair.connection.run(fail)
    assert await pair.connection.run(lambda: 1) == 1


async def test_cancelling_wakes_the_step_and_waits_for_it(pair: Pair) -> None:
    ended = []

    def read() -> None:
        ended.append(pair.near.recv(1))

    pair.connection.made(pair.near)
    reading = asyncio.create_task(pair.connection.run(read))
    await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ended == [b""]
    assert pair.far.recv(1) == b""


async def test_closing_waits_for_the_step_that_uses_it(pair: Pair) -> None:
    may_end = threading.Event()
    running = asyncio.create_task(pair.connection.run(may_end.wait))
    await asyncio.sleep(0)
    pair.connection.close()
    assert pair.closed == 0
    may_end.set()
    await running
    assert pair.closed == 1


async def test_what_connects_too_late_is_ended_before_anything_is_sent(pair: Pair) -> None:
    may_connect, has_connected = threading.Event(), threading.Event()
    errors = []

    def connect() -> None:
        may_connect.wait()
        pair.connection.made(pair.near)
        try:
            pair.near.sendall(b"GET")
        except OSError as error:
            errors.append(error)
        has_connected.set()

    connecting = asyncio.create_task(pair.connection.run(connect))
    await asyncio.sleep(0)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    pair.connection.close()
    assert pair.closed == 0
    may_connect.set()
    assert await asyncio.to_thread(has_connected.wait, 10)
    assert pair.far.recv(10) == b""
    assert errors


async def test_error_of_an_ended_connection_is_that_it_was_ended(pair: Pair) -> None:
    def read() -> None:
        if not pair.near.recv(1):
            raise EOFError

    pair.connection.made(pair.near)
    reading = asyncio.create_task(pair.connection.run(read))
    await asyncio.sleep(0.01)
    pair.connection.end()
    with pytest.raises(CameraUnreachable, match="closed on our side"):
        await reading


async def test_nothing_runs_on_an_ended_connection(pair: Pair) -> None:
    pair.connection.end()
    with pytest.raises(CameraUnreachable, match="closed on our side"):
        await pair.connection.run(lambda: 1)


async def test_closing_twice(pair: Pair) -> None:
    pair.connection.made(pair.near)
    pair.connection.close()
    pair.connection.close()
    assert pair.closed == 1


def test_a_loop_that_is_closed_meanwhile(pair: Pair) -> None:
    """The thread has nobody to tell; it closes what it used."""
    may_end = threading.Event()

    async def leave() -> None:
        running = asyncio.create_task(pair.connection.run(may_end.wait))
        await asyncio.sleep(0)
        running.cancel()

    asyncio.run(leave())
    pair.connection.close()
    assert pair.closed == 0
    may_end.set()
