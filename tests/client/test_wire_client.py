"""The client against a server that a test plays at the other end of a socket."""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from indi_stx.client.connection import Connection
from indi_stx.client.wire_client import WireClient
from indi_stx.errors import NotInTime, RequestFailed, ServerLost
from indi_stx.indi import (
    AnyMessage,
    Attached,
    DefNumber,
    DefVector,
    DelProperty,
    Kind,
    Message,
    OneBlob,
    OneNumber,
    Permission,
    SetVector,
    State,
    encode,
)

CAMERA = "Camera"
LIMIT_S = 30.0
FRAME = bytes(range(256)) * 4096


class Server:
    """The other end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def say(self, message: AnyMessage | bytes, descriptors: Sequence[int] = ()) -> None:
        data = message if isinstance(message, bytes) else encode(message)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        assert self.sock.sendmsg([data], rights if descriptors else []) == len(data)


@contextlib.asynccontextmanager
async def talk() -> AsyncIterator[tuple[Server, WireClient]]:
    """Connect a client with a server."""
    ours, theirs = socket.socketpair()
    client = WireClient(Connection(theirs), CAMERA, LIMIT_S)
    try:
        yield Server(ours), client
    finally:
        ours.close()
        await client.close()


def defined(name: str, state: State = State.IDLE, device: str = CAMERA) -> DefVector:
    element = DefNumber("VALUE", "Value", 1.0, "%g", 0, 10, 1)
    permission = Permission.READ_WRITE
    return DefVector(Kind.NUMBER, device, name, name, "Main", state, (element,), permission)


def report(name: str, state: State | None, value: float, device: str = CAMERA) -> SetVector:
    return SetVector(Kind.NUMBER, device, name, state, (OneNumber("VALUE", value),))


def frame(length: int = len(FRAME)) -> SetVector:
    blob = OneBlob("CCD1", length, ".fits", Attached(-1, length))
    return SetVector(Kind.BLOB, CAMERA, "CCD1", State.OK, (blob,))


@contextlib.contextmanager
def sealed_memory(content: bytes = FRAME):
    """Yield a memfd that nobody can change any more, as our driver sends it."""
    fd = os.memfd_create("frame-of-a-test", os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, content)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        yield fd
    finally:
        os.close(fd)


def is_mapped() -> bool:
    return "frame-of-a-test" in Path("/proc/self/maps").read_text()


# --- BLOBs ------------------------------------------------------------------------------------


async def test_an_attached_blob_is_mapped_and_given_back() -> None:
    async with talk() as (server, client):
        with sealed_memory() as fd:
            server.say(frame(), [fd])
        blob = await client.blob()
        assert is_mapped()
        assert blob.content == FRAME
        assert blob.content.readonly
        client.seen.clear()
        assert blob.content == FRAME, "a message that is forgotten does not take it away"
        del blob
        assert not is_mapped()


async def test_an_inline_blob_is_bytes() -> None:
    async with talk() as (server, client):
        blob = OneBlob("CCD1", 5, ".fits", b"\0\1\2\3\4")
        server.say(SetVector(Kind.BLOB, CAMERA, "CCD1", State.OK, (blob,)))
        assert await client.blob() == blob


async def test_descriptors_belong_to_blobs_in_their_order() -> None:
    async with talk() as (server, client):
        for text in (b"first", b"", b"third"):
            with sealed_memory(text) as fd:
                server.say(frame(len(text)), [fd])
        await client.until(lambda m: m is not None and len(client.sets("CCD1")) == 3)
        contents = [bytes(vector.elements[0].content) for vector in client.sets("CCD1")]
        assert contents == [b"first", b"", b"third"]


async def test_a_blob_that_cannot_be_read_is_passed_over() -> None:
    async with talk() as (server, client):
        with sealed_memory(b"short") as fd:
            server.say(frame(), [fd])
        server.say(frame())  # no descriptor
        server.say(report("GAIN", State.OK, 2))
        await client.update("GAIN")
        assert client.sets("CCD1") == []
        short, missing = client.damaged
        assert "cannot be read" in short
        assert "should have come with a file descriptor" in missing


async def test_descriptors_that_nobody_takes_are_closed() -> None:
    """The fixture for all tests finds them otherwise."""
    async with talk() as (server, client):
        with sealed_memory() as fd:
            server.say(report("GAIN", State.OK, 2), [fd, fd])
        await client.update("GAIN")


# --- what is seen -------------------------------------------------------------------------------


async def test_how_things_stand() -> None:
    async with talk() as (server, client):
        server.say(defined("GAIN"))
        server.say(defined("GAIN", device="Other"))
        server.say(report("GAIN", State.BUSY, 3))
        server.say(report("GAIN", None, 4))
        await client.until(lambda m: isinstance(m, SetVector) and m.state is None)
        key = (CAMERA, "GAIN")
        assert client.properties[key] == defined("GAIN")
        assert client.states[key] is State.BUSY, "a report without a state leaves it"
        assert client.values[key] == {"VALUE": 4.0}
        assert client.values["Other", "GAIN"] == {"VALUE": 1.0}
        server.say(DelProperty(CAMERA, "GAIN"))
        server.say(DelProperty("Other"))
        await client.until(lambda m: m == DelProperty("Other"))
        assert client.properties == {}
        times = [seen.at for seen in client.seen]
        assert times == sorted(times)
        assert len(times) == 6


async def test_what_is_not_indi_is_told_and_passed_over() -> None:
    async with talk() as (server, client):
        server.say(b"<setNumberVector device='Camera' name='GAIN'><oneNumber name='VALUE'>x")
        server.say(report("GAIN", State.OK, 2))
        assert (await client.update("GAIN")).elements[0].value == 2
        assert len(client.damaged) == 1
        assert "setNumberVector" in client.damaged[0]


# --- waiting ------------------------------------------------------------------------------------


async def test_a_definition_is_waited_for_again_when_it_was_withdrawn() -> None:
    async with talk() as (server, client):
        server.say(defined("GAIN"))
        await client.defined("GAIN")
        server.say(DelProperty(CAMERA, "GAIN"))
        await client.until(lambda m: isinstance(m, DelProperty))
        waiting = asyncio.create_task(client.defined("GAIN"))
        server.say(defined("GAIN", State.OK))
        assert (await waiting).state is State.OK


async def test_only_what_comes_after_since_is_an_answer() -> None:
    async with talk() as (server, client):
        server.say(report("GAIN", State.OK, 1))
        await client.update("GAIN")
        since = await client.numbers("GAIN", VALUE=2)
        server.say(report("GAIN", State.OK, 2, device="Other"))
        server.say(report("GAIN", State.BUSY, 2))
        server.say(report("GAIN", State.OK, 2.5))
        assert (await client.update("GAIN", State.OK, since=since)).elements[0].value == 2.5


async def test_the_end_of_what_is_busy_with_its_progress() -> None:
    async with talk() as (server, client):
        since = await client.numbers("EXPOSURE", VALUE=2)
        for value in (2, 1, 0):
            server.say(report("EXPOSURE", State.BUSY, value))
        server.say(report("EXPOSURE", State.OK, 0))
        shown: list[float] = []
        end = await client.finished(
            "EXPOSURE", since=since, progress=lambda r: shown.append(r.elements[0].value)
        )
        assert (end.state, shown) == (State.OK, [2, 1, 0])


async def test_alert_ends_the_waiting_with_the_drivers_words() -> None:
    async with talk() as (server, client):
        server.say(Message("[ERROR] Something else, before.", CAMERA))
        await client.until(lambda m: isinstance(m, Message))
        since = await client.numbers("EXPOSURE", VALUE=-1)
        server.say(Message("[ERROR] Out of bounds.", CAMERA))
        server.say(report("EXPOSURE", State.ALERT, 0))
        with pytest.raises(RequestFailed, match=r"^EXPOSURE failed\. \[ERROR\] Out of bounds\.$"):
            await client.finished("EXPOSURE", since=since)


async def test_what_does_not_come_in_time_is_named_with_what_came() -> None:
    async with talk() as (server, client):
        server.say(Message("I am slow.", CAMERA))
        await client.until(lambda m: isinstance(m, Message))
        with pytest.raises(NotInTime, match=r"(?s)GAIN Ok did not come in 0\.01 s.*I am slow"):
            await client.update("GAIN", State.OK, limit_s=0.01)


async def test_the_end_of_the_server_ends_all_waiting() -> None:
    async with talk() as (server, client):
        waiting = [asyncio.create_task(client.defined(name)) for name in ("GAIN", "OFFSET")]
        await asyncio.sleep(0)
        server.say(defined("GAIN"))
        server.sock.close()
        assert (await waiting[0]).name == "GAIN", "what came before the end counts"
        with pytest.raises(ServerLost, match="hung up before the definition of OFFSET"):
            await waiting[1]
        with pytest.raises(ServerLost, match="hung up"):
            await client.update("GAIN")
        with pytest.raises(ServerLost, match="hung up"):
            await client.numbers("GAIN", VALUE=1)


# --- saying -------------------------------------------------------------------------------------


async def test_what_two_tasks_send_is_not_mixed() -> None:
    """Each message is larger than the socket's buffer, so each is sent in pieces."""
    async with talk() as (server, client):
        messages = [letter * 1_000_000 for letter in (b"a", b"b", b"c")]
        sending = [asyncio.create_task(client.send_bytes(m)) for m in messages]
        server.sock.setblocking(False)
        came = b""
        while len(came) < 3_000_000:
            came += await asyncio.get_running_loop().sock_recv(server.sock, 1 << 16)
        await asyncio.gather(*sending)
        assert came == b"".join(messages)
