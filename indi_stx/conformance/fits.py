"""Rows on Set FITS Settings, all in Flash, and on the document's whole example program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from indi_stx.conformance import tables
from indi_stx.conformance.camera_tables import (
    FITS_NUMBERS,
    FITS_READABLE,
    FITS_TEXT_LENGTH,
    FITS_TEXTS,
    PRINTABLE,
    RESERVED,
    encoded,
)
from indi_stx.conformance.expecting import Skipped, expect
from indi_stx.conformance.exposures import expose
from indi_stx.conformance.frames import read_fits
from indi_stx.conformance.rows import Check, Needs, Row
from indi_stx.conformance.session import BINARY, Session, shown_code
from indi_stx.conformance.settings import set_uri, whole_sensor

_GET = "/api/GetFITSSetting.cgi"
_NAMES = [row.name for row in FITS_READABLE]
_INTRODUCTION = "California%20Nebula%20%28NGC1499%29"


def rows() -> Iterator[Row]:
    """Make the rows."""
    row = partial(Row, section="Set FITS Settings", needs=Needs.FLASH)
    half = len(PRINTABLE) // 2
    for name, text, check in (
        ("no-parameter", "no parameter: no data, no error", _no_parameter),
        ("unknown-ignored", "an unknown name is ignored", _unknown_ignored),
        ("example", "?ObjectName=M27", _example("M27", "M27")),
        ("texts", f"three texts of {FITS_TEXT_LENGTH} characters", _longest_texts),
        ("numbers", "three numbers, with decimals", _numbers),
        ("characters-1", "characters 33 to 79", _text(PRINTABLE[1 : half + 1])),
        (
            "characters-2",
            "characters 80 to 126, and a space between",
            _text("a b" + PRINTABLE[half + 1 :]),
        ),
        ("long", f"{FITS_TEXT_LENGTH + 1} characters: cut, or not taken", _too_long),
        ("number-text", "FL=long: not taken", _number_text),
    ):
        yield row(id=f"fits.set.{name}", description=text, check=check)
    encoding = partial(row, section="URI Character Encoding")
    yield encoding(
        id="fits.set.encoding-example",
        description=f"?ObjectName={_INTRODUCTION}",
        check=_example(_INTRODUCTION, "California Nebula (NGC1499)"),
    )
    yield encoding(
        id="fits.set.reserved",
        description="the reserved characters, percent-encoded",
        check=_text("<" + "".join(RESERVED) + ">"),
    )
    yield row(
        id="example-program",
        section="Full Featured Example",
        description="settings, exposure, polling, FITS settings and file, as the program does",
        check=_program,
    )


def write(session: Session, values: dict[str, str]) -> None:
    """Store FITS settings."""
    query = "&".join(f"{name}={encoded(value)}" for name, value in values.items())
    session.accepted(f"/api/SetFITSSetting.cgi?{query}")


def _stored(session: Session, values: dict[str, str]) -> str:
    write(session, values)
    found = session.read(_GET, list(values))
    expect(found == values, f"{values} was set, {found} is read")
    return f"{found}"


def _no_parameter(session: Session) -> str:
    session.accepted("/api/SetFITSSetting.cgi")
    return "accepted"


def _unknown_ignored(session: Session) -> str:
    before = session.read(_GET, _NAMES)
    session.accepted("/api/SetFITSSetting.cgi?NoSuchParameter=1")
    after = session.read(_GET, _NAMES)
    expect(before == after, f"{before} became {after}")
    return "ignored"


def _example(written: str, wanted: str) -> Check:
    def check(session: Session) -> str:
        session.accepted(f"/api/SetFITSSetting.cgi?ObjectName={written}")
        found = session.line(f"{_GET}?ObjectName")
        expect(found == wanted, f"{found!r} is read")
        return found

    return check


def _longest_texts(session: Session) -> str:
    return _stored(session, {name: name.ljust(FITS_TEXT_LENGTH, ".") for name in FITS_TEXTS})


def _numbers(session: Session) -> str:
    wanted = dict(zip(FITS_NUMBERS, ("1234.56", "98.75", "7654.25"), strict=True))
    write(session, wanted)
    found = session.read(_GET, list(wanted))
    close = all(abs(float(found[name]) - float(wanted[name])) < 0.01 for name in wanted)
    expect(close, f"{wanted} was set, {found} is read")
    return f"{found}"


def _text(text: str) -> Check:
    return lambda session: _stored(session, {"Observer": text})


def _too_long(session: Session) -> str:
    before = session.line(f"{_GET}?ObjectName")
    text = "Long".ljust(FITS_TEXT_LENGTH, "-") + "!"
    code = session.code(f"/api/SetFITSSetting.cgi?ObjectName={encoded(text)}")
    found = session.line(f"{_GET}?ObjectName")
    expect(found in (before, text[:FITS_TEXT_LENGTH]), f"{found!r} is read")
    return f"{shown_code(code)}, {len(found)} characters are read"


def _number_text(session: Session) -> str:
    before = session.line(f"{_GET}?FL")
    code = session.code("/api/SetFITSSetting.cgi?FL=long")
    found = session.line(f"{_GET}?FL")
    expect(found == before, f"FL became {found!r}")
    return f"{shown_code(code)}, FL stays {found}"


def _program(session: Session) -> str:
    ccd = tables.CCDS[0]
    values = whole_sensor(session, ccd)
    if int(values["CameraXSize"]) < 640 or int(values["CameraYSize"]) < 480:
        raise Skipped("the sensor is smaller than 640 x 480")
    session.accepted(set_uri(ccd, StartX=0, StartY=0, NumX=640, NumY=480))
    seen = expose(session, ccd, "Duration=10&FrameType=1")
    write(session, {"ObjectName": "M27", "Observer": "SBIG", "Telescope": "RC10"})
    file = session.answer("/api/Imager.FIT", kind=BINARY).body
    cards, data = read_fits(file)
    header = file[: len(file) - len(data)]
    absent = [text for text in (b"'M27", b"'SBIG", b"'RC10") if text not in header]
    expect(not absent, f"not in the header: {absent}")
    size = (cards.get("NAXIS1"), cards.get("NAXIS2"))
    expect(size == ("640", "480"), f"{size}")
    return f"{seen}; a file of {len(file)} bytes"
