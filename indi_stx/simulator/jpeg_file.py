"""A grey JPEG file for the camera's preview: baseline, 8 bits (ITU-T T.81).

The standard leaves the code tables to the encoder. Here all codes of one kind have the same length,
which costs some bytes of a small picture and saves the standard's long example tables.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

SIDE = 8
DC_CODE_BITS, AC_CODE_BITS = 4, 8
END_OF_BLOCK, SIXTEEN_ZEROS = 0x00, 0xF0
# T.81, table F.1 and F.2 for 8-bit samples: magnitudes of DC differences and AC coefficients.
DC_SYMBOLS = tuple(range(12))
AC_SYMBOLS = (
    END_OF_BLOCK,
    SIXTEEN_ZEROS,
    *(run << 4 | size for run in range(16) for size in range(1, 11)),
)
# T.81, figure 5: diagonal by diagonal, up and down in turn.
ZIGZAG = sorted(
    range(SIDE * SIDE),
    key=lambda k: (k // SIDE + k % SIDE, (k % SIDE, k // SIDE)[(k // SIDE + k % SIDE) % 2]),
)

Grey = NDArray[np.uint8]


def jpeg_file(image: Grey) -> bytes:
    """Return the file of a picture of shape (rows, columns), 0 black."""
    rows, columns = image.shape
    steps = _quantiser_steps()
    # Height, width, one component: number 1, sampled 1 x 1, quantiser 0.
    frame = struct.pack(">BHHBBBB", 8, rows, columns, 1, 1, 0x11, 0)
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + _segment(0xDB, b"\x00" + bytes(int(steps[k]) for k in ZIGZAG))
        + _segment(0xC0, frame)
        + _segment(0xC4, _code_table(0x00, DC_SYMBOLS, DC_CODE_BITS))
        + _segment(0xC4, _code_table(0x10, AC_SYMBOLS, AC_CODE_BITS))
        + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + _entropy_coded(_coefficients(image, steps))
        + b"\xff\xd9"
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _code_table(kind: int, symbols: tuple[int, ...], bits: int) -> bytes:
    """Return a table in which each symbol's code is its index, `bits` long."""
    counts = [0] * 16
    counts[bits - 1] = len(symbols)
    return bytes([kind, *counts, *symbols])


def _quantiser_steps() -> NDArray[np.int64]:
    """Return 64 steps, coarser for finer detail, row by row."""
    row, column = np.indices((SIDE, SIDE))
    return np.asarray(4 + 3 * (row + column)).ravel()


def _coefficients(image: Grey, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the quantised cosine transform of each block, in zigzag order."""
    rows, columns = image.shape
    padded = np.pad(image, ((0, -rows % SIDE), (0, -columns % SIDE)), mode="edge").astype(float)
    high, wide = padded.shape[0] // SIDE, padded.shape[1] // SIDE
    blocks = padded.reshape(high, SIDE, wide, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE) - 128.0
    k, n = np.indices((SIDE, SIDE))
    cosine = np.cos((2 * n + 1) * k * np.pi / (2 * SIDE)) * np.where(k == 0, 0.5**0.5, 1.0) / 2
    transformed = (cosine @ blocks @ cosine.T).reshape(-1, SIDE * SIDE)
    return np.rint(transformed / steps).astype(np.int64)[:, ZIGZAG]


def _entropy_coded(blocks: NDArray[np.int64]) -> bytes:
    """Return all blocks as one run of codes, filled up with ones; 0xFF is followed by a zero."""
    dc_codes = {s: f"{i:0{DC_CODE_BITS}b}" for i, s in enumerate(DC_SYMBOLS)}
    ac_codes = {s: f"{i:0{AC_CODE_BITS}b}" for i, s in enumerate(AC_SYMBOLS)}
    parts, last_dc = [], 0
    for block in blocks:
        dc, last_dc = int(block[0]) - last_dc, int(block[0])
        parts.append(dc_codes[dc.bit_length()] + _magnitude(dc))
        place = 0
        for index in np.flatnonzero(block[1:]) + 1:
            run, place = int(index) - place - 1, int(index)
            parts.append(ac_codes[SIXTEEN_ZEROS] * (run // 16))
            value = int(block[index])
            parts.append(ac_codes[run % 16 << 4 | value.bit_length()] + _magnitude(value))
        if place < SIDE * SIDE - 1:
            parts.append(ac_codes[END_OF_BLOCK])
    bits = "".join(parts)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


def _magnitude(value: int) -> str:
    """Return the bits after a symbol (T.81, F.1.2.1): of a negative number, those of its double."""
    size = value.bit_length()
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""
