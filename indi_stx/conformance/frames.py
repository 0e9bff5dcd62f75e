"""Rows on frames: the length of Data.bin for whole, binned and partial frames, and the FITS file.

The two downloads of a frame are compared by the sum of their pixels, whatever their order.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Mapping
from itertools import product

from indi_stx.conformance.calls import BY_ID, FITS_SETTINGS
from indi_stx.conformance.exposures import SHORTEST, download, expose
from indi_stx.conformance.rows import FLASH, rows
from indi_stx.conformance.session import Mismatch, Session, Skipped, expect
from indi_stx.conformance.settings import read_all, set_uri
from indi_stx.conformance.tables import CCDS, IMAGER, Ccd

_BLOCK_BYTES, _CARD_BYTES = 2880, 80
_CARD = re.compile(r"([A-Z0-9_-]{1,8}) *= +([^/]*)")
_Frame = tuple[str, str, Mapping[str, str]]
"""The end of the row's id, a description, and the settings, "=" before a formula."""
_FRAMES: tuple[_Frame, ...] = (
    ("binned-most", "binned as far as it goes", {"BinX": "=MaxBinX", "BinY": "=MaxBinY"}),
    ("binned-x", "only X binned", {"BinX": "2", "NumX": "101", "NumY": "20"}),
    ("binned-y", "only Y binned", {"BinY": "2", "NumX": "20", "NumY": "101"}),
    (
        "odd",
        "a part of odd size, binned 2 x 2: halves are cut off",
        {"BinX": "2", "BinY": "2", "StartX": "3", "StartY": "5", "NumX": "101", "NumY": "77"},
    ),
    (
        "corner",
        "one pixel in the last corner",
        {"StartX": "=CameraXSize - 1", "StartY": "=CameraYSize - 1", "NumX": "1", "NumY": "1"},
    ),
)
_WHOLE: _Frame = ("whole", "the whole sensor, unbinned", {})


def _size_of_taken(session: Session, ccd: Ccd, frame: _Frame) -> tuple[int, int]:
    """Take a dark frame and return its width and height in binned pixels."""
    expose(session, ccd, SHORTEST, frame[2])
    found = read_all(session, BY_ID[f"{ccd.name}.set"])
    width, height = (int(found[f"Num{axis}"]) // int(found[f"Bin{axis}"]) for axis in "XY")
    return width, height


@rows("{0.name}.data.{1[0]}", each=product(CCDS, (_WHOLE, *_FRAMES)))
def _data(session: Session, ccd: Ccd, frame: _Frame) -> str:
    """{1[1]}: (NumX/BinX)*(NumY/BinY)*2 bytes."""
    width, height = _size_of_taken(session, ccd, frame)
    length, wanted = len(download(session, ccd, "Data.bin")), width * height * 2
    expect(length == wanted, f"{length} bytes, not {width} x {height} x 2 = {wanted}")
    return f"{width} x {height} pixels, {length} bytes"


@rows("{0.name}.fits.{1[0]}", each=product(CCDS, _FRAMES))
def _fits(session: Session, ccd: Ccd, frame: _Frame) -> str:
    """{1[1]}: a FITS file with the pixels of Data.bin."""
    width, height = _size_of_taken(session, ccd, frame)
    file = download(session, ccd, ".FIT")
    pixels = _pixel_sum(download(session, ccd, "Data.bin"), "little")
    cards, data = _read_fits(file)
    size = (cards.get("NAXIS1"), cards.get("NAXIS2"), cards.get("BITPIX"))
    expect(size == (str(width), str(height), "16"), f"NAXIS1, NAXIS2, BITPIX: {size}")
    zero = int(float(cards.get("BZERO", "0")))
    stored = _pixel_sum(data[: width * height * 2], "big", signed=True)
    expect(stored + zero * width * height == pixels, "other pixels than in Data.bin")
    return f"{width} x {height} pixels, BZERO {zero}, {len(file)} bytes"


def _read_fits(file: bytes) -> tuple[dict[str, str], bytes]:
    """Return the cards of a FITS file, and its data; raise Mismatch when it is none."""
    expect(file.startswith(b"SIMPLE  =                    T"), f"begins with {file[:30]!r}")
    expect(len(file) % _BLOCK_BYTES == 0, f"{len(file)} bytes, not a multiple of {_BLOCK_BYTES}")
    cards: dict[str, str] = {}
    for at in range(0, len(file), _CARD_BYTES):
        card = file[at : at + _CARD_BYTES].decode("latin-1")
        if card.rstrip() == "END":
            return cards, file[-(-(at + _CARD_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES :]
        if match := _CARD.match(card):
            cards[match[1]] = match[2].strip()
    raise Mismatch("the header has no END")


def _pixel_sum(data: bytes, order: str, *, signed: bool = False) -> int:
    pixels = array("h" if signed else "H", data)
    if sys.byteorder != order:
        pixels.byteswap()
    return sum(pixels)


def _expect_in_header(session: Session, ccd: Ccd, texts: Mapping[str, str]) -> dict[str, str]:
    """Find texts in the header of the last image's file, and return its cards."""
    file = download(session, ccd, ".FIT")
    cards, data = _read_fits(file)
    header = file[: len(file) - len(data)].decode("latin-1")
    for name, text in texts.items():
        shown = "'" + text.replace("'", "''")[:60].rstrip()
        expect(shown in header, f"{name} {text!r} is not in the header")
    return cards


@rows("{0.name}.fits.settings", each=CCDS)
def _stored_settings(session: Session, ccd: Ccd) -> str:
    """The header has what Set FITS Settings stored."""
    texts = session.read("/api/GetFITSSetting.cgi", ["ObjectName", "Observer", "Telescope"])
    expose(session, ccd, SHORTEST)
    _expect_in_header(session, ccd, texts)
    return str(texts)


@rows("example-program", FLASH, section="Full Featured Example")
def _program(session: Session) -> str:
    """Settings, exposure, polling, FITS settings and file, as the program does."""
    values = read_all(session, BY_ID["imager.set"])
    if int(values["CameraXSize"]) < 640 or int(values["CameraYSize"]) < 480:
        raise Skipped("the sensor is smaller than 640 x 480")
    frame = {"StartX": "0", "StartY": "0", "NumX": "640", "NumY": "480"}
    seen = expose(session, IMAGER, "Duration=10&FrameType=1", frame)
    texts = {"ObjectName": "M27", "Observer": "SBIG", "Telescope": "RC10"}
    session.answered(set_uri(session, FITS_SETTINGS, texts))
    cards = _expect_in_header(session, IMAGER, texts)
    size = (cards.get("NAXIS1"), cards.get("NAXIS2"))
    expect(size == ("640", "480"), f"{size}")
    return f"{seen}; {texts} are in the file"
