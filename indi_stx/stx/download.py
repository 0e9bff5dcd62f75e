"""Hand a frame to the caller, and check that all of it has arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from indi_stx.errors import CameraReplyInvalid, CameraUnreachable
from indi_stx.stx.failures import no_image


class ByteCount:
    """Counts the bytes of one frame against the expected number.

    Args:
        expected: None when it is unknown.
        request: for messages.
    """

    def __init__(self, expected: int | None, request: str) -> None:
        self._expected = expected
        self._request = request
        self._received = 0

    @property
    def received(self) -> int:
        """Bytes that have arrived so far."""
        return self._received

    def add(self, count: int) -> None:
        """Note that `count` more bytes arrived; CameraReplyInvalid when that is too many."""
        self._received += count
        if self._expected is not None and self._received > self._expected:
            raise CameraReplyInvalid(
                f"The camera sent more than the {self._expected} bytes of this frame.",
                request=self._request,
            )

    def end(self) -> None:
        """Note that the connection has ended.

        Raises:
            CameraReplyInvalid: there was not a single byte.
            CameraUnreachable: bytes are missing.
        """
        if self._received == 0:
            raise no_image(self._request)
        if self._expected is not None and self._received < self._expected:
            raise CameraUnreachable(
                f"The frame ended after {self._received} of {self._expected} bytes: "
                "the connection broke, or the camera was reset.",
                request=self._request,
            )


class Sink(Protocol):
    """Where the bytes of a frame go.

    Its methods are called in the thread that receives, never in two at once, and never after the
    call that was given the sink has returned or raised. An error of the sink ends the download and
    is raised by that call.
    """

    def buffer(self) -> memoryview:
        """Return a new writable view of the free bytes; the caller releases it.

        It should be long, because each piece costs a system call. Empty means that the rest of the
        download is not wanted.
        """

    def advance(self, count: int, /) -> None:
        """Note that the first `count` bytes of the last buffer have been filled."""


def store(chunk: bytes, sink: Sink) -> None:
    """Copy `chunk` into `sink`; bytes for which there is no room are dropped."""
    with memoryview(chunk) as source:
        done = 0
        while done < len(source):
            with sink.buffer() as place:
                count = min(len(place), len(source) - done)
                place[:count] = source[done : done + count]
            if count == 0:
                return
            sink.advance(count)
            done += count


class Download:
    """An iterator over the bytes of a frame, chunk by chunk as they arrive.

    Attributes:
        length: total bytes as the camera announced them, None when it did not.
    """

    def __init__(
        self,
        next_chunk: Callable[[], Awaitable[bytes | None]],
        count: ByteCount,
        length: int | None,
    ) -> None:
        self._next_chunk = next_chunk
        self._count = count
        self.length = length

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            CameraUnreachable: the connection broke, or ended too early.
            CameraTimeout: no chunk within the stall limit.
            CameraReplyInvalid: more bytes than the frame has.
        """
        chunk = await self._next_chunk()
        if chunk is None:
            self._count.end()
            raise StopAsyncIteration
        self._count.add(len(chunk))
        return chunk
