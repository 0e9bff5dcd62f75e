"""Directories and names of stored frames, from INDI's upload settings.

`check_prefix` and `check_directory` check the settings when a user changes them. They do not touch
the disk; what they accept can later only fail because of the disk itself.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.ascii_text import to_ascii
from indi_stx.images.disk_errors import explaining, shown

_PLACEHOLDER = re.compile(r"_?(?:XXX|ISO8601)")
# A number with more digits was not made here: it is a date.
_MOST_DIGITS = 9
_LAST_NUMBER = re.compile(rf"_([0-9]{{1,{_MOST_DIGITS}}})(?:\.[^_]*)?$")
_LONGEST_TIME = "2026-11-22T05-31-49.123"
_LONGEST_NUMBER = "9" * _MOST_DIGITS
# Limits of Linux and its file systems; the path counts with its closing NUL (limits.h).
_NAME_LIMIT_BYTES = 255
_PATH_LIMIT_BYTES = 4096
_HOME = "_HOME_"
# Control characters, surrogates, and separators of lines and paragraphs.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_prefix(prefix: str, suffix: str = ".fits") -> None:
    """Raise ImageError when `prefix` (UPLOAD_PREFIX) cannot begin a file name.

    Its length is checked with the longest time and number that can be put into it.
    """
    prefix = _writable(prefix)
    _check_is_part_of_a_name(prefix)
    longest = prefix.replace("ISO8601", _LONGEST_TIME).replace("XXX", _LONGEST_NUMBER)
    if "XXX" not in prefix:
        longest += f"_{_LONGEST_NUMBER}"  # added to a name that is taken
    _check_length(prefix, longest + suffix)


def check_directory(text: str) -> Path:
    """Return the absolute path that UPLOAD_DIR means; nothing is looked up on the disk.

    `_HOME_` anywhere and `~` at the beginning become the home directory of the user who runs the
    driver, `~user` becomes that user's.

    Raises:
        ImageError: it is empty or relative, its home does not exist, or no path can be like this.
    """
    if not text.strip():
        raise ImageError("The upload directory is empty; enter the path of a directory.")
    _check_characters("directory", text)
    path = os.path.expanduser(text.replace(_HOME, os.path.expanduser("~")))
    if path.startswith("~"):
        raise ImageError(
            f"The upload directory {shown(text)} begins with a home directory that does not exist; "
            "enter the whole path, beginning with '/'."
        )
    if not os.path.isabs(path):
        raise ImageError(
            f"The upload directory {shown(text)} must be a whole path, beginning with '/' or '~'."
        )
    encoded = os.fsencode(path)
    if max(map(len, encoded.split(b"/"))) > _NAME_LIMIT_BYTES:
        raise ImageError(
            f"The upload directory {shown(text)} has a name in it that is longer than "
            f"{_NAME_LIMIT_BYTES} bytes."
        )
    if len(encoded) + len("/") + _NAME_LIMIT_BYTES >= _PATH_LIMIT_BYTES:
        raise ImageError(f"The upload directory {shown(text)} is longer than any path can be.")
    return Path(path)


def next_path(
    directory: str,
    prefix: str,
    now_local: datetime,
    suffix: str = ".fits",
    taken: Collection[str] = (),
) -> Path:
    """Return the absolute path for the next frame; nothing is created.

    In the prefix `XXX` becomes a number of three or more digits, one above the highest that a file
    of the same kind ends with, and `ISO8601` the local time with milliseconds. A prefix whose name
    is taken gets a number appended: no file is ever replaced.

    Args:
        directory: UPLOAD_DIR, see `check_directory`.
        prefix: UPLOAD_PREFIX, see `check_prefix`.
        now_local: the time that replaces `ISO8601`.
        suffix: ends the name.
        taken: names that are not free although a listing of the directory lacks them.

    Raises:
        ImageError: directory or prefix cannot be used, or the directory cannot be listed.
    """
    prefix = _writable(prefix)
    _check_is_part_of_a_name(prefix)
    folder = check_directory(directory)
    names = _names_in(folder).union(taken)
    stem = prefix.replace("ISO8601", _file_time(now_local))
    for name in _candidates(prefix, stem, names):
        if name + suffix not in names:
            break
    _check_length(prefix, name + suffix)
    return folder / (name + suffix)


def _writable(prefix: str) -> str:
    """Return the prefix in ASCII where this computer's file names cannot hold it as it is."""
    try:
        os.fsencode(prefix)
    except UnicodeEncodeError:
        plain = to_ascii(prefix)
        # Half a character pair is no text in any language: it is refused as unprintable.
        return prefix if any(unicodedata.category(c) == "Cs" for c in prefix) else plain
    return prefix


def _check_is_part_of_a_name(prefix: str) -> None:
    if not prefix or "/" in prefix or "\0" in prefix:
        raise ImageError(
            f"The upload prefix {shown(prefix)} must be part of a file name, without '/'; "
            "directories go into the upload directory."
        )
    _check_characters("prefix", prefix)


def _check_characters(setting: str, text: str) -> None:
    """Raise ImageError for characters that file names cannot hold or that are not printable."""
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise ImageError(f"The upload {setting} {shown(text)} contains an unprintable character.")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise ImageError(
            f"The upload {setting} {shown(text)} contains {error.object[error.start]!r}; file "
            f"names on this computer are in {sys.getfilesystemencoding()}, which does not have it."
        ) from error


def _check_length(prefix: str, name: str) -> None:
    length = len(os.fsencode(name))
    if length > _NAME_LIMIT_BYTES:
        raise ImageError(
            f"The upload prefix {shown(prefix)} makes a file name of {length} bytes, longer than "
            f"the {_NAME_LIMIT_BYTES} that file names may have."
        )


def _names_in(folder: Path) -> set[str]:
    with explaining(folder):
        try:
            return set(os.listdir(folder))
        except FileNotFoundError:
            return set()


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
