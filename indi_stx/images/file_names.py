"""Where frames are stored and how their files are called, as INDI's upload settings spell it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.disk_errors import explained

_PLACEHOLDER = re.compile(r"_?(?:XXX|ISO8601)")
_LAST_NUMBER = re.compile(r"_(\d+)(?:\.[^_]*)?$")
_NAME_LIMIT = 255


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
        raise explained(folder, error) from error
    stem = prefix.replace("ISO8601", _file_time(now_local))
    for name in _candidates(prefix, stem, names):
        if name + suffix not in names:
            break
    if len(os.fsencode(name + suffix)) > _NAME_LIMIT:
        raise ImageError(f"The upload prefix {prefix!r} makes a file name longer than any can be.")
    return folder / (name + suffix)


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
