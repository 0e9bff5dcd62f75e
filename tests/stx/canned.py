"""A raw TCP server with prepared answers: the client's tests see every byte, and send any.

It reads no meaning into requests and shares no code with the simulator.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ok(text: str = "", *, content_type: str = "text/plain") -> bytes:
    body = text.encode("latin-1")
    head = f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def frame(data: bytes, *, announced: int | None = None) -> bytes:
    length = len(data) if announced is None else announced
    head = (
        "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.encode() + data


def bad(code: int, text: str) -> bytes:
    body = f"0x{code:08x}\r\n{text}\r\n"
    head = "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class CannedCamera:
    """Answer each connection with the next prepared answer, or with the standing one."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.heads: list[str] = []
        self.closed_by_client = asyncio.Event()
        self.arrived = asyncio.Event()
        self.standing: bytes | Script | None = None
        self._queue: deque[bytes | Script] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def targets(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    def then(self, *answers: bytes | Script) -> None:
        self._queue.extend(answers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        self.arrived.set()
        answer = self._queue.popleft() if self._queue else self.standing
        assert answer is not None, f"no answer prepared for {self.heads[-1]!r}"
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(reader, writer)

    async def until_client_leaves(
        self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        """Script: answer nothing (more), and note when the client closes."""
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.closed_by_client.set()

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


@contextlib.asynccontextmanager
async def canned_camera() -> AsyncIterator[CannedCamera]:
    camera = CannedCamera()
    server = await asyncio.start_server(camera._serve, camera.host, 0)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        await camera.aclose()
        await server.wait_closed()
