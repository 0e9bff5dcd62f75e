"""The whole driver in this process, and a client of it, over a pair of sockets.

It is indiserver that is left out: the socket between driver and client is the same kind as between
driver and server, and the client does what a server does for a driver, it answers its pings. So a
test can hold several cameras and drivers at a time for little.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable

from indi_stx.camera.devices import CameraDevice
from indi_stx.client.connection import Connection
from indi_stx.client.wire_client import WireClient
from indi_stx.driver.channel import SocketChannel
from indi_stx.driver.runtime import Runtime
from indi_stx.indi import AnyMessage, PingReply, PingRequest, SetVector, State

LIMIT_S = 60.0
LAST_DEFINED = "CAMERA_FITS_OPTICS"

_numbers = itertools.count(1)


class ServingClient(WireClient):
    """A client that also answers what a driver asks of its server."""

    def __init__(self, connection: Connection, device: str) -> None:
        super().__init__(connection, device, LIMIT_S)
        self._replies: set[asyncio.Task[None]] = set()

    def note(self, message: AnyMessage) -> None:
        """Append a message, and say that a BLOB was taken when asked."""
        super().note(message)
        if isinstance(message, PingRequest):
            reply = asyncio.create_task(self.send(PingReply(message.uid)), name="ping reply")
            self._replies.add(reply)
            reply.add_done_callback(self._replies.discard)

    async def update_where(
        self,
        name: str,
        wanted: Callable[[State | None], bool],
        since: int,
        device: str,
        limit_s: float,
    ) -> SetVector:
        """Return the first report of a property whose state is wanted."""

        def is_it(m: AnyMessage) -> bool:
            is_of_it = isinstance(m, SetVector) and (m.device, m.name) == (device, name)
            return is_of_it and wanted(m.state)

        report = await self.until(is_it, since=since, limit_s=limit_s, what=f"{name} of {device}")
        assert isinstance(report, SetVector)
        return report

    async def close(self) -> None:
        """Hang up."""
        while self._replies:
            await asyncio.wait(self._replies)
        await super().close()


@contextlib.asynccontextmanager
async def driver_in_process() -> AsyncIterator[ServingClient]:
    """Start a driver that nobody has connected to a camera yet, and yield a client of it.

    Each driver's device has a name of its own, so that several can share a home directory.
    """
    name = f"Camera {next(_numbers)}"
    ours, theirs = socket.socketpair()
    runtime = Runtime(SocketChannel(theirs))
    camera = CameraDevice(name, runtime)
    runtime.devices += [camera, camera.guide_head]
    running = asyncio.create_task(runtime.run(), name=f"driver of {name}")
    client = ServingClient(Connection(ours), name)
    try:
        await client.ask()
        yield client
    finally:
        await client.close()
        await running


async def connect_to(client: WireClient, host: str, port: int) -> None:
    """Connect the driver to a camera; return when all its properties are defined."""
    await client.defined("DEVICE_ADDRESS")
    await client.texts("DEVICE_ADDRESS", ADDRESS=host, PORT=str(port))
    await client.switch("CONNECTION", "CONNECT")
    await client.defined(LAST_DEFINED)
