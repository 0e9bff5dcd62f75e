"""Where a device's files are kept: in the user's home directory, under the device's name."""

from __future__ import annotations

from pathlib import Path

CONFIG_SUFFIX = "_config.xml"
_NAME_LIMIT_BYTES = 255
"""Of Linux and its file systems."""
_ROOM_BYTES = 19
"""For what the name of a file has in addition while it is written, and for ".default"."""


def home_directory() -> Path | None:
    """Return the user's home directory; None for a user without one, as containers have them."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def file_name(device: str, suffix: str = CONFIG_SUFFIX) -> str:
    """Return the name of a device's file; a name that cannot be part of one is made so.

    The name of a device is the user's text (INDIDEV) and may hold a slash, or be longer than a
    file's name.
    """
    stem = device.replace("/", "_").replace("\0", "_").encode("utf-8", "surrogateescape")
    room = _NAME_LIMIT_BYTES - len(suffix.encode()) - _ROOM_BYTES
    return stem[:room].decode("utf-8", "ignore") + suffix
