"""Frames on disk: files that appear complete, under a name that nobody else has.

A file is written under a temporary name beside its target, flushed to the medium and then given its
name in one step that never replaces another file: a reader of the directory sees a whole frame or
none, and two writers never lose one. Everything here blocks; call it in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from datetime import datetime
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.disk_errors import explained
from indi_stx.images.file_names import next_path
from indi_stx.images.memory import MemoryFile

_ATTEMPTS = 100
# What file systems without hard links (FAT, exFAT, some network shares) answer.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def save(frame: MemoryFile, path: Path) -> None:
    """Write the whole frame to `path` and make its directory (0755) when there is none.

    Raises:
        ImageError: it could not be written, or `path` exists; nothing is left behind.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            _write_durably(frame, part)
            _name_exclusively(part, path)
        finally:
            # A frame that has its name is saved, whether or not the temporary name can go.
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        _flush_directory(path.parent)
    except OSError as error:
        raise explained(path, error) from error


def save_next(
    frame: MemoryFile, directory: str, prefix: str, now_local: datetime, suffix: str = ".fits"
) -> Path:
    """Save under `next_path` and return it; when another writer takes the name, use the one after.

    Raises:
        ImageError: as `next_path` and `save` do.
    """
    for _ in range(_ATTEMPTS):
        path = next_path(directory, prefix, now_local, suffix)
        try:
            save(frame, path)
        except ImageError as error:
            if not isinstance(error.__cause__, FileExistsError):
                raise
        else:
            return path
    raise ImageError(f"Cannot save into {directory}: other writers take every file name.")


def _write_durably(frame: MemoryFile, part: Path) -> None:
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        frame.copy_to(fd)
        os.fsync(fd)
    finally:
        os.close(fd)


def _name_exclusively(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_exclusively(part, path)


def _rename_exclusively(part: Path, path: Path) -> None:
    """Take the name with an empty file first, so that the rename cannot hit anyone else's file."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC)
    try:
        placeholder = os.fstat(fd)
    finally:
        os.close(fd)  # network file systems do not rename over an open file
    renamed = False
    try:
        os.rename(part, path)
        renamed = True
    finally:
        if not renamed:
            _remove_if_still(placeholder, path)


def _remove_if_still(placeholder: os.stat_result, path: Path) -> None:
    """Remove our empty file; not what another program has put in its place since."""
    with contextlib.suppress(OSError):
        present = os.lstat(path)
        if os.path.samestat(present, placeholder) and present.st_size == 0:
            os.unlink(path)


def _flush_directory(folder: Path) -> None:
    """Make the new name survive a power cut; not every file system can."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
