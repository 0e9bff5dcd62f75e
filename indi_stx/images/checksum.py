"""CHECKSUM and DATASUM of a frame (FITS Standard 4.0, section 4.4.2.7 and appendix J).

The data are summed while they arrive, so that a complete frame needs no further look at them. Both
cards are composed with zeros first and filled in at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_UNFILLED = b"CHECKSUM= '" + b"0" * 16 + b"'"
_DATASUM = b"DATASUM = '"
_DATASUM_CHARS = 10
_QUOTE_OFFSET = len(_DATASUM)
_ALL_ONES = 0xFFFFFFFF
# Neither letters nor digits: characters that the encoding must not give.
_PUNCTUATION = frozenset(b":;<=>?@[\\]^_`")


def wants_checksum(header: bytes) -> bool:
    """Tell whether a header has the two cards, still to be filled in."""
    return _UNFILLED in header


class DataSum:
    """The sum of pixels, in 32-bit words with the carry added again (ones' complement)."""

    def __init__(self) -> None:
        self._halves = [0, 0]

    def add(self, pixels: np.ndarray[Any, np.dtype[np.uint16]], first: int) -> None:
        """Add pixels as they are in the file.

        Args:
            pixels: their 16-bit values.
            first: how many pixels were added before them: two make a word.
        """
        for offset in (0, 1):
            half = (first + offset) % 2
            self._halves[half] += int(pixels[offset::2].sum(dtype=np.uint64))

    @property
    def value(self) -> int:
        """The sum so far, 0 to 2^32 - 1."""
        upper, lower = self._halves
        return _folded((upper << 16) + lower)


def filled_in(header: bytes, data_sum: int) -> bytes:
    """Return a header with its two cards filled in, so that the whole file adds up to all ones."""
    text = bytearray(header)
    at = text.index(_DATASUM) + _QUOTE_OFFSET
    text[at : at + _DATASUM_CHARS] = str(data_sum).ljust(_DATASUM_CHARS).encode("ascii")
    words = np.frombuffer(bytes(text), ">u4")
    total = _folded(int(words.sum(dtype=np.uint64)) + data_sum)
    at = text.index(_UNFILLED) + _QUOTE_OFFSET
    text[at : at + 16] = _encoded(_ALL_ONES - total)
    return bytes(text)


def _folded(total: int) -> int:
    while total > _ALL_ONES:
        total = (total & _ALL_ONES) + (total >> 32)
    return total


def _encoded(value: int) -> bytes:
    """Return 16 letters and digits that add `value` to a sum in which zeros ('0') stood before.

    Each byte becomes four characters around '0' with that sum; where one would be punctuation, a
    pair of them moves apart. The text begins at the last byte of a word: it is turned by one.
    """
    columns = [_spread(byte) for byte in value.to_bytes(4, "big")]
    text = [columns[i][j] for j in range(4) for i in range(4)]
    return bytes(text[-1:] + text[:-1])


def _spread(byte: int) -> list[int]:
    share, rest = divmod(byte, 4)
    four = [share + ord("0")] * 4
    four[0] += rest
    while any(character in _PUNCTUATION for character in four):
        for left in (0, 2):
            if not _PUNCTUATION.isdisjoint(four[left : left + 2]):
                four[left] += 1
                four[left + 1] -= 1
    return four
