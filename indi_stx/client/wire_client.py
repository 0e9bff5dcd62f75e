"""An INDI client at wire level: sees every message with its time, over TCP or the unix socket."""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    Attached,
    BlobPolicy,
    DefVector,
    DelProperty,
    EnableBlob,
    GetProperties,
    Kind,
    Message,
    MessageParser,
    NewVector,
    OneBlob,
    OneText,
    SetVector,
    State,
    encode,
)

DEVICE = "SBIG STX"


@dataclass(frozen=True)
class Seen:
    """A message and when it came (time.monotonic)."""

    at: float
    message: AnyMessage


class WireClient:
    """A client that records everything.

    Attributes:
        seen: all messages, BLOB contents as bytes.
        properties: the last definition of what is defined now, by device and name.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._parser = MessageParser()
        self._fds: list[int] = []
        self._news = asyncio.Condition()
        self._closed = False
        self.seen: list[Seen] = []
        self.properties: dict[tuple[str, str], DefVector] = {}
        self.states: dict[tuple[str, str], State | None] = {}
        self.values: dict[tuple[str, str], dict[str, object]] = {}
        self._task = asyncio.create_task(self._read(), name="wire client")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        self._sock.close()
        for fd in self._fds:
            os.close(fd)

    # --- say -----------------------------------------------------------------------------------

    async def send(self, message: AnyMessage) -> None:
        await self.send_bytes(encode(message))

    async def send_bytes(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def ask(self, device: str | None = None) -> None:
        await self.send(GetProperties(device=device))

    async def write(self, kind: Kind, name: str, *, device: str = DEVICE, **values: object) -> int:
        """Send a new vector and return the place in `seen` where its answers begin."""
        place = len(self.seen)
        elements = tuple(OneText(k, str(v)) for k, v in values.items())
        await self.send(NewVector(kind, device, name, elements))
        return place

    async def numbers(self, name: str, *, device: str = DEVICE, **values: float) -> int:
        return await self.write(Kind.NUMBER, name, device=device, **values)

    async def texts(self, name: str, *, device: str = DEVICE, **values: str) -> int:
        return await self.write(Kind.TEXT, name, device=device, **values)

    async def switch(self, name: str, element: str, *, device: str = DEVICE) -> int:
        return await self.write(Kind.SWITCH, name, device=device, **{element: "On"})

    async def enable_blobs(
        self, policy: BlobPolicy = BlobPolicy.ALSO, device: str = DEVICE
    ) -> None:
        await self.send(EnableBlob(device, policy))

    # --- listen --------------------------------------------------------------------------------

    async def until(
        self,
        wanted: Callable[[AnyMessage], bool],
        *,
        since: int = 0,
        limit_s: float = 20.0,
        what: str = "a message",
    ) -> AnyMessage:
        """Return the first message from `since` on that is wanted."""
        place = since

        def found() -> AnyMessage | None:
            nonlocal place
            while place < len(self.seen):
                place += 1
                if wanted(self.seen[place - 1].message):
                    return self.seen[place - 1].message
            return None

        try:
            async with asyncio.timeout(limit_s), self._news:
                while (message := found()) is None:
                    if self._closed:
                        raise AssertionError(f"the server hung up before {what}")
                    await self._news.wait()
                return message
        except TimeoutError:
            raise AssertionError(
                f"{what} did not come in {limit_s} s; saw {self.tail(since)}"
            ) from None

    async def defined(self, name: str, *, device: str = DEVICE, limit_s: float = 20.0) -> DefVector:
        """Return the definition of a property, waiting for it if need be."""

        def wanted(m: AnyMessage) -> bool:
            return isinstance(m, DefVector) and (m.device, m.name) == (device, name)

        if (device, name) not in self.properties:
            await self.until(wanted, since=len(self.seen), limit_s=limit_s, what=f"def of {name}")
        return self.properties[device, name]

    async def update(
        self,
        name: str,
        state: State | None = None,
        *,
        since: int = 0,
        device: str = DEVICE,
        limit_s: float = 20.0,
    ) -> SetVector:
        """Return the first set of a property, in a state if one is given."""

        def wanted(m: AnyMessage) -> bool:
            return (
                isinstance(m, SetVector)
                and (m.device, m.name) == (device, name)
                and state in (None, m.state)
            )

        message = await self.until(
            wanted, since=since, limit_s=limit_s, what=f"{name} {state.value if state else ''}"
        )
        assert isinstance(message, SetVector)
        return message

    async def blob(
        self, name: str = "CCD1", *, since: int = 0, device: str = DEVICE, limit_s: float = 60.0
    ) -> OneBlob:
        """Return the next BLOB of a property."""
        (one,) = (await self.update(name, since=since, device=device, limit_s=limit_s)).elements
        assert isinstance(one, OneBlob)
        return one

    def texts_said(self, since: int = 0) -> list[str]:
        """Return the texts of the messages to people since a place."""
        return [s.message.text for s in self.seen[since:] if isinstance(s.message, Message)]

    def sets(self, name: str, since: int = 0, device: str = DEVICE) -> list[SetVector]:
        """Return the sets of a property since a place."""
        return [
            s.message
            for s in self.seen[since:]
            if isinstance(s.message, SetVector)
            and (s.message.device, s.message.name) == (device, name)
        ]

    def tail(self, since: int = 0) -> str:
        """Return the last messages, short, for a failing assertion."""
        return "\n".join(str(s.message)[:300] for s in self.seen[since:][-15:])

    # --- reading -------------------------------------------------------------------------------

    async def _read(self) -> None:
        while data := await self._receive():
            self._parser.receive_data(data)
            while (message := self._parser.next_message()) is not NEED_DATA:
                self._note(self._with_bytes(message))
            async with self._news:
                self._news.notify_all()
        async with self._news:
            self._closed = True
            self._news.notify_all()

    async def _receive(self) -> bytes:
        loop = asyncio.get_running_loop()
        while True:
            try:
                room = socket.CMSG_SPACE(16 * array.array("i").itemsize)
                data, ancillary, _, _ = self._sock.recvmsg(1 << 20, room)
            except BlockingIOError:
                readable = loop.create_future()
                loop.add_reader(self._sock, lambda f=readable: f.done() or f.set_result(None))
                try:
                    await readable
                finally:
                    loop.remove_reader(self._sock)
                continue
            except OSError:
                return b""
            for _, _, payload in ancillary:
                fds = array.array("i")
                fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
                self._fds.extend(fds)
            return data

    def _with_bytes(self, message: AnyMessage) -> AnyMessage:
        if not isinstance(message, SetVector) or message.kind is not Kind.BLOB:
            return message
        return replace(message, elements=tuple(self._loaded(e) for e in message.elements))

    def _loaded(self, one: object) -> OneBlob:
        assert isinstance(one, OneBlob)
        if not isinstance(one.content, Attached):
            return one
        fd = self._fds.pop(0)
        with contextlib.closing(os.fdopen(fd, "rb")):
            content = os.pread(fd, one.content.length, 0)
        return replace(one, content=content)

    def _note(self, message: AnyMessage) -> None:
        self.seen.append(Seen(time.monotonic(), message))
        match message:
            case DefVector():
                key = (message.device, message.name)
                self.properties[key] = message
                self.states[key] = message.state
                self.values[key] = {e.name: getattr(e, "value", None) for e in message.elements}
            case SetVector() if message.kind is not Kind.BLOB:
                key = (message.device, message.name)
                self.states[key] = message.state
                self.values.setdefault(key, {}).update(
                    {e.name: getattr(e, "value", None) for e in message.elements}
                )
            case DelProperty():
                for key in list(self.properties):
                    if key[0] == message.device and message.name in (None, key[1]):
                        del self.properties[key]


@contextlib.asynccontextmanager
async def tcp_client(port: int) -> AsyncIterator[WireClient]:
    """Connect over TCP; BLOBs come as base64."""
    sock = socket.create_connection(("127.0.0.1", port))
    client = WireClient(sock)
    try:
        yield client
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def unix_client(path: str) -> AsyncIterator[WireClient]:
    """Connect over indiserver's abstract unix socket; BLOBs come as descriptors."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(b"\0" + path.encode())
    client = WireClient(sock)
    try:
        yield client
    finally:
        await client.close()
