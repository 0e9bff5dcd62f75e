"""Memory to receive frames into, and the ways to get a frame."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Awaitable, Callable

from indi_stx.stx import Camera, Ccd

Read = Callable[[Camera, int | None], Awaitable[bytes]]


class MappedSink:
    """A `Sink` on mapped memory, as a frame's is.

    Args:
        size: of the memory; what comes beyond it is of no interest.
        piece: longest place that is offered at once.
    """

    def __init__(self, size: int = 1 << 20, piece: int = 1 << 30) -> None:
        self.received = 0
        self.threads: set[threading.Thread] = set()
        self.error: Exception | None = None
        """To be raised once something has come."""
        self._piece = piece
        self._memory = mmap.mmap(-1, size)

    def buffer(self) -> memoryview:
        self.threads.add(threading.current_thread())
        assert not self._memory.closed, "used after the download had ended"
        with memoryview(self._memory) as whole:
            return whole[self.received : self.received + self._piece]

    def advance(self, count: int) -> None:
        assert 0 < count <= self._piece
        self.received += count
        if self.error is not None:
            raise self.error

    def content(self) -> bytes:
        return self._memory[: self.received]

    def close(self) -> None:
        """Fails with BufferError when a view of the memory was not released."""
        self._memory.close()


async def by_chunks(camera: Camera, expected_bytes: int | None) -> bytes:
    async with camera.imager.open_data(expected_bytes) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def into_memory(camera: Camera, expected_bytes: int | None) -> bytes:
    return await receive(camera.imager, expected_bytes, MappedSink())


async def into_memory_piece_by_piece(camera: Camera, expected_bytes: int | None) -> bytes:
    return await receive(camera.imager, expected_bytes, MappedSink(piece=777))


async def receive(ccd: Ccd, expected_bytes: int | None, sink: MappedSink) -> bytes:
    try:
        await ccd.receive_data(expected_bytes, sink)
        return sink.content()
    finally:
        sink.close()


WAYS: list[Read] = [by_chunks, into_memory, into_memory_piece_by_piece]
