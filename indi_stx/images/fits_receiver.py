"""Receive the camera's own FITS file, and replace its header by ours.

Our header takes over cards from the camera's, so the frame's memory can only be laid out once the
camera's header is complete: `awaits_header` says so, and the caller passes our header to `begin`.
The pixels are already those of a FITS file (STX API, Imager Data FITS) and are stored unchanged.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

from indi_stx.errors import ImageError
from indi_stx.images.frame import FITS_BLOCK, Frame, FrameReceiver

_CARD_WIDTH = 80
MAX_HEADER_BYTES = 64 * FITS_BLOCK
_END = b"END".ljust(_CARD_WIDTH)
_NUMBER = re.compile(rb"= +([+-]?[0-9.]+(?:[EDed][+-]?[0-9]+)?) *(/.*)?")


class FitsReceiver:
    """Takes a camera's FITS file in chunks of any size; otherwise used like `FrameReceiver`.

    Args:
        rows: height in (binned) pixels.
        cols: width in (binned) pixels.
    """

    def __init__(self, rows: int, cols: int) -> None:
        self.rows = rows
        self.cols = cols
        self._head = bytearray()
        self._header_size: int | None = None
        self._pixels: FrameReceiver | None = None

    @property
    def awaits_header(self) -> bool:
        """Whether the camera's header is complete, so that `begin` must be called with ours."""
        return self._header_size is not None and self._pixels is None

    @property
    def camera_header(self) -> bytes:
        """What has arrived of the camera's header; all of it once `awaits_header` is true."""
        return bytes(self._head[: self._header_size])

    @property
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""
        return self._pixels.missing if self._pixels else self.rows * self.cols * 2

    def receive(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the camera.

        Raises:
            ImageError: this is not a FITS file, or not of a frame of this shape.
        """
        if self._pixels is not None:
            self._pixels.receive(chunk[: self._pixels.missing])
            return
        self._head += chunk
        if self._header_size is None:
            self._header_size = _size_of_header(self._head)
            if self._header_size is not None:
                self._check_shape()

    def begin(self, header: bytes) -> None:
        """Go on with the pixels, behind our `header`, which is padded to 2880 bytes.

        Raises:
            ImageError: there is no memory for such a frame.
        """
        self._pixels = FrameReceiver(header, self.rows, self.cols, pixels_are_fits=True)
        already_here = bytes(self._head[self._header_size :])
        self._pixels.receive(already_here[: self._pixels.missing])

    def rewind(self) -> None:
        """Forget what was received, to receive the same file again from its first byte."""
        self.discard()
        self._pixels = None
        self._head.clear()
        self._header_size = None

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
        cards = {b"BSCALE": 1.0, **_numbers(self.camera_header)}
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


def _size_of_header(head: bytearray) -> int | None:
    """Return the header's length with its padding, None while some of it is missing."""
    if not b"SIMPLE  =".startswith(head[:9]):
        raise ImageError("The camera's file does not begin with a FITS header.")
    for start in range(0, len(head) - _CARD_WIDTH + 1, _CARD_WIDTH):
        if head[start : start + _CARD_WIDTH] == _END:
            size = (start // FITS_BLOCK + 1) * FITS_BLOCK
            return size if len(head) >= size else None
    if len(head) > MAX_HEADER_BYTES:
        raise ImageError("The FITS header of the camera's file has no end.")
    return None


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
