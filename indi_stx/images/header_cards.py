"""Single FITS cards: those of the driver always fit, those of the user are checked.

No fact may make a frame fail: a text of the driver is put into ASCII and cut to what one card holds
(no CONTINUE cards: PHD2 and others read the first 80 columns only). What a user enters is put into
ASCII too, but what is too long is refused, at the moment it is entered. FITS Standard 4.0, 4.
"""

from __future__ import annotations

import math
import re
from typing import Any

from astropy.io import fits

from indi_stx.errors import ImageError
from indi_stx.images.ascii_text import to_ascii
from indi_stx.images.header_facts import CustomCard

_CARD_WIDTH = 80
_KEYWORD_WIDTH = 8
_COMMENTARY_WIDTH = _CARD_WIDTH - _KEYWORD_WIDTH
_HIERARCH = "HIERARCH "
Row = tuple[str, str | int | float | None, str]
"""Keyword, value and comment of a card that is to be made."""
COMMENTARY = frozenset({"COMMENT", "HISTORY"})
# More than eight characters make a HIERARCH card (a convention registered with the FITS Support
# Office), here of one word, and with room left for a value.
_KEYWORD = re.compile(r"[A-Z0-9_-]{1,50}")
_PRINTABLE = re.compile(r"[ -~]*")
# A card with a text, a logical or a number. Strict: astropy would repair damaged cards.
_CARD = re.compile(
    r"[A-Z0-9_-]{1,8} *= +"
    r"('([ -&(-~]|'')*'|[TF]|[+-]?(\d+\.?\d*|\.\d+)([ED][+-]?\d+)?) *(/[ -~]*)?"
)
# The standard wants a capital, C writes a small letter.
_SMALL_EXPONENT = re.compile(r"^(.{8}= +[+-]?[\d.]+)([ed])(?=[+-]?\d)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,70}")
# These describe the bytes of the file itself, raw or tile compressed.
_STRUCTURAL = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|BZERO|BSCALE|BLANK|GROUPS|[PG]COUNT|XTENSION|END|CONTINUE|"
    r"HIERARCH|CHECKSUM|DATASUM|ROWORDER|TFIELDS|T(FORM|TYPE)\d+|THEAP|"
    r"Z(IMAGE|SIMPLE|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|QUANTIZ|EXTEND|BLANK)"
)


def rounded(value: float | None, decimals: int) -> float | None:
    """Return a number for a card; None stays unknown."""
    return None if value is None else round(float(value), decimals)


def make_card(keyword: str, value: str | int | float | None, comment: str = "") -> Any | None:
    """Return the `astropy.io.fits.Card`, or None for what is unknown or not a finite number."""
    match value:
        case None | "":
            return None
        case float() if not math.isfinite(value):
            return None
        case str():
            value = _fit_text(to_ascii(value), _text_width(keyword))
    name = _HIERARCH + keyword if len(keyword) > _KEYWORD_WIDTH else keyword
    bare = fits.Card(name, value).image.rstrip()
    room = _CARD_WIDTH - len(bare) - len(" / ")
    return fits.Card(name, value, to_ascii(comment)[: max(0, room)] or None)


def make_custom_card(card: CustomCard) -> Any:
    """Return the `astropy.io.fits.Card` of a checked card of the user."""
    check_custom_card(*card)
    if card.keyword in COMMENTARY:
        text = f"{card.value} / {card.comment}" if card.comment else str(card.value)
        return fits.Card(card.keyword, text[:_COMMENTARY_WIDTH])
    return make_card(*card) or fits.Card(card.keyword, "", card.comment)


def parse_camera_cards(camera_header: bytes) -> list[Any]:
    """Return the `astropy.io.fits.Card`s of a camera's own FITS header that describe the exposure.

    Cards about the file itself, commentary, and invalid cards are left out.

    Raises:
        ImageError: this is not a FITS header at all.
    """
    if not camera_header.startswith(b"SIMPLE  ="):
        raise ImageError("The camera's file does not begin with a FITS header.")
    cards = []
    for start in range(0, len(camera_header), _CARD_WIDTH):
        line = camera_header[start : start + _CARD_WIDTH].decode("ascii", "replace")
        if line.rstrip() == "END":
            break
        if card := _valid_card(line):
            cards.append(card)
    return cards


def _valid_card(line: str) -> Any | None:
    line = _SMALL_EXPONENT.sub(lambda found: found[1] + found[2].upper(), line)
    if line[8:10] != "= " or not _CARD.fullmatch(line):
        return None
    card = fits.Card.fromstring(line)
    try:
        check_custom_card(card.keyword, card.value, card.comment)
    except ImageError:
        return None
    return card


def parse_custom_card(keyword: str, text: str, comment: str) -> CustomCard:
    """Return the card for what a user wrote, typed as in libindi: integer, real or else text.

    A comment alone becomes a COMMENT card. Texts are put into ASCII (`ascii_text`). Raises
    ImageError as `check_custom_card` does.
    """
    keyword = keyword.strip().upper()
    if comment and not text and (not keyword or keyword in COMMENTARY):
        keyword, text, comment = keyword or "COMMENT", comment, ""
    # Typed before it is put into ASCII: digits of other scripts make no number.
    value = text if keyword in COMMENTARY else _typed(text.strip())
    value, comment = to_ascii(value) if isinstance(value, str) else value, to_ascii(comment)
    check_custom_card(keyword, value, comment)
    return CustomCard(keyword, value, comment)


def check_custom_card(keyword: str, value: str | int | float, comment: str) -> None:
    """Raise ImageError, saying what to change, when this cannot be a card of a frame's header.

    A comment may be too long: it is cut to the room that is left on its card.
    """
    if not _KEYWORD.fullmatch(keyword):
        raise ImageError(f"{keyword!r} is not a FITS keyword: use A-Z, 0-9, '-' and '_'.")
    if _STRUCTURAL.fullmatch(keyword):
        raise ImageError(f"{keyword} describes the file itself and cannot be set.")
    for text in (value, comment):
        if isinstance(text, str) and not _PRINTABLE.fullmatch(text):
            raise ImageError(f"{keyword}: FITS headers hold plain ASCII text only.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ImageError(f"{keyword}: FITS has no number {value}.")
    if not _fits_one_card(keyword, value):
        raise ImageError(f"{keyword}: the value is too long for one FITS card.")


def _fits_one_card(keyword: str, value: str | int | float) -> bool:
    if keyword in COMMENTARY:
        return len(str(value)) <= _COMMENTARY_WIDTH
    if isinstance(value, str):
        return _fit_text(value, _text_width(keyword)) == value
    return len(str(value)) <= _text_width(keyword) + len("''")


def _typed(text: str) -> str | int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    plain = text.isascii() and "_" not in text  # float() reads more than FITS can write
    return number if plain and math.isfinite(number) else text


def _text_width(keyword: str) -> int:
    """Return the room for a quoted text on a card, its two quotes not counted."""
    long = len(keyword) > _KEYWORD_WIDTH
    start = len(f"{_HIERARCH}{keyword} = ") if long else _KEYWORD_WIDTH + len("= ")
    return _CARD_WIDTH - start - len("''")


def _fit_text(text: str, width: int) -> str:
    """Cut to one card; a quote is written twice and counts twice."""
    fitting = text[:width]
    while len(fitting) + fitting.count("'") > width:
        fitting = fitting[:-1]
    return fitting
