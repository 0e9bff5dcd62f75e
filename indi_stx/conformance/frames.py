"""Rows on frames: the length of Data.bin for whole, binned and partial frames, and the FITS file.

The two downloads of a frame are compared by the sum of their pixels, whatever their order.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from indi_stx.conformance import tables
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.exposures import expose
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import BINARY, Session
from indi_stx.conformance.settings import set_uri, whole_sensor
from indi_stx.conformance.tables import CcdTables

_BLOCK_BYTES, _CARD_BYTES = 2880, 80
_CARD = re.compile(r"([A-Z0-9_-]{1,8}) *= +([^/]*)")


@dataclass(frozen=True)
class _Shape:
    """A frame to take; bounds as in the tables."""

    id: str
    description: str
    settings: dict[str, str]


_SHAPES = (
    _Shape("whole", "the whole sensor, unbinned", {}),
    _Shape(
        "binned-most",
        "the whole sensor, binned as far as it goes",
        {"BinX": "MaxBinX", "BinY": "MaxBinY"},
    ),
    _Shape("binned-x", "only X binned", {"BinX": "2", "NumX": "101", "NumY": "20"}),
    _Shape("binned-y", "only Y binned", {"BinY": "2", "NumX": "20", "NumY": "101"}),
    _Shape(
        "odd",
        "a part of odd size, binned 2 x 2: halves are cut off",
        {"BinX": "2", "BinY": "2", "StartX": "3", "StartY": "5", "NumX": "101", "NumY": "77"},
    ),
    _Shape(
        "corner",
        "one pixel in the last corner",
        {"StartX": "CameraXSize - 1", "StartY": "CameraYSize - 1", "NumX": "1", "NumY": "1"},
    ),
)


def rows() -> Iterator[Row]:
    """Make the rows."""
    for ccd in tables.CCDS:
        name = ccd.prefix.lower()
        row = partial(Row, needs=Needs.WRITING, part=ccd.prefix)
        for shape in _SHAPES:
            yield row(
                id=f"{name}.data.{shape.id}",
                section=f"{ccd.title} Data Binary",
                description=f"{shape.description}: (NumX/BinX)*(NumY/BinY)*2 bytes",
                check=_data(ccd, shape),
            )
        for shape in _SHAPES[1:]:
            yield row(
                id=f"{name}.fits.{shape.id}",
                section=f"{ccd.title} Data FITS",
                description=f"{shape.description}: a FITS file with the pixels of Data.bin",
                check=_fits(ccd, shape),
            )
        yield row(
            id=f"{name}.fits.settings",
            section=f"{ccd.title} Data FITS",
            description="the header has what Set FITS Settings stored",
            check=_stored_settings(ccd),
        )


def _take(session: Session, ccd: CcdTables, shape: _Shape) -> tuple[int, int]:
    """Take a dark frame of a shape and return its size in binned pixels."""
    values = whole_sensor(session, ccd)
    wanted = {name: int(tables.resolve(b, values)) for name, b in shape.settings.items()}
    session.accepted(set_uri(ccd, **(wanted or {"BinX": 1})))
    after = session.values(ccd)
    expose(session, ccd, "Duration=0.01&FrameType=0")
    number = {name: int(after[name]) for name in ("BinX", "BinY", "NumX", "NumY")}
    return number["NumX"] // number["BinX"], number["NumY"] // number["BinY"]


@check_of
def _data(session: Session, ccd: CcdTables, shape: _Shape) -> str:
    columns, rows = _take(session, ccd, shape)
    data = session.answer(f"/api/{ccd.prefix}Data.bin", kind=BINARY).body
    wanted = columns * rows * 2
    expect(len(data) == wanted, f"{len(data)} bytes, not {columns} x {rows} x 2 = {wanted}")
    return f"{columns} x {rows} pixels, {len(data)} bytes"


@check_of
def _fits(session: Session, ccd: CcdTables, shape: _Shape) -> str:
    columns, rows = _take(session, ccd, shape)
    file = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body
    pixels = _pixel_sum(session.answer(f"/api/{ccd.prefix}Data.bin", kind=BINARY).body, "little")
    cards, data = read_fits(file)
    size = (cards.get("NAXIS1"), cards.get("NAXIS2"), cards.get("BITPIX"))
    expect(size == (str(columns), str(rows), "16"), f"NAXIS1, NAXIS2, BITPIX: {size}")
    zero = int(float(cards.get("BZERO", "0")))
    stored = _pixel_sum(data[: columns * rows * 2], "big", signed=True)
    expect(stored + zero * columns * rows == pixels, "other pixels than in Data.bin")
    return f"{columns} x {rows} pixels, BZERO {zero}, {len(file)} bytes"


def read_fits(file: bytes) -> tuple[dict[str, str], bytes]:
    """Return the cards of a FITS file, and its data; raise Mismatch when it is none."""
    expect(file.startswith(b"SIMPLE  =                    T"), f"begins with {file[:30]!r}")
    blocks, rest = divmod(len(file), _BLOCK_BYTES)
    expect(rest == 0, f"{len(file)} bytes are not a multiple of {_BLOCK_BYTES}")
    cards: dict[str, str] = {}
    for number in range(0, blocks * _BLOCK_BYTES, _CARD_BYTES):
        card = file[number : number + _CARD_BYTES].decode("latin-1")
        if card.rstrip() == "END":
            end = -(-(number + _CARD_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES
            return cards, file[end:]
        if match := _CARD.match(card):
            cards[match[1]] = match[2].strip()
    expect(False, "the header has no END")
    return cards, b""


def _pixel_sum(data: bytes, order: str, *, signed: bool = False) -> int:
    pixels = array("h" if signed else "H", data)
    if sys.byteorder != order:
        pixels.byteswap()
    return sum(pixels)


@check_of
def _stored_settings(session: Session, ccd: CcdTables) -> str:
    stored = session.read("/api/GetFITSSetting.cgi", ["ObjectName", "Observer", "Telescope"])
    whole_sensor(session, ccd)
    session.accepted(set_uri(ccd, NumX=32, NumY=24))
    expose(session, ccd, "Duration=0.01&FrameType=0")
    file = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body
    header = file[: len(file) - len(read_fits(file)[1])].decode("latin-1")
    for name, text in stored.items():
        shown = text.replace("'", "''")[:60].rstrip()
        expect(shown in header, f"{name} {text!r} is not in the header")
    return str(stored)
