"""The camera's own FITS file (STX API, Imager Data FITS and Set FITS Settings).

No header text of a real STX is public; the cards, their order and their comments are those that
SBIG's own programs are known to write, with the document's settings in them. Signed 16-bit pixels
with BZERO 32768, most significant byte first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from indi_stx.simulator.flash import Flash
from indi_stx.simulator.models import SensorModel
from indi_stx.simulator.sensor import Pixels

BLOCK_BYTES = 2880
CARD_CHARACTERS = 80
MAX_STRING_CHARACTERS = 68

SOFTWARE = "STX simulated camera"

Value = str | int | float | bool
Card = tuple[str, Value | None, str]


@dataclass(frozen=True)
class FitsFacts:
    """What the header says about one frame beside its Flash texts.

    `created` and `began` are by the camera's own clock: the day of the file and when the exposure
    began.
    """

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
    created: str
    began: str


def fits_file(pixels: Pixels, facts: FitsFacts, flash: Flash) -> bytes:
    """Return the whole file."""
    data = (pixels ^ 0x8000).astype(">u2").tobytes()
    return _header(pixels, facts, flash) + data + bytes(-len(data) % BLOCK_BYTES)


def _header(pixels: Pixels, facts: FitsFacts, flash: Flash) -> bytes:
    cards = [*_structure(pixels), *_frame_cards(facts, flash), *_sbig_cards(pixels, facts)]
    text = "".join(_card(*card) for card in cards if card[1] is not None)
    text += "END".ljust(CARD_CHARACTERS)
    return text.ljust(-(-len(text) // BLOCK_BYTES) * BLOCK_BYTES).encode("ascii", "replace")


def _structure(pixels: Pixels) -> Iterator[Card]:
    rows, columns = pixels.shape
    yield "SIMPLE", True, "file does conform to FITS standard"
    yield "BITPIX", 16, "number of bits per data pixel"
    yield "NAXIS", 2, "number of data axes"
    yield "NAXIS1", columns, "length of data axis 1"
    yield "NAXIS2", rows, "length of data axis 2"
    yield "EXTEND", True, "FITS dataset may contain extensions"
    yield "BZERO", 32768, "offset data range to that of unsigned short"
    yield "BSCALE", 1, "default scaling factor"
    yield "COMMENT", "The cards below are those of SBIG's FITS extensions,", ""
    yield "COMMENT", "SBFITSEXT version 1.0.", ""


def _frame_cards(facts: FitsFacts, flash: Flash) -> Iterator[Card]:
    sensor = facts.sensor
    yield "OBJECT", flash.fits_texts["ObjectName"], ""
    yield "TELESCOP", flash.fits_texts["Telescope"], ""
    yield "INSTRUME", facts.instrument, "CAMERA MODEL"
    yield "OBSERVER", flash.fits_texts["Observer"], ""
    yield "DATE-OBS", facts.date_obs, "GMT START OF EXPOSURE"
    yield "EXPTIME", facts.exposure_s, "EXPOSURE IN SECONDS"
    yield "CCD-TEMP", round(facts.ccd_celsius, 2), "CCD TEMP IN DEGREES C"
    yield "SET-TEMP", facts.setpoint_celsius, "CCD TEMP SETPOINT IN DEGREES C"
    yield "XPIXSZ", round(sensor.pixel_um * facts.bin_x, 2), "PIXEL WIDTH IN MICRONS"
    yield "YPIXSZ", round(sensor.pixel_um * facts.bin_y, 2), "PIXEL HEIGHT IN MICRONS"
    yield "XBINNING", facts.bin_x, "HORIZONTAL BINNING FACTOR"
    yield "YBINNING", facts.bin_y, "VERTICAL BINNING FACTOR"
    yield "XORGSUBF", facts.start_x // facts.bin_x, "SUB_FRAME ORIGIN X_POS"
    yield "YORGSUBF", facts.start_y // facts.bin_y, "SUB_FRAME ORIGIN Y_POS"
    yield "EGAIN", sensor.electrons_per_adu, "ELECTRONS PER ADU"
    yield "FOCALLEN", flash.fits_numbers["FL"], "FOCAL LENGTH IN MM"
    yield "APTDIA", flash.fits_numbers["Aperture"], "APERTURE DIAMETER IN MM"
    yield "APTAREA", flash.fits_numbers["Area"], "APERTURE AREA IN SQ-MM"


def _sbig_cards(pixels: Pixels, facts: FitsFacts) -> Iterator[Card]:
    """Yield what SBIG's own programs write beside the facts of a frame."""
    sensor = facts.sensor
    black, white = np.percentile(pixels[::16, ::16], (20.0, 99.5))
    saturation = sensor.bias_adu + sensor.full_well_electrons / sensor.electrons_per_adu
    yield "CBLACK", int(black), "BLACK ADU FOR DISPLAY"
    yield "CWHITE", max(int(white), int(black) + 1), "WHITE ADU FOR DISPLAY"
    yield "PEDESTAL", -int(sensor.bias_adu), "ADD TO ADU FOR 0-BASE"
    yield "DATAMAX", min(sensor.max_adu, int(saturation)), "SATURATION LEVEL"
    yield "SBSTDVER", "SBFITSEXT Version 1.0", "SBIG FITS EXTENSIONS VER"
    yield "SWACQUIR", SOFTWARE, "DATA ACQ SOFTWARE"
    yield "SWCREATE", SOFTWARE, ""
    yield "FILTER", facts.filter_name, "OPTICAL FILTER NAME"
    yield "IMAGETYP", facts.frame_type, "FRAME TYPE"
    yield "SNAPSHOT", 1, "NUMBER IMAGES COADDED"
    yield "DATE", facts.created, "GMT DATE WHEN THIS FILE CREATED"
    yield "RESMODE", min(facts.bin_x, 3) - 1, "RESOLUTION MODE"
    yield "EXPSTATE", "125", "EXPOSURE STATE (HEX)"
    yield "RESPONSE", 2000.0, "CCD RESPONSE FACTOR"
    yield "NOTE", f"Camera time: {facts.began}", ""
    yield "TRAKTIME", 0.0, "TRACKING EXPOSURE"


def _card(keyword: str, value: Value | None, comment: str) -> str:
    match value:
        case str() if keyword == "COMMENT":
            return f"COMMENT   {value}".ljust(CARD_CHARACTERS)
        case bool():
            shown = f"{'T' if value else 'F':>20}"
        case str():
            shown = _quoted(value)
        case int():
            shown = f"{value:>20d}"
        case float():
            shown = f"{_real(value):>20}"
        case None:
            return ""
    if comment:
        shown = f"{shown:<20} / {comment}"
    return f"{keyword:<8}= {shown}"[:CARD_CHARACTERS].ljust(CARD_CHARACTERS)


def _real(value: float) -> str:
    """Write 15 digits and always a point, as programs do that use CFITSIO."""
    digits, e, exponent = f"{value:.15G}".partition("E")
    return (digits if "." in digits else f"{digits}.") + e + exponent


def _quoted(text: str) -> str:
    """Double quotes, pad to eight characters, cut to what a card holds (FITS 4.0, 4.2.1)."""
    while len(doubled := text.replace("'", "''")) > MAX_STRING_CHARACTERS:
        text = text[:-1]
    return f"'{doubled.ljust(8)}'"
