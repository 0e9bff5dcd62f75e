"""Frames on disk: names as INDI's upload settings spell them, and files that appear complete.

A file is written under a temporary name beside its target, flushed to the medium and then given its
name in one step that never replaces another file: a reader of the directory sees a whole frame or
none, and two writers never lose one. Everything here blocks; call it in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.memory import MemoryFile

_PLACEHOLDER = re.compile(r"_?(?:XXX|ISO8601)")
_LAST_NUMBER = re.compile(r"_(\d+)(?:\.[^_]*)?$")
_NAME_LIMIT = 255
_ATTEMPTS = 100
# What file systems without hard links (FAT, exFAT, some network shares) answer.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_ADVICE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "part of the path is not a directory",
    errno.EEXIST: "a file of that name exists already",
    errno.EFBIG: "the file is too large for this file system or user",
    errno.EIO: "the disk reports an error",
}


def check_prefix(prefix: str) -> None:
    """Raise ImageError when `prefix` (UPLOAD_PREFIX) cannot begin a file name."""
    if not prefix or "/" in prefix or "\0" in prefix:
        raise ImageError(
            f"The upload prefix {prefix!r} must be part of a file name, without '/'; "
            "directories go into the upload directory."
        )


def next_path(directory: str, prefix: str, now_local: datetime, suffix: str = ".fits") -> Path:
    """Return the path that the next frame gets; nothing is created.

    In the prefix `XXX` becomes a number of three or more digits, one above the highest that a file
    of the same kind ends with, and `ISO8601` the local time with milliseconds. In the directory
    `_HOME_` becomes the home of the user that runs the driver. A prefix whose name is taken gets a
    number behind it: no file is ever replaced.

    Raises:
        ImageError: the prefix is no file name, or the directory cannot be listed.
    """
    check_prefix(prefix)
    folder = Path(directory.replace("_HOME_", str(Path.home())))
    try:
        names = set(os.listdir(folder))
    except FileNotFoundError:
        names = set()
    except OSError as error:
        raise _explained(folder, error) from error
    stem = prefix.replace("ISO8601", _file_time(now_local))
    for name in _candidates(prefix, stem, names):
        if name + suffix not in names:
            break
    if len(os.fsencode(name + suffix)) > _NAME_LIMIT:
        raise ImageError(f"The upload prefix {prefix!r} makes a file name longer than any can be.")
    return folder / (name + suffix)


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
        raise _explained(path, error) from error


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


def _candidates(prefix: str, stem: str, names: set[str]) -> Iterator[str]:
    if "XXX" in prefix:
        for number in count(_highest_number(prefix, names) + 1):
            yield stem.replace("XXX", f"{number:03d}")
    yield stem
    for number in count(1):
        yield f"{stem}_{number:03d}"


def _highest_number(prefix: str, names: set[str]) -> int:
    """Return the highest number behind the last '_' of the names that contain the plain prefix."""
    plain = _PLACEHOLDER.sub("", prefix)
    found = (_LAST_NUMBER.search(name) for name in names if plain in name)
    return max((int(match[1]) for match in found if match), default=0)


def _file_time(now_local: datetime) -> str:
    return f"{now_local:%Y-%m-%dT%H-%M-%S}.{now_local.microsecond // 1000:03d}"


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


def _explained(path: Path, error: OSError) -> ImageError:
    reason = _ADVICE.get(error.errno or 0, error.strerror or str(error))
    return ImageError(f"Cannot save to {path}: {reason}.")
