"""Memory and files for a whole image."""

from __future__ import annotations

import os
from pathlib import Path

_PIECE_BYTES = 1 << 20


class Memory:
    """A `Sink` on memory of the image's length, such as that of an array."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._filled = 0

    def buffer(self) -> memoryview:
        """Return the free bytes."""
        return self._memory[self._filled :]

    def advance(self, count: int, /) -> None:
        """Note that `count` of them have been filled."""
        self._filled += count


class GrowingMemory:
    """A `Sink` for an image whose length is not known before."""

    def __init__(self) -> None:
        self._pieces: list[bytearray] = []
        self._filled = _PIECE_BYTES
        """Of the last piece."""

    def buffer(self) -> memoryview:
        """Return the free bytes of the last piece, or of a new one."""
        if self._filled == _PIECE_BYTES:
            self._pieces.append(bytearray(_PIECE_BYTES))
            self._filled = 0
        return memoryview(self._pieces[-1])[self._filled :]

    def advance(self, count: int, /) -> None:
        """Note that `count` of them have been filled."""
        self._filled += count

    def content(self) -> bytes:
        """Return all that has arrived."""
        if self._pieces:
            del self._pieces[-1][self._filled :]
            self._filled = _PIECE_BYTES
        return b"".join(self._pieces)


def save_file(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a whole file or none; blocking.

    Raises:
        FileExistsError: it is there already and not to be overwritten.
        OSError: it cannot be written.
    """
    written = path.with_name(path.name + ".part") if overwrite else path
    with written.open("wb" if overwrite else "xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            written.unlink(missing_ok=True)
            raise
    if overwrite:
        written.replace(path)
