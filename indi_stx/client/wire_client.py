"""The client: says what a client can say in INDI, and waits for what the server says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from indi_stx.client.blobs import with_contents
from indi_stx.client.connection import Connection
from indi_stx.client.record import Record
from indi_stx.errors import ClientError, IndiProtocolError, NotInTime, RequestFailed, ServerLost
from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    BlobPolicy,
    DefVector,
    EnableBlob,
    GetProperties,
    Kind,
    MessageParser,
    NewVector,
    OneBlob,
    OneText,
    SetVector,
    State,
    encode,
)

logger = logging.getLogger(__name__)

LIMIT_S = 20.0


class WireClient(Record):
    """A client of an INDI server that sees each message as it came over the wire.

    Made by `tcp_client` and `unix_client`. What writes a property returns the `since` to wait for
    the answer with: the place in `seen` where it can be at the earliest.

    Attributes:
        damaged: what the server said and nobody can understand, one sentence each.
        ended: whether the server has hung up.
    """

    def __init__(self, connection: Connection, device: str, limit_s: float = LIMIT_S) -> None:
        super().__init__(device)
        self.damaged: list[str] = []
        self._connection = connection
        self._limit_s = limit_s
        self._parser = MessageParser()
        self._news = asyncio.Condition()
        self.ended = False
        self._reading = asyncio.create_task(self._read(), name="INDI client")

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._connection.close()
        if not self._reading.cancelled():
            self._reading.result()  # a bug in reading must not look like a server that hung up

    # --- say -----------------------------------------------------------------------------------

    async def send(self, message: AnyMessage) -> None:
        """Send any message (ServerLost)."""
        await self.send_bytes(encode(message))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are (ServerLost)."""
        await self._connection.send(data)

    async def ask(self, device: str | None = None) -> None:
        """Ask for the definitions of a device, or of all; without it, a server says nothing."""
        await self.send(GetProperties(device=device))

    async def enable_blobs(
        self, policy: BlobPolicy = BlobPolicy.ALSO, device: str | None = None
    ) -> None:
        """Choose whether a device's BLOBs are sent; a server begins with Never."""
        await self.send(EnableBlob(device or self.device, policy))

    async def write(
        self, kind: Kind, name: str, *, device: str | None = None, **values: object
    ) -> int:
        """Write elements of a property and return the `since` of the answer."""
        since = len(self.seen)
        elements = tuple(OneText(element, str(value)) for element, value in values.items())
        await self.send(NewVector(kind, device or self.device, name, elements))
        return since

    async def numbers(self, name: str, *, device: str | None = None, **values: float) -> int:
        """Write a number property."""
        return await self.write(Kind.NUMBER, name, device=device, **values)

    async def texts(self, name: str, *, device: str | None = None, **values: str) -> int:
        """Write a text property."""
        return await self.write(Kind.TEXT, name, device=device, **values)

    async def switch(self, name: str, element: str, *, device: str | None = None) -> int:
        """Turn one switch of a property On."""
        return await self.write(Kind.SWITCH, name, device=device, **{element: "On"})

    # --- wait ----------------------------------------------------------------------------------

    async def until(
        self,
        wanted: Callable[[AnyMessage], bool],
        *,
        since: int = 0,
        limit_s: float | None = None,
        what: str = "a message",
    ) -> AnyMessage:
        """Return the first message that is wanted; each is shown to `wanted` once, in order.

        Raises:
            NotInTime: it did not come within `limit_s` seconds (default: the client's).
            ServerLost: the server hung up before.
        """
        limit_s = self._limit_s if limit_s is None else limit_s
        place = since
        try:
            async with asyncio.timeout(limit_s), self._news:
                while True:
                    while place < len(self.seen):
                        place += 1
                        if wanted(message := self.seen[place - 1].message):
                            return message
                    if self.ended:
                        raise ServerLost(f"The INDI server hung up before {what} came.")
                    await self._news.wait()
        except TimeoutError:
            told = "\n".join([self.tail(since), *self.damaged[-3:]]).strip() or "nothing"
            raise NotInTime(f"{what} did not come in {limit_s:g} s, but:\n{told}") from None

    async def defined(
        self, name: str, *, device: str | None = None, limit_s: float | None = None
    ) -> DefVector:
        """Return the definition of a property, at once when it is defined now."""
        key = (device or self.device, name)

        def wanted(m: AnyMessage) -> bool:
            return isinstance(m, DefVector) and (m.device, m.name) == key

        if key not in self.properties:
            what = f"the definition of {name}"
            await self.until(wanted, since=len(self.seen), limit_s=limit_s, what=what)
        return self.properties[key]

    async def update(
        self,
        name: str,
        state: State | None = None,
        *,
        since: int = 0,
        device: str | None = None,
        limit_s: float | None = None,
    ) -> SetVector:
        """Return the first report of a property, or the first with that state."""
        what = f"{name} {state.value}" if state else f"a report of {name}"
        return await self._report(
            name, lambda report: state in (None, report.state), what, since, device, limit_s
        )

    async def finished(
        self,
        name: str,
        *,
        since: int,
        device: str | None = None,
        limit_s: float | None = None,
        progress: Callable[[SetVector], None] = lambda report: None,
    ) -> SetVector:
        """Return the first report of a property that is Ok or Idle, showing those that are Busy.

        Raises:
            RequestFailed: it turned Alert; says what the driver says about that.
        """

        def ended(report: SetVector) -> bool:
            if report.state is State.BUSY:
                progress(report)
            return report.state not in (None, State.BUSY)

        what = f"the end of {name}"
        report = await self._report(name, ended, what, since, device, limit_s)
        if report.state is State.ALERT:
            errors = [text for text in self.texts_said(since) if text.startswith("[ERROR]")]
            raise RequestFailed(f"{name} failed. {' '.join(errors)}".strip())
        return report

    async def blob(
        self,
        name: str = "CCD1",
        *,
        since: int = 0,
        device: str | None = None,
        limit_s: float | None = None,
    ) -> OneBlob:
        """Return the first BLOB of a property; over a unix socket its content is mapped memory."""
        report = await self.update(name, since=since, device=device, limit_s=limit_s)
        (one,) = report.elements
        assert isinstance(one, OneBlob)
        return one

    async def _report(
        self,
        name: str,
        wanted: Callable[[SetVector], bool],
        what: str,
        since: int,
        device: str | None,
        limit_s: float | None,
    ) -> SetVector:
        key = (device or self.device, name)
        report = await self.until(
            lambda m: isinstance(m, SetVector) and (m.device, m.name) == key and wanted(m),
            since=since,
            limit_s=limit_s,
            what=what,
        )
        assert isinstance(report, SetVector)
        return report

    # --- read ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while data := await self._connection.receive():
                self._parser.receive_data(data)
                while (message := self._next_message()) is not None:
                    self.note(message)
                async with self._news:
                    self._news.notify_all()
        finally:
            self.ended = True
            async with self._news:
                self._news.notify_all()

    def _next_message(self) -> AnyMessage | None:
        """Return the next message that can be understood; None when there is none yet."""
        while True:
            try:
                message = self._parser.next_message()
                if message is NEED_DATA:
                    return None
                if isinstance(message, SetVector) and message.kind is Kind.BLOB:
                    return with_contents(message, self._connection.take_descriptor)
                return message
            except (IndiProtocolError, ClientError) as error:
                logger.warning("%s", error)
                self.damaged.append(str(error))
