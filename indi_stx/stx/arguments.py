"""Check the arguments of calls, and write them as the camera reads them.

Python converts silently: int() cuts 2.7 to 2, and "off" is true. A camera that does not do what was
meant costs a night, so anything that is not of its parameter's type is refused (`ValueRefused`)
before it is sent. A float without a fraction is a whole number, because INDI has no others.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from numbers import Real
from typing import TypeVar

from indi_stx.errors import ValueRefused

FIRST_PRINTABLE, LAST_PRINTABLE = 32, 126
"""Codes that text parameters may contain (STX API, Set FITS Settings)."""

IntEnumT = TypeVar("IntEnumT", bound=enum.IntEnum)


def whole(value: object) -> int:
    """Return a whole number.

    Raises:
        ValueRefused: a fraction, a truth value, a text.
    """
    number = real(value)
    if not number.is_integer():
        raise ValueRefused(f"{value!r} is not a whole number.")
    return int(number)


def real(value: object) -> float:
    """Return a finite number.

    Raises:
        ValueRefused: not a number (truth values are none), or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueRefused(f"{value!r} is not a number.")
    number = float(value)
    if not math.isfinite(number):
        raise ValueRefused(f"{value} is not a finite number.")
    return number


def switch(value: object) -> str:
    """Return "1" for True and "0" for False.

    Raises:
        ValueRefused: anything else; numpy's truth values are taken.
    """
    if not (isinstance(value, bool) or getattr(value, "dtype", None) == "bool"):
        raise ValueRefused(f"{value!r} is neither True nor False.")
    return "1" if value else "0"


def member(value: object, kind: type[IntEnumT]) -> IntEnumT:
    """Return the member of `kind` that `value` is, or whose number it is.

    Raises:
        ValueRefused: it is neither.
    """
    try:
        return kind(whole(value))
    except (ValueError, ValueRefused):
        known = ", ".join(f"{kind.__name__}.{one.name}" for one in kind)
        raise ValueRefused(f"{value!r} is none of {known}.") from None


def check_names(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise ValueRefused unless all names that were `given` are `known`."""
    known = list(known)
    for name in given:
        if name not in known:
            raise ValueRefused(f"There is no {what} {name!r}. Known: {', '.join(known)}.")


def decimal(value: float, places: int) -> str:
    """Return `value` in plain decimal notation, without trailing zeros and never in exponents.

    Raises:
        ValueRefused: not a finite number.
    """
    text = f"{real(value):.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def printable(text: str, *, what: str, max_chars: int) -> str:
    """Return `text` when the camera can store it.

    Raises:
        ValueRefused: not a text, longer than `max_chars`, or with other characters than those of
            printable ASCII.
    """
    if not isinstance(text, str):
        raise ValueRefused(f"{what} must be a text, not {text!r}.")
    if len(text) > max_chars:
        raise ValueRefused(f"{what} may have {max_chars} characters, this has {len(text)}.")
    if not all(FIRST_PRINTABLE <= ord(character) <= LAST_PRINTABLE for character in text):
        raise ValueRefused(f"{what} may contain plain (ASCII) characters only: {text!r}.")
    return text
