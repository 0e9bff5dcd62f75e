"""What the disk's errors mean to the person at the telescope."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from indi_stx.errors import ImageError

_ADVICE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "part of the path is not a directory",
    errno.ENOENT: "the directory disappeared meanwhile",
    errno.ELOOP: "its symbolic links form a loop",
    errno.ENAMETOOLONG: "the path, or a name in it, is longer than the file system allows",
    errno.EINVAL: "the file system refuses it, perhaps for a character in its name",
    errno.EEXIST: "a file of that name exists already",
    errno.EFBIG: "the file is too large for this file system or user",
    errno.EIO: "the disk reports an error",
}
_SHOWN_CHARACTERS = 120


@contextlib.contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn OSError and ValueError raised inside the block into ImageError with an explanation."""
    try:
        yield
    except OSError as error:
        raise ImageError(f"Cannot save to {_plain(path)}: {_reason(error)}.") from error
    except ValueError as error:
        # Text that cannot be a path, or a frame that was closed before it was written.
        raise ImageError(f"Cannot save to {_plain(path)}: {error}.") from error


def shown(text: str) -> str:
    """Return what a user wrote, in quotes, made printable and not too long for a message."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "...")


def _plain(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() and len(text) <= _SHOWN_CHARACTERS else shown(text)


def _reason(error: OSError) -> str:
    return _ADVICE.get(error.errno or 0, error.strerror or str(error))
