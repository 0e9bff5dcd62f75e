"""Frames on disk: files that appear complete, under a name that nobody else has.

A file is written under a temporary name beside its target, flushed to the medium and then given its
name in one step that never replaces another file: a reader of the directory sees a whole frame or
none, and two writers never lose one. A temporary file that a crash has left is removed by a later
save into the same directory. Everything here blocks; call it in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.disk_errors import explaining
from indi_stx.images.file_names import next_path
from indi_stx.images.memory import MemoryFile

_ATTEMPTS = 100
# The errors of file systems without hard links (FAT, exFAT, some network shares).
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_PART = re.compile(r"\.indi_stx-[0-9a-f]{16}\.part")
_ABANDONED_S = 3600.0


class _NameTaken(ImageError):
    """Another file has the name; the next one may be free."""


def save(frame: MemoryFile, path: Path) -> None:
    """Write the whole frame to `path` and make its directory (0755) when there is none.

    The frame may be closed as soon as writing has begun.

    Raises:
        ImageError: it could not be written, or `path` exists; nothing is left behind.
    """
    with explaining(path.parent):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with explaining(path):
        fd, part = _create_part(path.parent)
        try:
            try:
                _remove_abandoned_parts(path.parent, os.fstat(fd).st_mtime)
                frame.copy_to(fd)
                os.fsync(fd)
            finally:
                os.close(fd)
            _name_exclusively(part, path)
        finally:
            # Once the frame has its name it is saved, even if the temporary name cannot be removed.
            with contextlib.suppress(OSError):
                os.unlink(part)
        _flush_directory(path.parent)


def save_next(
    frame: MemoryFile, directory: str, prefix: str, now_local: datetime, suffix: str = ".fits"
) -> Path:
    """Save under `next_path` and return it; if another writer takes that name, use the next one.

    Raises:
        ImageError: as `next_path` and `save` do.
    """
    taken: set[str] = set()
    for _ in range(_ATTEMPTS):
        path = next_path(directory, prefix, now_local, suffix, taken)
        try:
            save(frame, path)
        except _NameTaken:
            # A new listing may not show the name: for FAT, "m42" and "M42" are the same.
            taken.add(path.name)
        else:
            return path
    raise ImageError(f"Cannot save into {directory}: other writers keep taking the next file name.")


def _create_part(folder: Path) -> tuple[int, Path]:
    """Return the locked descriptor and the path of a new temporary file.

    The lock tells other writers that it is not abandoned. On file systems without locks, users have
    to remove such files themselves after a crash.
    """
    part = folder / f".indi_stx-{secrets.token_hex(8)}.part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd, part


def _remove_abandoned_parts(folder: Path, now: float) -> None:
    """Remove temporary files of drivers that died while writing.

    A file counts as abandoned when nobody locks it and it is an hour older than `now`, which is
    the time of a file just written there: the file system's clock may differ from ours. Errors are
    ignored, because they cost no frame.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _PART.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    if now - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED_S:
                        _remove_unless_locked(entry.path)


def _remove_unless_locked(part: str) -> None:
    fd = os.open(part, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(part)
    finally:
        os.close(fd)


def _name_exclusively(part: Path, path: Path) -> None:
    try:
        try:
            os.link(part, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _rename_exclusively(part, path)
    except FileExistsError as error:
        raise _NameTaken(f"Cannot save to {path}: a file of that name exists already.") from error


def _rename_exclusively(part: Path, path: Path) -> None:
    """Take the name with an empty file first, so that the rename cannot hit anyone else's file."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC)
    try:
        placeholder = os.fstat(fd)
    finally:
        os.close(fd)  # network file systems cannot rename over an open file
    renamed = False
    try:
        os.rename(part, path)
        renamed = True
    finally:
        if not renamed:
            _remove_if_still(placeholder, path)


def _remove_if_still(placeholder: os.stat_result, path: Path) -> None:
    """Remove our empty file, unless another program has replaced it since."""
    with contextlib.suppress(OSError):
        present = os.lstat(path)
        if os.path.samestat(present, placeholder) and present.st_size == 0:
            os.unlink(path)


def _flush_directory(folder: Path) -> None:
    """Make the new name survive a power cut, if the file system can."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
