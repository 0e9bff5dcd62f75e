"""The runtime: one channel to the server, several devices behind it.

The reader never waits for a device: reads go to the parser, messages to devices, which queue them
on lanes. BLOBs leave one at a time; the next is held until the server has answered a ping sent
behind the one before (libindi's flow control: it bounds the frames in flight), or a time limit.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from indi_stx.clock import Clock, SystemClock
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.channel import Channel
from indi_stx.driver.device import Device
from indi_stx.driver.snoop import Snoop
from indi_stx.errors import IndiProtocolError
from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    Attached,
    DefVector,
    DelProperty,
    EnableBlob,
    GetProperties,
    Message,
    MessageParser,
    NewVector,
    OneBlob,
    PingReply,
    PingRequest,
    SetVector,
    attached_fds,
    encode,
)

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=AnyMessage)

HEARD_LIMIT_BYTES = 1 << 20
"""The longest message we listen to; no property here takes BLOBs, so none has to be long."""
PING_LIMIT_S = 5.0
"""How long a BLOB waits for the server to take the one before it."""
GOODBYE_LIMIT_S = 15.0
"""How long the end of the process waits for a device. Frames on their way have 10 s of it."""


class Runtime:
    """Carries messages between the server and the devices of this process.

    Attributes:
        devices: fill before `run`.
    """

    def __init__(self, channel: Channel, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.snoop = Snoop(self.send)
        self.devices: list[Device] = []
        self._channel = channel
        self._parser = MessageParser(max_blob_message_bytes=HEARD_LIMIT_BYTES)
        self._blob_turn = asyncio.Lock()
        self._blobs_sent = 0
        self._awaited_ping: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Serve until the server closes the channel, then end all devices."""
        for device in self.devices:
            device.start()
        try:
            while data := await self._channel.receive():
                self._parser.receive_data(data)
                self._dispatch_received()
        finally:
            await self._end(self.devices)

    def send(self, message: AnyMessage) -> None:
        """Send a message, stamped with the time unless it has a stamp or needs none."""
        self._channel.send(encode(self._stamped(message)))

    async def send_blob(self, vector: SetVector) -> None:
        """Send one BLOB when the one before it has been taken, and wait until it is sent."""
        async with self._blob_turn:
            await self._previous_taken()
            vector = self._stamped(vector)
            if self._channel.passes_descriptors:
                self._channel.send(encode(vector), attached_fds(vector))
            else:
                self._channel.send(await in_thread(partial(_encode_inline, vector)))
            self._blobs_sent += 1
            self._awaited_ping = asyncio.get_running_loop().create_future()
            self.send(PingRequest(f"SetBLOB/{self._blobs_sent}"))
            await self._channel.drain()

    async def _previous_taken(self) -> None:
        if self._awaited_ping is None:
            return
        # `wait` leaves the future alone when this send is cancelled: the next one needs it too.
        done, _ = await asyncio.wait([self._awaited_ping], timeout=PING_LIMIT_S)
        if not done:
            logger.info("the server did not take a BLOB within %g s; sending on", PING_LIMIT_S)

    def _stamped(self, message: M) -> M:
        """Return the message with the time in it, where its kind carries one."""
        if isinstance(message, DefVector | SetVector | DelProperty | Message):
            return replace(message, timestamp=f"{self.clock.utc():%Y-%m-%dT%H:%M:%S}")
        return message

    def _dispatch_received(self) -> None:
        while True:
            try:
                message = self._parser.next_message()
            except IndiProtocolError as error:
                logger.warning("skipped what is not INDI: %s", error)
                continue
            if message is NEED_DATA:
                return
            self._dispatch(message)

    def _dispatch(self, message: AnyMessage) -> None:
        match message:
            case GetProperties(device=name):
                for device in self.devices:
                    if name in (None, device.name):
                        device.answer(message.name)
            case NewVector():
                for device in self.devices:
                    if message.device == device.name:
                        device.write(message)
            case DefVector() | SetVector() | DelProperty():
                self.snoop.feed(message)
            case PingRequest(uid=uid):
                self.send(PingReply(uid))
            case PingReply(uid=uid):
                self._taken(uid)
            case EnableBlob() | Message():
                pass  # filtering BLOBs is the server's work; other drivers' chatter is not ours

    def _taken(self, uid: str) -> None:
        ping = self._awaited_ping
        if ping is not None and not ping.done() and uid == f"SetBLOB/{self._blobs_sent}":
            ping.set_result(None)

    async def _end(self, devices: Sequence[Device]) -> None:
        """End all devices at once; one that fails or hangs keeps no other from it."""
        await asyncio.gather(*(_close(device) for device in devices))
        await self._channel.close()


async def _close(device: Device) -> None:
    try:
        await asyncio.wait_for(device.close(), GOODBYE_LIMIT_S)
    except TimeoutError:
        logger.warning("%s did not end in time", device.name)
    except Exception:
        logger.exception("%s did not end properly", device.name)


def _encode_inline(vector: SetVector) -> bytes:
    """Encode a BLOB with the bytes of its descriptor, for a channel that carries none."""

    def bytes_of(one: OneBlob) -> OneBlob:
        if isinstance(one.content, Attached):
            return replace(one, content=os.pread(one.content.fd, one.content.length, 0))
        return one

    blobs = tuple(bytes_of(e) for e in vector.elements if isinstance(e, OneBlob))
    return encode(replace(vector, elements=blobs))
