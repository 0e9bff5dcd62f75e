"""One frame in memory: received in place, converted in place, then sealed.

A `FrameReceiver` maps a memfd with the layout of the finished FITS file: header, room for the
pixels, padding. The camera's bytes (16-bit little-endian unsigned, row by row; STX API,
ImagerData.bin) are written to their final place and converted there to FITS pixels (big-endian
signed, BZERO 32768), a slice at a time, while more bytes arrive. Rows keep the order in which the
camera sends them; the ROWORDER card says which.
"""

from __future__ import annotations

import mmap
import os
from types import TracebackType
from typing import Self

import numpy as np

from indi_stx.errors import ImageError
from indi_stx.images.checksum import DataSum, filled_in, wants_checksum
from indi_stx.images.memory import MemoryFile, create_memory_file, seal_memory_file

FITS_BLOCK = 2880
_PIXEL_SIZE = 2
_SIGN_BIT = np.uint16(0x8000)
# Small enough to still be in the processor's cache, large enough for few calls.
_SLICE = 1 << 18


class Frame(MemoryFile):
    """A complete FITS file in sealed memory.

    Attributes:
        rows: height in (binned) pixels.
        cols: width in (binned) pixels.
        header_size: bytes before the first pixel.
    """

    def __init__(self, fd: int, *, rows: int, cols: int, header_size: int) -> None:
        super().__init__(fd)
        self.rows = rows
        self.cols = cols
        self.header_size = header_size

    @classmethod
    def of(cls, file: MemoryFile, *, rows: int, cols: int, header_size: int) -> Frame:
        """Return the frame that a memory file holds, with a descriptor of its own."""
        with file:
            return cls(os.dup(file.fd), rows=rows, cols=cols, header_size=header_size)

    def duplicate(self) -> Frame:
        """Return the same frame with a descriptor of its own; raises as `MemoryFile.duplicate`."""
        return Frame(
            self._duplicate_fd(), rows=self.rows, cols=self.cols, header_size=self.header_size
        )

    def header(self) -> bytes:
        """Return the header with its padding."""
        return self.read(self.header_size)

    def pixels(self) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
        """Return a copy of the pixels as the camera counted them, shape `(rows, cols)`."""
        count = self.rows * self.cols
        with (
            self.duplicate() as own,
            mmap.mmap(own.fd, self.size, access=mmap.ACCESS_READ) as mapped,
        ):
            pixels = np.frombuffer(mapped, ">u2", count, self.header_size).astype(np.uint16)
        pixels ^= _SIGN_BIT
        return pixels.reshape(self.rows, self.cols)


def _create_mapped(name: str, size: int) -> tuple[int, mmap.mmap]:
    fd = create_memory_file(name, size)
    try:
        # Populated: all pages are allocated now, instead of one page fault after another later.
        return fd, mmap.mmap(fd, size, mmap.MAP_SHARED | mmap.MAP_POPULATE)
    except OSError:
        os.close(fd)
        raise


class FrameReceiver:
    """Takes the bytes of one frame in chunks of any size, and makes a `Frame` of them.

    As a context manager it frees everything unless the frame was finished.

    Args:
        header: the complete FITS header, padded to 2880 bytes; empty checksums are filled in.
        rows: height in (binned) pixels.
        cols: width in (binned) pixels.
        pixels_are_fits: whether they arrive as FITS pixels already, and are stored unchanged.

    Raises:
        ImageError: the shape is empty, or there is no memory for such a frame.
    """

    def __init__(
        self, header: bytes, rows: int, cols: int, *, pixels_are_fits: bool = False
    ) -> None:
        if rows < 1 or cols < 1:
            raise ImageError(
                f"A frame of {cols} x {rows} pixels is empty; check the frame settings."
            )
        if not header or len(header) % FITS_BLOCK:
            raise ValueError(f"a FITS header fills blocks of 2880 bytes, not {len(header)} bytes")
        self.rows = rows
        self.cols = cols
        self._header_size = len(header)
        self._pixels_are_fits = pixels_are_fits
        self._expected = rows * cols * _PIXEL_SIZE
        self._received = 0
        self._converted = 0
        self._header = header
        self._sum = DataSum() if wants_checksum(header) else None
        size = len(header) + -(-self._expected // FITS_BLOCK) * FITS_BLOCK
        try:
            self._fd, self._map = _create_mapped("indi_stx frame", size)
        except OSError as error:
            raise ImageError(f"No memory for a frame of {size} bytes: {error.strerror}.") from error
        self._map[: len(header)] = header

    @property
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""
        return self._expected - self._received

    def receive(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the camera's next bytes; ImageError when they are more than the frame has."""
        if len(chunk) > self.missing:
            raise ImageError(
                f"The camera sent at least {self._received + len(chunk)} bytes for a frame of "
                f"{self._expected}: it has other frame settings than the driver."
            )
        start = self._header_size + self._received
        self._map[start : start + len(chunk)] = chunk
        self.advance(len(chunk))

    def buffer(self) -> memoryview:
        """Return the place for the next bytes, a slice at the most; empty when all have arrived.

        The caller fills it, releases the view, and calls `advance`.
        """
        start = self._header_size + self._received
        end = self._header_size + min(self._expected, self._received + _SLICE)
        with memoryview(self._map) as whole:
            return whole[start:end]

    def advance(self, count: int) -> None:
        """Note that `count` bytes have been written to the beginning of `buffer()`."""
        self._received += count
        if self._received - self._converted >= _SLICE:
            self._convert()

    def rewind(self) -> None:
        """Forget what was received, to receive the same frame again from its first byte."""
        self._received = 0
        self._converted = 0
        self._sum = self._sum and DataSum()

    def finish(self) -> Frame:
        """Return the sealed frame, which the caller must close; then the receiver is used up.

        Raises:
            ImageError: bytes are missing; the receiver can still go on, or be rewound.
        """
        if self.missing:
            raise ImageError(
                f"The frame is incomplete: {self._received} of {self._expected} bytes arrived."
            )
        self._convert()
        if self._sum is not None:
            self._map[: self._header_size] = filled_in(self._header, self._sum.value)
        self._map.close()
        fd, self._fd = self._fd, -1
        return Frame(
            seal_memory_file(fd), rows=self.rows, cols=self.cols, header_size=self._header_size
        )

    def discard(self) -> None:
        """Free memory and descriptor; harmless after `finish` and when repeated."""
        self._map.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _convert(self) -> None:
        """Convert the complete pixels that have arrived since the last conversion."""
        if self._pixels_are_fits and self._sum is None:
            return
        count = (self._received - self._converted) // _PIXEL_SIZE
        if count:
            start = self._header_size + self._converted
            arrived = ">u2" if self._pixels_are_fits else "<u2"
            pixels = np.frombuffer(self._map, arrived, count, start)
            if not self._pixels_are_fits:
                np.bitwise_xor(pixels, _SIGN_BIT, out=pixels)
            if self._sum is not None:
                self._sum.add(pixels, self._converted // _PIXEL_SIZE)
            if not self._pixels_are_fits:
                pixels.byteswap(inplace=True)
            self._converted += count * _PIXEL_SIZE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()
