"""Texts in ASCII, for FITS headers and for file names on computers that have nothing else.

People type names in their own language; FITS Standard 4.0, section 4.2.1, allows printable ASCII
only. One rule for all of it: a letter loses its accents, letters with a usual spelling in ASCII get
it, Greek ones their names ("alpha Cen"), and whatever has no equal becomes a question mark.
"""

from __future__ import annotations

import re
import unicodedata

_SPELLINGS = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "TH",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "\N{HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "°": " deg",
        "µ": "u",
    }
)
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_UNPRINTABLE = re.compile(r"[^ -~]")


def to_ascii(text: str) -> str:
    """Return a text in printable ASCII that reads like the given one, perhaps a little longer."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLINGS))
    letters = "".join(_spelled(c) for c in plain if not unicodedata.combining(c))
    return _UNPRINTABLE.sub("?", letters)


def _spelled(character: str) -> str:
    if character.isascii():
        return character
    match = _GREEK.fullmatch(unicodedata.name(character, ""))
    if match is None:
        return character
    return match[2].lower() if match[1] == "SMALL" else match[2].capitalize()
