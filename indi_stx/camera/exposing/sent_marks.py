"""Which frames the INDI server has been given, noted where it survives the death of the driver.

Between the system call that hands a frame to the server and a note of it in a file there is time
to be killed, and then the frame would be sent twice. So the note is eight bytes in shared memory:
one assignment, no disk, about a microsecond. It is only worth something while that server lives: a
new server means that the clients may not have got what the old one was given.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import struct
from datetime import datetime
from pathlib import Path

MARKS_SIZE = 4096
_NAMES_AT = 256
_NAME = struct.Struct("<q")
_REMEMBERED = 8


class SentMarks:
    """For each CCD, the names of the exposures whose frames were handed to the server last.

    Args:
        memory: of `MARKS_SIZE` bytes, shared with later processes.
        server: identifies the process that this driver's frames go to.
    """

    def __init__(self, memory: mmap.mmap | bytearray, server: bytes) -> None:
        self._memory = memory
        self._sent = 0
        stamp = server[: _NAMES_AT - 1]
        if memory[: len(stamp) + 1] != stamp + b"\0":
            memory[:MARKS_SIZE] = bytes(MARKS_SIZE)
            memory[: len(stamp)] = stamp

    def sent(self, ccd: int, name: datetime) -> None:
        """Note that the frame of an exposure has been handed over."""
        _NAME.pack_into(self._memory, _at(ccd, self._sent), _milliseconds(name))
        self._sent = (self._sent + 1) % _REMEMBERED

    def was_sent(self, ccd: int, name: datetime) -> bool:
        """Tell whether the server that still runs was given this frame, by whatever process."""
        wanted = _milliseconds(name)
        return any(
            _NAME.unpack_from(self._memory, _at(ccd, index)) == (wanted,)
            for index in range(_REMEMBERED)
        )


def open_marks(journal: Path) -> SentMarks:
    """Return the marks that belong to a journal; blocks, and works without sharing if it must."""
    server = _identity_of_parent()
    digest = hashlib.sha256(os.fsencode(journal.absolute())).hexdigest()[:16]
    name = f"indi_stx-{os.getuid()}-{digest}"
    for folder in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", journal.parent):
        if folder:
            with contextlib.suppress(OSError, ValueError):
                return SentMarks(_mapped(Path(folder, name)), server)
    return SentMarks(bytearray(MARKS_SIZE), server)


def _mapped(path: Path) -> mmap.mmap:
    """Map a file of ours; OSError for one that somebody else has put there."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags, 0o600)
    try:
        if os.fstat(fd).st_uid != os.getuid():
            raise PermissionError(path)
        os.posix_fallocate(fd, 0, MARKS_SIZE)  # a full file system shows now and not as SIGBUS
        return mmap.mmap(fd, MARKS_SIZE)
    finally:
        os.close(fd)


def _identity_of_parent() -> bytes:
    """Return the server's process number and its start, which no later process shares."""
    parent = os.getppid()
    try:
        started = Path(f"/proc/{parent}/stat").read_bytes().rpartition(b")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except (OSError, IndexError):
        started = boot = b"?"
    return b"%d %s %s" % (parent, started, boot)


def _at(ccd: int, index: int) -> int:
    return _NAMES_AT + (ccd * _REMEMBERED + index) * _NAME.size


def _milliseconds(name: datetime) -> int:
    return round(name.timestamp() * 1000)
