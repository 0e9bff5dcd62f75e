"""What the camera writes into the headers of its own FITS files.

Source: STX API, "Get FITS Settings" and "Set FITS Settings". The values are kept in the camera's
flash memory, which wears out with every write: only what differs is written, and never for each
exposure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from indi_stx.stx.arguments import check_names, decimal, printable
from indi_stx.stx.replies import parse_real

MAX_TEXT_CHARS = 67


@dataclass(frozen=True, slots=True)
class FitsSettings:
    """The part of the camera's FITS headers that the observer can set."""

    object_name: str
    observer: str
    telescope: str
    focal_length_mm: float
    aperture_mm: float
    aperture_area_mm2: float


class FitsChanges(TypedDict, total=False):
    """The arguments of `Camera.set_fits_settings`; texts of 67 ASCII characters at most."""

    object_name: str
    observer: str
    telescope: str
    focal_length_mm: float
    aperture_mm: float
    aperture_area_mm2: float


@dataclass(frozen=True, slots=True)
class FitsParameter:
    """One row of the document's table."""

    field: str
    wire: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _text(value: str) -> str:
    return printable(value, what="A text for the FITS header", max_chars=MAX_TEXT_CHARS)


def _number(value: float) -> str:
    return decimal(value, 2)


FITS_PARAMETERS = (
    FitsParameter("object_name", "ObjectName", str.rstrip, _text),
    FitsParameter("observer", "Observer", str.rstrip, _text),
    FitsParameter("telescope", "Telescope", str.rstrip, _text),
    FitsParameter("focal_length_mm", "FL", parse_real, _number),
    FitsParameter("aperture_mm", "Aperture", parse_real, _number),
    FitsParameter("aperture_area_mm2", "Area", parse_real, _number),
)
FITS_WIRE_NAMES = [row.wire for row in FITS_PARAMETERS]
FITS_TEXTS = [row.wire for row in FITS_PARAMETERS if row.write is _text]


def written(changes: FitsChanges) -> list[tuple[FitsParameter, str]]:
    """Return the parameters of `changes` and the text to send for each.

    Raises:
        ValueRefused: there is no setting of that name, a text is too long or not in plain ASCII, or
            a number is not finite.
    """
    check_names(changes, [row.field for row in FITS_PARAMETERS], "FITS setting")
    values = {str(field): value for field, value in changes.items()}
    return [(row, row.write(values[row.field])) for row in FITS_PARAMETERS if row.field in values]


def differing(
    wanted: Iterable[tuple[FitsParameter, str]], current: FitsSettings
) -> list[tuple[str, str]]:
    """Return the parameters whose text would differ from what the camera holds.

    What it holds may be a text that it would not take; that is replaced, too.
    """
    return [
        (row.wire, text)
        for row, text in wanted
        if text.rstrip() != _held(getattr(current, row.field)).rstrip()
    ]


def _held(value: str | float) -> str:
    return value if isinstance(value, str) else _number(value)
