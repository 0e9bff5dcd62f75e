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
from indi_stx.conformance.kinds import answered, cut, ignored, stored
from indi_stx.conformance.rows import Check, Needs, Row, check_of
from indi_stx.conformance.session import BINARY, Session, shown_code
from indi_stx.conformance.settings import set_uri, whole_sensor

_GET, _SET = "/api/GetFITSSetting.cgi", "/api/SetFITSSetting.cgi"
_NAMES = [row.name for row in FITS_READABLE]
_INTRODUCTION = "California%20Nebula%20%28NGC1499%29"


def rows() -> Iterator[Row]:
    """Make the rows."""
    row = partial(Row, section="Set FITS Settings", needs=Needs.FLASH)
    texts = {name: name.ljust(FITS_TEXT_LENGTH, ".") for name in FITS_TEXTS}
    long = "Long".ljust(FITS_TEXT_LENGTH, "-")
    half = len(PRINTABLE) // 2
    for name, text, check in (
        ("no-parameter", "no parameter: no data, no error", answered(_SET, None)),
        (
            "unknown-ignored",
            "an unknown name is ignored",
            ignored(f"{_SET}?NoSuchParameter=1", _GET, _NAMES),
        ),
        ("example", "?ObjectName=M27", _example("M27", "M27")),
        ("texts", f"three texts of {FITS_TEXT_LENGTH} characters", stored(write, _GET, texts)),
        ("numbers", "three numbers, with decimals", _numbers),
        ("characters-1", "characters 33 to 79", _observer(PRINTABLE[1 : half + 1])),
        (
            "characters-2",
            "characters 80 to 126, and a space between",
            _observer("a b" + PRINTABLE[half + 1 :]),
        ),
        (
            "long",
            f"{FITS_TEXT_LENGTH + 1} characters: cut, or not taken",
            cut(f"{_SET}?ObjectName={long}!", f"{_GET}?ObjectName", long),
        ),
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
        check=_observer("<" + "".join(RESERVED) + ">"),
    )
    yield row(
        id="example-program",
        section="Full Featured Example",
        description="settings, exposure, polling, FITS settings and file, as the program does",
        check=_program,
    )


def _observer(text: str) -> Check:
    return stored(write, _GET, {"Observer": text})


def write(session: Session, values: dict[str, str]) -> None:
    """Store FITS settings."""
    query = "&".join(f"{name}={encoded(value)}" for name, value in values.items())
    session.accepted(f"{_SET}?{query}")


@check_of
def _example(session: Session, written: str, wanted: str) -> str:
    session.accepted(f"{_SET}?ObjectName={written}")
    found = session.line(f"{_GET}?ObjectName")
    expect(found == wanted, f"{found!r} is read")
    return found


def _numbers(session: Session) -> str:
    wanted = dict(zip(FITS_NUMBERS, ("1234.56", "98.75", "7654.25"), strict=True))
    write(session, wanted)
    found = session.read(_GET, list(wanted))
    close = all(abs(float(found[name]) - float(wanted[name])) < 0.01 for name in wanted)
    expect(close, f"{wanted} was set, {found} is read")
    return f"{found}"


def _number_text(session: Session) -> str:
    before = session.line(f"{_GET}?FL")
    code = session.code(f"{_SET}?FL=long")
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
