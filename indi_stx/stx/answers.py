"""The camera's answer to one request: its head, and its body as it arrives."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from indi_stx.stx.interruptible import InterruptibleConnection
from indi_stx.stx.receiving import Body


@dataclass(frozen=True, slots=True)
class Head:
    """What matters of the head of an answer.

    Attributes:
        status: HTTP status code.
        content_type: media type, lower case, without parameters; empty when there is none.
        length: what Content-Length announces, None without one.
        is_encoded: whether the body is sent in a transfer encoding, such as chunked. No camera does
            that, but something between it and us may.
    """

    status: int
    content_type: str
    length: int | None
    is_encoded: bool


class Answer:
    """The head of an answer, and an iterator over its body.

    Args:
        head: of the answer.
        next_chunk: returns the next piece of the body, None after the last; raises
            CameraUnreachable when the connection broke or ended too early.
    """

    def __init__(self, head: Head, next_chunk: Callable[[], Awaitable[bytes | None]]) -> None:
        self.head = head
        self._next_chunk = next_chunk

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            CameraUnreachable: the connection broke, or ended before the announced length.
        """
        chunk = await self._next_chunk()
        if chunk is None:
            raise StopAsyncIteration
        return chunk


class SocketAnswer(Answer):
    """An answer whose connection is used by threads; its body can go straight into memory.

    Args:
        head: of the answer.
        next_chunk: as for `Answer`, but blocking.
        connection: the connection.
    """

    def __init__(
        self,
        head: Head,
        next_chunk: Callable[[], bytes | None],
        connection: InterruptibleConnection,
    ) -> None:
        super().__init__(head, functools.partial(connection.run, next_chunk))
        self._connection = connection

    async def receive(self, body: Body) -> None:
        """Receive the whole body into the sink of `body`.

        The first chunk from the HTTP library is what it has read beyond the head; after that,
        nobody but `body` reads from the socket.

        Raises:
            CameraError: as `Body.receive` says.
        """
        while (chunk := await self._chunk_in_time(body)) is not None:
            body.take(chunk)
            connected = self._connection.socket
            if connected is not None and not self.head.is_encoded:
                await self._connection.run(functools.partial(body.receive, connected))
                return
        body.count.end()

    async def _chunk_in_time(self, body: Body) -> bytes | None:
        try:
            async with asyncio.timeout(body.stall_s):
                return await self._next_chunk()
        except TimeoutError:
            raise body.stalled() from None
