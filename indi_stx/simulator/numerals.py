"""Numbers as the camera reads and writes them in URIs and replies.

Floats have two decimals, as "9.00" in the document's example. Which values are floats follows the
types of the equally named ASCOM properties, on which the document's names are modelled.
"""

from __future__ import annotations

import re
from math import isfinite

_INTEGER = re.compile(r"[-+]?[0-9]{1,9}\Z")
_DECIMAL = re.compile(r"[-+]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3})?\Z")


def parse_integer(text: str) -> int | None:
    """Return the integer, or None when `text` is not plainly one."""
    return int(text) if _INTEGER.match(text) else None


def parse_decimal(text: str) -> float | None:
    """Return the finite number, or None when `text` is not plainly one."""
    if not _DECIMAL.match(text):
        return None
    value = float(text)
    return value if isfinite(value) else None


def two_decimals(value: float) -> str:
    """Format as the camera does; a negative zero loses its sign."""
    return f"{round(value, 2) + 0.0:.2f}"
