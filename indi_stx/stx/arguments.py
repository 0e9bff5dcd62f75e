"""Check the arguments of calls, and write them as the camera reads them."""

from __future__ import annotations

import math

from indi_stx.errors import ValueRefused

FIRST_PRINTABLE, LAST_PRINTABLE = 32, 126
"""Codes that text parameters may contain (STX API, Set FITS Settings)."""


def decimal(value: float, places: int) -> str:
    """Return `value` in plain decimal notation, without trailing zeros and never in exponents.

    Raises:
        ValueRefused: not a finite number.
    """
    if not math.isfinite(value):
        raise ValueRefused(f"{value} is not a finite number.")
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def printable(text: str, *, what: str, max_chars: int) -> str:
    """Return `text` when the camera can store it.

    Raises:
        ValueRefused: longer than `max_chars`, or with characters outside printable ASCII.
    """
    if len(text) > max_chars:
        raise ValueRefused(f"{what} may have {max_chars} characters, this has {len(text)}.")
    if not all(FIRST_PRINTABLE <= ord(character) <= LAST_PRINTABLE for character in text):
        raise ValueRefused(f"{what} may contain plain (ASCII) characters only: {text!r}.")
    return text
