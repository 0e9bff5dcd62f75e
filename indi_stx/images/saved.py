"""Find out whether a frame has been saved before; blocks, so call it in a thread.

A driver may have died between saving a frame and noting that. Frames are recognised by the time of
their exposure and by their pixels: the headers of two files of one frame may tell a little more or
less.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from indi_stx.images.memory import MemoryFile

_CARD = 80
_BLOCK = 2880
_MAX_HEADER = 40 * _BLOCK


def find_saved(frame: MemoryFile, directory: str) -> Path | None:
    """Return the file in a directory that holds this frame; None when there is none."""
    wanted = _Outline.of(frame.read(_MAX_HEADER), frame.size)
    if wanted is None:
        return None
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name.endswith(".fits") and _is_the_same(entry, frame, wanted):
                    return Path(entry.path)
    return None


class _Outline:
    """Where the pixels of a FITS file begin, how many bytes there are, and when it was exposed."""

    def __init__(self, start: int, count: int, date_obs: bytes) -> None:
        self.start = start
        self.count = count
        self.date_obs = date_obs

    @classmethod
    def of(cls, beginning: bytes, size: int) -> _Outline | None:
        date_obs = b""
        for at in range(0, len(beginning) - _CARD + 1, _CARD):
            card = beginning[at : at + _CARD]
            if card.startswith(b"DATE-OBS="):
                date_obs = card.partition(b"/")[0]
            elif card.rstrip() == b"END":
                start = (at // _BLOCK + 1) * _BLOCK
                return cls(start, size - start, date_obs) if date_obs else None
        return None


def _is_the_same(entry: os.DirEntry[str], frame: MemoryFile, wanted: _Outline) -> bool:
    size = entry.stat().st_size
    if abs(size - frame.size) > _MAX_HEADER:
        return False
    with open(entry.path, "rb") as file:
        found = _Outline.of(file.read(_MAX_HEADER), size)
        if found is None or (found.date_obs, found.count) != (wanted.date_obs, wanted.count):
            return False
        file.seek(found.start)
        return file.read() == frame.read(offset=wanted.start)
