"""What the camera writes into the headers of its own FITS files.

Source: STX API, "Get FITS Settings" and "Set FITS Settings". The values are kept in the camera's
flash memory, which wears out with every write: only what differs is written, and never for each
exposure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from indi_stx.errors import ValueRefused
from indi_stx.stx.replies import parse_real
from indi_stx.stx.uri import decimal, printable

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
    FitsParameter("object_name", "ObjectName", str, _text),
    FitsParameter("observer", "Observer", str, _text),
    FitsParameter("telescope", "Telescope", str, _text),
    FitsParameter("focal_length_mm", "FL", parse_real, _number),
    FitsParameter("aperture_mm", "Aperture", parse_real, _number),
    FitsParameter("aperture_area_mm2", "Area", parse_real, _number),
)
FITS_WIRE_NAMES = [row.wire for row in FITS_PARAMETERS]


def changed_parameters(changes: FitsChanges, current: FitsSettings) -> list[tuple[str, str]]:
    """Return the parameters whose text would differ from what the camera holds.

    Raises:
        ValueRefused: a text is too long or not in plain ASCII, or a number is not finite.
    """
    values = {str(field): value for field, value in changes.items()}
    wanted = [(row, row.write(values[row.field])) for row in FITS_PARAMETERS if row.field in values]
    return [(row.wire, text) for row, text in wanted if text.rstrip() != _held(row, current)]


def _held(row: FitsParameter, current: FitsSettings) -> str | None:
    """Return what the camera holds as we would write it; None when we would not.

    The camera may hold what another program, or a damaged answer, has put there.
    """
    try:
        return row.write(getattr(current, row.field)).rstrip()
    except ValueRefused:
        return None
