"""A frame as a picture for people: stretched to 8 bits, reduced, written as PNG.

For documentation and a quick look, not for measurements. The encoder is a few lines of zlib
because a grey PNG needs no more (docs/decisions/0004-png-by-hand.md).
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BIT_DEPTH, _GREY = 8, 0
# Chosen by eye: a galaxy's core and the faintest stars show together. The sky takes at most a
# quarter of the range, so that it stays dark where there are few stars.
_WHITE_PERCENTILE = 99.5
_SKY_SHARE = 0.25
_ASINH_SOFTENING = 0.1


def write_png(
    pixels: NDArray[np.uint16], path: str | os.PathLike[str], *, max_side: int = 1024
) -> None:
    """Write pixels of shape `(rows, cols)` as a grey PNG, no side longer than `max_side`.

    The first row is the top of the picture. Replaces a file of that name; OSError as from open().
    """
    Path(path).write_bytes(encode_png(stretch(reduce_by_mean(pixels, max_side))))


def reduce_by_mean(pixels: NDArray[np.uint16], max_side: int) -> NDArray[np.float32]:
    """Average square blocks until no side exceeds `max_side`; leftover rows and columns are cut.

    The mean reduces noise more than it dims a star, most of which lies within one block, so that
    faint stars come out clearer; the maximum of a block would pick noise.
    """
    rows, cols = pixels.shape
    block = -(-max(rows, cols) // max_side)
    high, wide = min(block, rows), min(block, cols)
    cut = pixels[: rows // high * high, : cols // wide * wide]
    blocks = cut.reshape(rows // high, high, cols // wide, wide)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def stretch(brightness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Map to 0..255: from the sky that ZScale finds to the brightest stars, faint ones lifted."""
    from astropy.visualization import AsinhStretch, ZScaleInterval

    dark, sky_end = ZScaleInterval().get_limits(brightness)
    stars = np.percentile(brightness, _WHITE_PERCENTILE)
    white = max(stars, dark + (sky_end - dark) / _SKY_SHARE)
    if not white > dark:
        return np.zeros(brightness.shape, np.uint8)
    scaled = np.clip((brightness - dark) / (white - dark), 0, 1)
    grey: NDArray[np.uint8] = np.rint(AsinhStretch(_ASINH_SOFTENING)(scaled) * 255).astype(np.uint8)
    return grey


def encode_png(grey: NDArray[np.uint8]) -> bytes:
    """Return the PNG file of an 8-bit grey picture (PNG specification, sections 5, 9 and 11)."""
    rows, cols = grey.shape
    unfiltered = np.zeros((rows, cols + 1), np.uint8)
    unfiltered[:, 1:] = grey
    header = struct.pack(">IIBBBBB", cols, rows, _BIT_DEPTH, _GREY, 0, 0, 0)
    return b"".join(
        (
            _PNG_SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(unfiltered.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
