"""A small device on an in-memory channel, for tests of the runtime."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence

from indi_stx.clock import Clock
from indi_stx.driver.channel import Channel
from indi_stx.driver.device import Device
from indi_stx.driver.runtime import Runtime
from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    Kind,
    MessageParser,
    NewVector,
    OneText,
    SetVector,
    encode,
)
from tests.harness.fake_clock import settle


class MemoryChannel(Channel):
    """Keeps what the driver says; feeds it what the test says."""

    passes_descriptors = True

    def __init__(self) -> None:
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._parser = MessageParser()
        self._more = asyncio.Event()
        self.said: list[AnyMessage] = []
        self.attached: list[bytes] = []
        """What was in the descriptors that came along."""

    async def receive(self) -> bytes:
        return await self._incoming.get()

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        self.attached += [os.pread(fd, os.fstat(fd).st_size, 0) for fd in fds]
        self._parser.receive_data(data)
        while (message := self._parser.next_message()) is not NEED_DATA:
            self.said.append(message)
            self._more.set()

    async def spoke(self) -> None:
        """Wait until the driver says something more."""
        self._more.clear()
        await self._more.wait()

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        pass

    def hear(self, data: bytes) -> None:
        self._incoming.put_nowait(data)


class ToyServer:
    """What a test does to a runtime, and what it saw."""

    def __init__(self, channel: MemoryChannel, runtime: Runtime) -> None:
        self.channel = channel
        self.runtime = runtime

    async def hear(self, message: AnyMessage | bytes) -> list[AnyMessage]:
        """Let the driver hear a message and return what it says to it at once."""
        before = len(self.channel.said)
        self.channel.hear(message if isinstance(message, bytes) else encode(message))
        await settle()
        return self.channel.said[before:]

    async def write(self, device: str, kind: Kind, name: str, **values: object) -> list[AnyMessage]:
        elements = tuple(OneText(k, str(v)) for k, v in values.items())
        return await self.hear(NewVector(kind, device, name, elements))

    async def answer(
        self, device: str, kind: Kind, name: str, **values: object
    ) -> list[AnyMessage]:
        """Write, and return all up to the answer, which may wait for a disk."""
        before, answered = len(self.channel.said), len(self.sets(name))
        await self.write(device, kind, name, **values)
        async with asyncio.timeout(10):
            while len(self.sets(name)) == answered:
                await self.channel.spoke()
        return self.channel.said[before:]

    def sets(self, name: str) -> list[SetVector]:
        return [m for m in self.channel.said if isinstance(m, SetVector) and m.name == name]


@contextlib.asynccontextmanager
async def running(
    build: Callable[[Runtime], Device], clock: Clock | None = None
) -> AsyncIterator[ToyServer]:
    """Run a runtime with one device until the end of the block."""
    channel = MemoryChannel()
    runtime = Runtime(channel, clock)
    runtime.devices.append(build(runtime))
    task = asyncio.create_task(runtime.run())
    await settle()
    try:
        yield ToyServer(channel, runtime)
    finally:
        channel.hear(b"")
        await asyncio.wait_for(task, 5)
