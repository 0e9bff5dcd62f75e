"""A file that lives in memory, complete, sealed, and passed on as a file descriptor.

The receiver of such a descriptor maps the file (indiserver and its local clients do), so its length
and content must never change again: all four seals are set, and the receiver may rely on them
(fcntl(2), "File Sealing").

Frames are closed on the event loop while threads may still save or compress them. So every reader
duplicates the descriptor first: once a descriptor is closed, its number may belong to another
file.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from types import TracebackType
from typing import Self

_ALL_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def create_memory_file(name: str, size: int) -> int:
    """Return the descriptor of a new zeroed memfd of `size` bytes; OSError when memory is short.

    The memory is reserved now: if it ran out later, SIGBUS would end the process.
    """
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError:
        os.close(fd)
        raise
    return fd


def seal_memory_file(fd: int) -> int:
    """Seal the memfd and return a read-only descriptor of it; closes `fd`, whatever happens.

    Read-only because before Linux 6.7 a write-sealed memfd cannot be mapped shared, not even for
    reading, through a descriptor that was opened for writing.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _ALL_SEALS)
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(fd)


def _write_all(fd: int, content: memoryview) -> None:
    written = 0
    while written < len(content):
        with content[written:] as rest:
            written += os.write(fd, rest)


def memory_file(name: str, content: bytes) -> MemoryFile:
    """Create a file that holds `content`, at least one byte; OSError when memory is short."""
    fd = create_memory_file(name, len(content))
    try:
        _write_all(fd, memoryview(content))
    except OSError:
        os.close(fd)
        raise
    return MemoryFile(seal_memory_file(fd))


class MemoryFile:
    """Owns the read-only descriptor of a sealed memfd; may be closed while other threads read it.

    Attributes:
        size: bytes of the whole file.
    """

    def __init__(self, fd: int) -> None:
        self._lock = threading.Lock()
        self._fd = fd
        self.size = os.fstat(fd).st_size

    @property
    def fd(self) -> int:
        """The descriptor, valid until this file is closed; ValueError afterwards."""
        if self._fd < 0:
            raise ValueError("this memory file is closed")
        return self._fd

    @property
    def closed(self) -> bool:
        """Whether the descriptor has been closed."""
        return self._fd < 0

    def duplicate(self) -> MemoryFile:
        """Return the same file with a descriptor of its own, which stays open when this one closes.

        Raises:
            ValueError: this one is closed already.
            OSError: no descriptor is left.
        """
        return MemoryFile(self._duplicate_fd())

    def _duplicate_fd(self) -> int:
        with self._lock:
            return os.dup(self.fd)

    def read(self, length: int = -1, offset: int = 0) -> bytes:
        """Return a copy of `length` bytes from `offset` on, or of all up to the end."""
        wanted = self.size - offset if length < 0 else length
        with self.duplicate() as own:
            return os.pread(own.fd, wanted, offset)

    def copy_to(self, target_fd: int) -> None:
        """Write the whole file to `target_fd`, with one copy; OSError as from write(2)."""
        with (
            self.duplicate() as own,
            mmap.mmap(own.fd, self.size, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as content,
        ):
            _write_all(target_fd, content)

    def close(self) -> None:
        """Close the descriptor; harmless when repeated."""
        with self._lock:
            fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        # When a task is cancelled, nobody closes the file that its thread still returns.
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
