"""A frame on its way to the caller, and whether all of it came."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from indi_stx.errors import CameraReplyInvalid, CameraUnreachable


class ByteCount:
    """The bytes of one frame, counted against those it should have.

    Args:
        expected: None when nobody knows.
        request: for messages.
    """

    def __init__(self, expected: int | None, request: str) -> None:
        self._expected = expected
        self._request = request
        self._received = 0

    def add(self, count: int) -> None:
        """Note that `count` more bytes came; CameraReplyInvalid when that is too many."""
        self._received += count
        if self._expected is not None and self._received > self._expected:
            raise CameraReplyInvalid(
                f"The camera sent more than the {self._expected} bytes of this frame.",
                request=self._request,
            )

    def end(self) -> None:
        """Note that the connection has ended; CameraUnreachable when bytes are missing."""
        if self._expected is not None and self._received < self._expected:
            raise CameraUnreachable(
                f"The frame ended after {self._received} of {self._expected} bytes: "
                "the connection broke, or the camera was reset.",
                request=self._request,
            )


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
