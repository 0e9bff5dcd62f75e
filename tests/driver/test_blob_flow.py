"""BLOBs leave one at a time, held back until the server has taken the one before."""

from __future__ import annotations

import asyncio
import os

from indi_stx.driver.declarations import Blob, When, blob
from indi_stx.driver.device import Device, Host
from indi_stx.driver.runtime import Runtime
from indi_stx.driver.subsystem import Subsystem
from indi_stx.indi import Attached, Kind, OneBlob, PingReply, PingRequest, SetVector
from tests.harness.fake_clock import settle
from tests.harness.toy import MemoryChannel, running


class Sensor(Subsystem):
    """A sensor that delivers."""

    image = blob("CCD1", "Image", "Main", {"CCD1": Blob("Image")}, when=When.ALWAYS)


class Toy(Device):
    """A device with a sensor."""

    def __init__(self, host: Host) -> None:
        super().__init__("Toy", host)
        self.sensor = Sensor(self)
        self.subsystems = [self.sensor]


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
