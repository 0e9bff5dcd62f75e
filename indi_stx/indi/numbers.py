"""Numbers as INDI writes them: read, show, put on the wire.

Clients may send a decimal or a sexagesimal number; what we send is always decimal. A property's
`format` is for people only. Nothing here looks at the locale: the decimal sign is a point.
Source: the INDI white paper (protocol 1.7) and libindi's reading of it.
"""

from __future__ import annotations

import math
import re
import unicodedata

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

# Signs, points and the E of an exponent never separate: "1e5:30" and "10:-30" are typing errors.
_SEPARATOR = r"[^0-9.+\-eE]+"
_SEXAGESIMAL = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[0-9]+)(?P<separator>{_SEPARATOR})"
    rf"(?P<minutes>[0-9]+(?:\.[0-9]*)?)"
    rf"(?:{_SEPARATOR}(?P<seconds>[0-9]+(?:\.[0-9]*)?))?(?:{_SEPARATOR})?"
)

_NUMBER_PARTS = frozenset("0123456789.+-eE")
_ARABIC_DECIMAL_SEPARATOR = "\u066b"

_PRINTF = re.compile(
    r"(?P<before>(?:[^%]|%%)*)(?P<number>%[-+ 0#]*[0-9]{0,3}(?:\.[0-9]{0,2})?)l?"
    r"(?P<conversion>[fFeEgG])(?P<after>(?:[^%]|%%)*)"
)
_SEXAGESIMAL_FORMAT = re.compile(r"%(?P<width>[0-9]{0,3})\.(?P<fraction>[0-9]{1,2})m")

# The parts of a whole that `%<w>.<f>m` resolves, by its f: hundredths of a second to minutes.
_PARTS_PER_WHOLE = {9: 360_000, 8: 36_000, 6: 3600, 5: 600, 3: 60}


def parse_number(text: str) -> float:
    """Read a decimal, exponential or sexagesimal number.

    Up to three sexagesimal fields may be separated by anything that is not a digit, sign, point or
    E, in any alphabet; the sign before the first field is that of the whole number, so "-0:30" is
    -0.5. Digits are those of ASCII. A single comma ("3,5") is refused: it could as well be
    somebody's decimal sign.

    Raises:
        ValueError: text is no such number, or too large for a double.
    """
    stripped = text.strip()
    if _DECIMAL.fullmatch(stripped):
        value = float(stripped)
    elif fields := _SEXAGESIMAL.fullmatch(stripped):
        value = _from_sexagesimal(fields)
    else:
        raise ValueError(f"{_excerpt(text)} is not a number")
    if not math.isfinite(value):
        raise ValueError(f"{_excerpt(text)} is too large for a number")
    return value


def _from_sexagesimal(fields: re.Match[str]) -> float:
    if "," in fields["separator"] and fields["seconds"] is None:
        raise ValueError(f"{_excerpt(fields.string)} is not a number; the decimal sign is a point")
    if not all(map(_may_separate, set(fields.string))):
        raise ValueError(f"{_excerpt(fields.string)} is not a number")
    value = (
        float(fields["whole"])
        + float(fields["minutes"]) / 60.0
        + float(fields["seconds"] or 0.0) / 3600.0
    )
    return -value if fields["sign"] == "-" else value


def _may_separate(character: str) -> bool:
    """Tell a separator from another alphabet's digit, sign or point, which is no separator."""
    return character.isascii() or not (
        character.isnumeric()
        or character == _ARABIC_DECIMAL_SEPARATOR
        or unicodedata.category(character) in ("Pd", "Sm")
        or _NUMBER_PARTS.intersection(unicodedata.normalize("NFKC", character))
    )


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


def format_number(value: float, fmt: str) -> str:
    """Show a number to a person by a property's `format`.

    Formats are printf's for doubles, with text around them if wanted, and `%<w>.<f>m`, sexagesimal
    in w columns, where f of 9, 8, 6, 5, 3 means :mm:ss.ss, :mm:ss.s, :mm:ss, :mm.m, :mm.

    Raises:
        ValueError: fmt is neither.
    """
    if sexagesimal := _SEXAGESIMAL_FORMAT.fullmatch(fmt.strip()):
        return _to_sexagesimal(value, int(sexagesimal["width"] or 0), int(sexagesimal["fraction"]))
    if printf := _PRINTF.fullmatch(fmt):
        # Python has no "l", and the width is bounded: a peer's format cannot ask for a gigabyte.
        return "".join(printf.group("before", "number", "conversion", "after")) % value
    raise ValueError(f"{_excerpt(fmt)} is not a number format")


def _to_sexagesimal(value: float, width: int, fraction: int) -> str:
    if fraction not in _PARTS_PER_WHOLE:
        raise ValueError(
            f"%{width}.{fraction}m is not a number format; after its point 9, 8, 6, 5, 3"
        )
    if not math.isfinite(value):
        return f"{value:>{width}}"
    # Rounding once, in the smallest part shown, carries 59.999 seconds into the minutes.
    per_whole = _PARTS_PER_WHOLE[fraction]
    whole, rest = divmod(math.floor(abs(value) * per_whole + 0.5), per_whole)
    minutes, rest = divmod(rest, per_whole // 60)
    match fraction:
        case 9:
            tail = f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"
        case 8:
            tail = f"{minutes:02d}:{rest // 10:02d}.{rest % 10:d}"
        case 6:
            tail = f"{minutes:02d}:{rest:02d}"
        case 5:
            tail = f"{minutes:02d}.{rest:d}"
        case _:
            tail = f"{minutes:02d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}".rjust(max(0, width - fraction)) + ":" + tail


def wire_number(value: float) -> str:
    """Write a number as the shortest decimal text that reads back as the same double.

    Raises:
        ValueError: value is infinite or not a number, which INDI cannot say.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be sent: INDI numbers are finite")
    # float() first: numpy scalars have a repr of their own.
    text = repr(float(value))
    return text.removesuffix(".0")
