"""What the disk's errors mean to the person at the telescope."""

from __future__ import annotations

import errno
from pathlib import Path

from indi_stx.errors import ImageError

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


def explained(path: Path, error: OSError) -> ImageError:
    """Return the error to raise instead, in a sentence that says what to do."""
    reason = _ADVICE.get(error.errno or 0, error.strerror or str(error))
    return ImageError(f"Cannot save to {path}: {reason}.")
