"""The camera's own FITS file (STX API, Imager Data FITS and Set FITS Settings).

No header text of a real STX is public; the cards are those of SBIG's own FITS convention, with the
document's settings in them. Signed 16-bit pixels with BZERO 32768, most significant byte first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indi_stx.simulator.flash import Flash
from indi_stx.simulator.models import SensorModel
from indi_stx.simulator.sensor import Pixels

BLOCK_BYTES = 2880
CARD_CHARACTERS = 80
MAX_STRING_CHARACTERS = 68

Value = str | int | float | bool


@dataclass(frozen=True)
class FitsFacts:
    """What the header says about one frame beside its Flash texts."""

    instrument: str
    sensor: SensorModel
    frame_type: str
    date_obs: str | None
    exposure_s: float
    ccd_celsius: float
    setpoint_celsius: float | None
    bin_x: int
    bin_y: int
    start_x: int
    start_y: int
    filter_name: str | None


def fits_file(pixels: Pixels, facts: FitsFacts, flash: Flash) -> bytes:
    """Return the whole file."""
    data = (pixels ^ 0x8000).astype(">u2").tobytes()
    return _header(pixels, facts, flash) + data + bytes(-len(data) % BLOCK_BYTES)


def _header(pixels: Pixels, facts: FitsFacts, flash: Flash) -> bytes:
    rows, columns = pixels.shape
    cards: list[tuple[str, Value | None]] = [
        ("SIMPLE", True),
        ("BITPIX", 16),
        ("NAXIS", 2),
        ("NAXIS1", columns),
        ("NAXIS2", rows),
        ("BSCALE", 1.0),
        ("BZERO", 32768.0),
        ("OBJECT", flash.fits_texts["ObjectName"]),
        ("TELESCOP", flash.fits_texts["Telescope"]),
        ("INSTRUME", facts.instrument),
        ("OBSERVER", flash.fits_texts["Observer"]),
        ("DATE-OBS", facts.date_obs),
        ("EXPTIME", facts.exposure_s),
        ("CCD-TEMP", round(facts.ccd_celsius, 2)),
        ("SET-TEMP", facts.setpoint_celsius),
        ("XPIXSZ", round(facts.sensor.pixel_um * facts.bin_x, 2)),
        ("YPIXSZ", round(facts.sensor.pixel_um * facts.bin_y, 2)),
        ("XBINNING", facts.bin_x),
        ("YBINNING", facts.bin_y),
        ("XORGSUBF", facts.start_x // facts.bin_x),
        ("YORGSUBF", facts.start_y // facts.bin_y),
        ("EGAIN", facts.sensor.electrons_per_adu),
        ("FOCALLEN", flash.fits_numbers["FL"]),
        ("APTDIA", flash.fits_numbers["Aperture"]),
        ("APTAREA", flash.fits_numbers["Area"]),
        ("FILTER", facts.filter_name),
        ("IMAGETYP", facts.frame_type),
        ("SBSTDVER", "SBFITSEXT Version 1.0"),
        ("SWCREATE", "STX simulated camera"),
    ]
    text = "".join(_card(key, value) for key, value in cards if value is not None)
    text += "END".ljust(CARD_CHARACTERS)
    return text.ljust(-(-len(text) // BLOCK_BYTES) * BLOCK_BYTES).encode("ascii", "replace")


def _card(keyword: str, value: Value) -> str:
    match value:
        case bool():
            shown = f"{'T' if value else 'F':>20}"
        case str():
            shown = _quoted(value)
        case int():
            shown = f"{value:>20d}"
        case float():
            shown = f"{np.format_float_positional(value, trim='0'):>20}"
            shown = shown if len(shown) == 20 else f"{value:>20.10E}"
    return f"{keyword:<8}= {shown}"[:CARD_CHARACTERS].ljust(CARD_CHARACTERS)


def _quoted(text: str) -> str:
    """Double quotes, pad to eight characters, cut to what a card holds (FITS 4.0, 4.2.1)."""
    while len(doubled := text.replace("'", "''")) > MAX_STRING_CHARACTERS:
        text = text[:-1]
    return f"'{doubled.ljust(8)}'"
