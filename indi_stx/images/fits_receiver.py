"""Receive the camera's own FITS file, and replace its header by ours.

Our header takes over cards from the camera's, so the frame's memory can only be laid out once the
camera's header is complete. The pixels are already those of a FITS file (STX API, Imager Data FITS)
and go to their place unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

from indi_stx.errors import ImageError
from indi_stx.images.frame import FITS_BLOCK, Frame, FrameReceiver

_CARD_WIDTH = 80
MAX_HEADER_BYTES = 64 * FITS_BLOCK
_END = b"END".ljust(_CARD_WIDTH)
_NUMBER = re.compile(rb"= +([+-]?[0-9.]+(?:[EDed][+-]?[0-9]+)?) *(/.*)?")


class FitsReceiver:
    """Takes a camera's FITS file from its first byte on; otherwise used like `FrameReceiver`.

    Args:
        rows: height in (binned) pixels.
        cols: width in (binned) pixels.
        our_header: returns our header, padded to 2880 bytes, for the camera's. Is called where
            bytes are received, so in a thread if they are received there.
    """

    def __init__(self, rows: int, cols: int, our_header: Callable[[bytes], bytes]) -> None:
        self.rows = rows
        self.cols = cols
        self._our_header = our_header
        self._head = bytearray()
        self._block = bytearray(FITS_BLOCK)
        self._pixels: FrameReceiver | None = None

    @property
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""
        return self._pixels.missing if self._pixels else self.rows * self.cols * 2

    def buffer(self) -> memoryview:
        """Return the place for the next bytes; empty when all pixels have arrived.

        The caller fills it, releases the view, and calls `advance`.
        """
        if self._pixels is not None:
            return self._pixels.buffer()
        # A header fills whole blocks, so the pixels begin with a buffer of their own.
        return memoryview(self._block)[len(self._head) % FITS_BLOCK :]

    def advance(self, count: int) -> None:
        """Note that `count` bytes have been written to the beginning of `buffer()`.

        Raises:
            ImageError: this is not a FITS file, or not of a frame of this shape, or there is no
                memory for it.
        """
        if self._pixels is not None:
            self._pixels.advance(count)
            return
        start = len(self._head) % FITS_BLOCK
        self._head += self._block[start : start + count]
        if _is_whole_header(self._head):
            self._check_shape()
            header = self._our_header(bytes(self._head))
            self._pixels = FrameReceiver(header, self.rows, self.cols, pixels_are_fits=True)

    def rewind(self) -> None:
        """Forget what was received, to receive the same file again from its first byte."""
        self.discard()
        self._pixels = None
        self._head.clear()

    def finish(self) -> Frame:
        """Return the sealed frame, which the caller must close; then the receiver is used up.

        Raises:
            ImageError: the file is incomplete.
        """
        if self._pixels is None:
            raise ImageError(f"The camera's FITS file ends after {len(self._head)} bytes.")
        return self._pixels.finish()

    def discard(self) -> None:
        """Free memory and descriptor; harmless after `finish` and when repeated."""
        if self._pixels is not None:
            self._pixels.discard()

    def _check_shape(self) -> None:
        """Refuse a file whose pixels are not as our header will describe them."""
        cards = {b"BSCALE": 1.0, **_numbers(bytes(self._head))}
        expected = {
            b"BITPIX": 16,
            b"NAXIS": 2,
            b"NAXIS1": self.cols,
            b"NAXIS2": self.rows,
            b"BSCALE": 1,
            b"BZERO": 32768,
        }
        for keyword, value in expected.items():
            found = cards.get(keyword)
            if found != value:
                shown = "missing" if found is None else f"{found:g}"
                raise ImageError(
                    f"The camera's FITS file is not this frame: {keyword.decode()} = {shown}, "
                    f"not {value}."
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


def _is_whole_header(head: bytearray) -> bool:
    """Tell whether a header has arrived with its padding; ImageError when it cannot be one."""
    if not b"SIMPLE  =".startswith(head[:9]):
        raise ImageError("The camera's file does not begin with a FITS header.")
    if len(head) % FITS_BLOCK:
        return False
    last = range(len(head) - FITS_BLOCK, len(head), _CARD_WIDTH)
    if any(head[start : start + _CARD_WIDTH] == _END for start in last):
        return True
    if len(head) >= MAX_HEADER_BYTES:
        raise ImageError("The FITS header of the camera's file has no end.")
    return False


def _numbers(header: bytes) -> dict[bytes, float]:
    """Return the cards whose values are numbers; of repeated keywords, the first one."""
    found: dict[bytes, float] = {}
    for start in range(0, len(header), _CARD_WIDTH):
        card = header[start : start + _CARD_WIDTH]
        if match := _NUMBER.fullmatch(card[8:]):
            try:
                found.setdefault(card[:8].rstrip(), float(match[1].upper().replace(b"D", b"E")))
            except ValueError:
                continue
    return found
