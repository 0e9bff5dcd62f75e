"""The runtime: one channel to the server, several devices behind it.

The reader never waits for a device: it gives what it reads to the parser, and each message to its
device, which queues it on a lane. BLOBs are sent one at a time, each followed by a ping; the next
one waits until the server has answered that ping, or for a time limit (libindi's flow control: it
limits how many frames are in flight).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from indi_stx.clock import Clock, SystemClock
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.channel import Channel
from indi_stx.driver.device import Device
from indi_stx.driver.snoop import Snoop
from indi_stx.driver.systemd import life_signs
from indi_stx.errors import ConnectionClosed, IndiProtocolError
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
"""The longest message that is accepted: clients send no BLOBs to this driver."""
_OF_ANOTHER_DRIVER = re.compile(r"<(def|set|del)[A-Z]")
_ATTRIBUTE = re.compile(r"""\b(?P<key>device|name)=(?P<quote>["'])(?P<value>[^"']*)(?P=quote)""")

PING_LIMIT_S = 5.0
"""How long a BLOB waits for the server to take the one before it."""
GOODBYE_LIMIT_S = 15.0
"""How long the process waits for a device to close; frames on their way have 10 s of it."""


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
            with life_signs(self.clock):
                while data := await self._channel.receive():
                    self._parser.receive_data(data)
                    self._dispatch_received()
        finally:
            await self._end(self.devices)

    def send(self, message: AnyMessage) -> None:
        """Send a message, stamped with the time if its kind has a stamp."""
        self._channel.send(encode(self._stamped(message)))

    async def send_blob(self, vector: SetVector) -> None:
        """Send one BLOB when the one before it has been taken, and wait until it is sent.

        Raises:
            ConnectionClosed: there is no server any more.
        """
        async with self._blob_turn:
            await self._previous_taken()
            if self._channel.broken:
                raise ConnectionClosed("The INDI server has gone; the BLOB was not sent.")
            vector = self._stamped(vector)
            if self._channel.passes_descriptors:
                self._channel.send(encode(vector), attached_fds(vector))
            else:
                self._channel.send(await in_thread(partial(_encode_inline, vector)))
            self._blobs_sent += 1
            self._awaited_ping = asyncio.get_running_loop().create_future()
            self.send(PingRequest(f"SetBLOB/{self._blobs_sent}"))
            await self._channel.drain()
            if self._channel.broken:
                raise ConnectionClosed("The INDI server has gone; the BLOB was not sent.")

    async def blobs_taken(self) -> None:
        """Wait until the server has answered the ping after the last BLOB."""
        while (ping := self._awaited_ping) is not None and not ping.done():
            await asyncio.wait([ping])

    async def _previous_taken(self) -> None:
        if self._awaited_ping is None:
            return
        # When this send is cancelled, `wait` does not cancel the future: the next send needs it.
        done, _ = await asyncio.wait([self._awaited_ping], timeout=PING_LIMIT_S)
        if not done:
            logger.info("the server did not take a BLOB within %g s; going on", PING_LIMIT_S)

    def _stamped(self, message: M) -> M:
        """Return the message with the time in it, if its kind has a time stamp."""
        if isinstance(message, DefVector | SetVector | DelProperty | Message):
            return replace(message, timestamp=f"{self.clock.utc():%Y-%m-%dT%H:%M:%S}")
        return message

    def _dispatch_received(self) -> None:
        while True:
            try:
                message = self._parser.next_message()
            except IndiProtocolError as error:
                logger.warning("skipped what is not INDI: %s", error)
                self._tell_skipped(error)
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
                pass  # the server filters BLOBs; messages of other drivers do not concern this one

    def _tell_skipped(self, error: IndiProtocolError) -> None:
        """Tell clients that a message of theirs was not understood; they would wait for ever."""
        tag = error.start_tag.partition(">")[0]
        if _OF_ANOTHER_DRIVER.match(tag):
            return
        found = {m["key"]: m["value"] for m in _ATTRIBUTE.finditer(tag)}
        for device in self.devices:
            if device.visible and found.get("device") in (None, "", device.name):
                device.not_understood(found.get("name"), f"A message was not understood: {error}")

    def _taken(self, uid: str) -> None:
        ping = self._awaited_ping
        if ping is not None and not ping.done() and uid == f"SetBLOB/{self._blobs_sent}":
            ping.set_result(None)

    async def _end(self, devices: Sequence[Device]) -> None:
        """End all devices at the same time; one that fails or hangs does not stop the others."""
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
    """Encode a BLOB with the bytes behind its descriptor, for a channel without descriptors."""

    def bytes_of(one: OneBlob) -> OneBlob:
        if isinstance(one.content, Attached):
            return replace(one, content=os.pread(one.content.fd, one.content.length, 0))
        return one

    blobs = tuple(bytes_of(e) for e in vector.elements if isinstance(e, OneBlob))
    return encode(replace(vector, elements=blobs))
