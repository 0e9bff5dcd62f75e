"""The journal on disk. Everything here blocks; call it in a thread."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indi_stx.camera.exposing.plain import to_plain
from indi_stx.errors import ImageError

if TYPE_CHECKING:
    from indi_stx.images.memory import MemoryFile

FRAMES_LIMIT_BYTES = 1 << 30
"""How much disk space frames may take that could not be delivered."""


def open_lock(path: Path) -> int:
    """Return the descriptor of the file beside a journal whose lock its owner holds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o775)
    return os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)


def locks(fd: int) -> bool:
    """Take the lock; return False when another process has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def replace_file(path: Path, content: Mapping[str, Any], *, flush: bool) -> None:
    """Write what `to_plain` takes in place of what is there.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    plain = to_plain(content)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o775)
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(plain, file, indent=1)
        if flush:
            file.flush()
            os.fsync(file.fileno())
    os.replace(new, path)


def keep_frame(frame: MemoryFile, path: Path) -> None:
    """Save a frame, if the disk space for such frames suffices.

    Raises:
        ImageError: it does not, or the frame cannot be written.
    """
    from indi_stx.images.storage import save

    used = sum(other.stat().st_size for other in path.parent.glob("*.fits"))
    if used + frame.size > FRAMES_LIMIT_BYTES:
        raise ImageError(
            f"{path.parent} already holds {used >> 20} MB of frames that were never delivered."
        )
    save(frame, path)
