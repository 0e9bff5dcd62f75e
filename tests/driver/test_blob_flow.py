"""BLOBs leave one at a time, held back until the server has taken the one before."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from indi_stx.driver import runtime as runtime_module
from indi_stx.driver.declarations import Blob, blob
from indi_stx.driver.device import Device, Host
from indi_stx.driver.runtime import Runtime
from indi_stx.driver.subsystem import Subsystem
from indi_stx.indi import Attached, Kind, OneBlob, PingReply, PingRequest, SetVector
from tests.harness.fake_clock import settle
from tests.harness.toy import MemoryChannel, running


class Sensor(Subsystem):
    """A sensor that delivers."""

    image = blob("CCD1", "Image", "Main", {"CCD1": Blob("Image")})


class Toy(Device):
    """A device with a sensor."""

    def __init__(self, host: Host) -> None:
        super().__init__("Toy", host)
        self.sensor = Sensor(self)
        self.permanent = [self.sensor]


async def test_the_next_blob_waits_for_the_reply() -> None:
    async with running(Toy) as server:
        device = server.runtime.devices[0]
        assert isinstance(device, Toy)

        def deliver(content: bytes) -> asyncio.Task[None]:
            image = device.sensor.image
            return asyncio.create_task(image.deliver("CCD1", content, size=5, suffix=".fits"))

        first, second = deliver(b"first"), deliver(b"other")
        await settle()
        vector, ping = server.channel.said
        assert isinstance(vector, SetVector)
        assert ping == PingRequest("SetBLOB/1")
        assert first.done()
        assert not second.done()
        await server.hear(PingReply("SetBLOB/77"))
        assert not second.done()
        await server.hear(PingReply("SetBLOB/1"))
        assert second.done()
        assert server.channel.said[-1] == PingRequest("SetBLOB/2")


@pytest.mark.parametrize("moment", ["before its first step", "waiting for its turn", "waiting"])
async def test_a_cancelled_send_does_not_stop_the_next(moment: str) -> None:
    async with running(Toy) as server:
        device = server.runtime.devices[0]
        assert isinstance(device, Toy)

        def deliver() -> asyncio.Task[None]:
            image = device.sensor.image
            return asyncio.create_task(image.deliver("CCD1", b"frame", size=5, suffix=".fits"))

        await deliver()
        given_up = [deliver()]
        if moment == "waiting for its turn":
            given_up = [deliver(), *given_up]
        if moment != "before its first step":
            await settle()
        given_up[-1].cancel()
        await asyncio.wait(given_up[-1:])
        kept = [*given_up[:-1], deliver(), deliver()]
        for number in range(1, len(kept) + 1):
            await server.hear(PingReply(f"SetBLOB/{number}"))
        await asyncio.wait_for(asyncio.gather(*kept), 5)
        assert len(server.sets("CCD1")) == 1 + len(kept)


async def test_a_send_cancelled_while_the_channel_is_full_does_not_stop_the_next() -> None:
    channel = MemoryChannel()
    runtime, full = Runtime(channel), asyncio.Event()
    channel.drain = full.wait  # type: ignore[method-assign,assignment]
    vector = SetVector(Kind.BLOB, "Toy", "CCD1", None, (OneBlob("CCD1", 5, ".fits", b"frame"),))
    channel.passes_descriptors = False
    first = asyncio.create_task(runtime.send_blob(vector))
    await channel.spoke()
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(runtime.send_blob(vector))
    await settle()
    runtime._dispatch(PingReply("SetBLOB/1"))
    full.set()
    await asyncio.wait_for(second, 5)
    assert [type(m) for m in channel.said].count(SetVector) == 2


async def test_a_send_cancelled_while_it_is_encoded_outlives_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever gives up closes the descriptor next, and the thread must not be reading it then."""
    channel = MemoryChannel()
    channel.passes_descriptors = False
    begun, let_go = threading.Event(), threading.Event()

    def slow(vector: SetVector) -> bytes:
        begun.set()
        assert let_go.wait(30)
        return b""

    monkeypatch.setattr(runtime_module, "_encode_inline", slow)
    vector = SetVector(Kind.BLOB, "Toy", "CCD1", None, (OneBlob("CCD1", 5, ".fits", b"frame"),))
    sending = asyncio.create_task(Runtime(channel).send_blob(vector))
    assert await asyncio.to_thread(begun.wait, 30)
    ended_early = []
    for _ in range(2):  # it may be asked more than once, by a time limit and then by the end
        sending.cancel()
        await settle()
        ended_early.append(sending.done())
    let_go.set()
    await asyncio.wait([sending])
    assert ended_early == [False, False]
    assert sending.cancelled()
    assert channel.said == []


async def test_a_device_that_fails_to_end_keeps_no_other_from_it() -> None:
    ended = []

    class Broken(Toy):
        async def close(self) -> None:
            raise RuntimeError("a bug")

    class Whole(Toy):
        async def close(self) -> None:
            await super().close()
            ended.append("whole")

    async with running(Broken) as server:
        server.runtime.devices.append(Whole(server.runtime))
    assert ended == ["whole"]


async def test_a_channel_without_descriptors_gets_the_bytes() -> None:
    channel = MemoryChannel()
    channel.passes_descriptors = False
    runtime = Runtime(channel)
    fd = os.memfd_create("frame")
    os.write(fd, b"pixels")
    one = OneBlob("CCD1", 6, ".fits", Attached(fd, 6))
    await runtime.send_blob(SetVector(Kind.BLOB, "Toy", "CCD1", None, (one,)))
    os.close(fd)
    vector = channel.said[0]
    assert isinstance(vector, SetVector)
    assert vector.elements == (OneBlob("CCD1", 6, ".fits", b"pixels"),)
