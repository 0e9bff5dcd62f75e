"""The suite can fail: each wrong camera is caught by the rows that speak of it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from indi_stx.conformance.checks import RunOptions
from indi_stx.conformance.rows import Outcome
from tests.conformance.running import EVERYTHING, NO_PAUSE, results_of, simulated, url_of
from tests.conformance.wrong_camera import Wrong, wrong_camera

pytestmark = pytest.mark.timeout(240)


def failed(results):
    return {row: r.seen for row, r in results.items() if r.outcome is Outcome.FAIL}


@pytest.fixture(scope="module")
def camera_port():
    # Left running while the tests of this module last: they only put themselves before it.
    with simulated(firmware="newer") as camera:
        yield camera.port


@pytest.fixture(autouse=True)
def _nothing_left_over():
    """The camera of this module outlives its tests; each of them ends its own server."""
    return


def swap(old: bytes, new: bytes):
    return lambda data: data.replace(old, new)


def only_of(pattern: bytes, change):
    """Change only bodies that match."""
    return lambda body: change(body) if re.match(pattern, body) else body


FORM = {
    "length too large": (
        Wrong(answer=lambda a: re.sub(rb"Length: (\d+)", rb"Length: 1\1", a)),
        "http.header",
        "Content-Length",
    ),
    "bytes after the end": (Wrong(answer=lambda a: a + b"\r\n"), "http.header", "bytes came"),
    "no length": (
        Wrong(answer=lambda a: re.sub(rb"Content-Length: \d+\r\n", b"", a)),
        "http.header",
        "Content-Length None",
    ),
    "html": (Wrong(answer=swap(b"text/plain", b"text/html")), "http.header", "text/html"),
    "HTTP/1.1": (Wrong(answer=swap(b"HTTP/1.0", b"HTTP/1.1")), "http.version-1.1", "HTTP/1.1"),
    "another reason": (Wrong(answer=swap(b"200 OK", b"200 Fine")), "http.header", "200 Fine"),
    "line feeds only": (
        Wrong(body=swap(b"\r\n", b"\n")),
        "imager.get.BinX",
        "does not end in CRLF",
    ),
    "no last line end": (
        Wrong(body=lambda b: b.removesuffix(b"\r\n")),
        "camera.description",
        "does not end in CRLF",
    ),
    "left open": (Wrong(keep_open=True), "http.close", "still open"),
    "everything is found": (
        Wrong(answer=swap(b"404 Not Found", b"200 OK")),
        "http.not-found.*",
        "200 OK",
    ),
    "another error text": (
        Wrong(body=swap(b"No valid parameter.", b"No valid parameter")),
        "imager.get.no-parameter",
        "says 'No valid parameter'",
    ),
    "another error number": (
        Wrong(body=swap(b"0x80001000", b"0x80001001")),
        "fits.get.only-unknown",
        "0x80001001",
    ),
    "error number in capitals": (
        Wrong(body=swap(b"0x8000100a", b"0x8000100A")),
        "ao.no-parameter",
        "no error number",
    ),
    "errors are accepted": (
        Wrong(answer=lambda a: re.sub(rb"(?s)400 Bad.*", b"200 OK\r\nContent-Type: text/plain"
                                      b"\r\nContent-Length: 0\r\n\r\n", a)),
        "pulse.no-parameter",
        "accepted instead of 0x8000100a",
    ),
    "pixel size as 5.4": (
        Wrong(body=only_of(rb"5\.40", swap(b"5.40", b"5.4"))),
        "imager.get.PixelSizeX",
        "not a number with two decimals",
    ),
    "a decimal binning": (Wrong(body=only_of(rb"9\r\n\Z", swap(b"9", b"9.00"))),
                          "imager.get.MaxBinX", "not an integer"),
    "values sorted": (
        Wrong(body=lambda b: b"".join(sorted(b.splitlines(keepends=True)))),
        "imager.get.order",
        "asked backwards",
    ),
    "the first value only": (
        Wrong(body=lambda b: b.splitlines(keepends=True)[0] if b[:1].isdigit() else b),
        "imager.get.example",
        "1 lines for 2",
    ),
    "unknown names answered": (
        Wrong(request=swap(b"NoSuchParameter", b"MaxADU")),
        "imager.get.unknown-ignored",
        "3 lines",
    ),
    "state 1": (Wrong(body=only_of(rb"0\r\n\Z", swap(b"0", b"1"))), "imager.state", "'1' is none"),
    "short URIs only": (
        Wrong(request=lambda r: re.sub(rb"^(GET \S{0,4000})\S*", rb"\1", r)),
        "http.uri-length",
        "1 lines instead of 2",
    ),
    "six parts only": (
        Wrong(body=lambda b: b.partition(b"1.02")[0] if b.count(b"\r\n") == 6 else b),
        "camera.versions",
        "",
    ),
    "other defaults": (
        Wrong(body=swap(b"Empty\r\n", b"None\r\n")), "filter.default.Filter4Name", "'None'",
    ),
}  # fmt: skip
WRITING = {
    "binning limit of 8": (
        Wrong(request=swap(b"BinX=9", b"BinX=10")),
        "imager.set.BinX.maximum",
        "refused",
    ),
    "another code": (
        Wrong(body=swap(b"0x80001001\r\nBinX", b"0x80001002\r\nBinY")),
        "imager.set.BinX.below",
        "instead of 0x80001001",
    ),
    "clamps instead of refusing": (
        Wrong(request=swap(b"NumY=0 ", b"NumY=1 ")),
        "guider.set.NumY.below",
        "accepted",
    ),
    "URI order instead of table order": (
        Wrong(request=swap(b"BinY=-1&BinX=-1", b"BinY=-1")),
        "guider.set.order.BinX-BinY",
        "0x80001002",
    ),
    "parses on after an error": (
        Wrong(request=swap(b"NumX=5&StartX=-1&BinX=2", b"NumX=5")),
        "imager.set.order.stops",
        "",
    ),
    "does not store": (
        Wrong(request=swap(b"BinX=2&BinY=2&StartX=3", b"BinX=1&BinY=2&StartX=3")),
        "extguider.set.all",
        "read back differently",
    ),
    "another setting changes, too": (
        Wrong(request=swap(b"?BinX=9 ", b"?BinX=9&NumY=5 ")),
        "imager.set.BinX.maximum",
        "NumY went from",
    ),
    # The exposure that this begins is ended before the next row, which must not find it.
    "takes a frame type below 0": (
        Wrong(request=swap(b"Duration=0.01&FrameType=-1", b"Duration=300&FrameType=0")),
        "imager.start.frame-type-[bat]*",
        "accepted instead of",
    ),
    "NumX follows StartX": (
        Wrong(request=swap(b"?StartX=1 ", b"?StartX=1&NumX=9 ")),
        "imager.set.NumX.kept",
        "went from",
    ),
    "frame not checked at the start": (
        Wrong(request=swap(b"?StartX=1 ", b"?StartX=0 ")),
        "imager.start.NumX",
        "accepted",
    ),
    "a data byte short": (
        Wrong(body=lambda b: b[:-1] if len(b) == 3800 else b),
        "imager.data.odd",
        "3799 bytes",
    ),
    "a FITS header of another width": (
        Wrong(body=swap(b"NAXIS1  =                   50", b"NAXIS1  =                   51")),
        "extguider.fits.odd",
        "NAXIS1",
    ),
    "data as text": (
        Wrong(answer=swap(b"application/octet-stream", b"text/plain")),
        "imager.data.corner",
        "Content-Type",
    ),
    "other pixels in the FITS file": (
        Wrong(body=swap(b"BZERO   =                32768", b"BZERO   =                    0")),
        "imager.fits.odd",
        "other pixels",
    ),
    "a FITS file that is cut": (
        Wrong(body=lambda b: b[:-1] if b.startswith(b"SIMPLE") else b),
        "guider.fits.corner",
        "not a multiple",
    ),
    "another date by default": (
        Wrong(body=swap(b"2008-01-01", b"1970-01-01")),
        "imager.start.date-default",
        "not found",
    ),
    "loses the date": (
        Wrong(request=lambda r: re.sub(rb"&DateTime=2\S+", b"", r)),
        "imager.start.date",
        "not found",
    ),
    "is never busy": (
        Wrong(request=swap(b"ImagerStartExposure.cgi?Duration=0.01", b"ImagerState.cgi?")),
        "imager.start.busy",
        "",
    ),
    "does not abort": (
        Wrong(body=only_of(rb"0\r\n\Z", swap(b"0", b"5"))),
        "guider.abort.running",
        "5",
    ),
    "pulses run on": (
        Wrong(request=swap(b"DirectionY=1&DurationY=0.01", b"DirectionY=1&DurationY=10")),
        "pulse.example",
        "remain after a new time",
    ),
    "the other relay": (
        Wrong(request=swap(b"DirectionX=1&DurationX=655.35", b"DirectionX=0&DurationX=9")),
        "pulse.[el][xo]*",
        "no time remains",
    ),
    "no mirror past 90": (
        Wrong(request=swap(b"Position=100", b"Position=101")),
        "ao.highest",
        "refused",
    ),
    "wheel stays": (
        Wrong(request=swap(b"NewPosition=4", b"NewPosition=3")),
        "filter.change.4",
        "CurrentFilter is 3",
    ),
    "no decoding of %26": (
        Wrong(request=swap(b"%26", b"%2526")),
        "filter.name.reserved",
        "is read",
    ),
    "plus for space": (
        Wrong(request=swap(b"California%20Nebula", b"California+Nebula")),
        "fits.set.encoding-example",
        "California+Nebula",
    ),
    "texts of 40 characters": (
        Wrong(body=lambda b: b"\r\n".join(line[:40] for line in b.split(b"\r\n"))),
        "fits.set.texts",
        "is read",
    ),
}


@pytest.mark.parametrize("name", FORM)
def test_wrong_answers_are_seen(name, camera_port, monkeypatch):
    monkeypatch.setattr("indi_stx.conformance.http.CLOSE_LIMIT_S", 0.1)
    wrong, row, seen = FORM[name]
    with wrong_camera(camera_port, wrong) as url:
        found = failed(results_of(url, replace(EVERYTHING, only=row)))
    assert found
    assert all(seen in text for text in found.values()), found


@pytest.mark.parametrize("name", WRITING)
def test_wrong_behaviour_is_seen(name, camera_port):
    wrong, row, seen = WRITING[name]
    with wrong_camera(camera_port, wrong) as url:
        found = failed(results_of(url, replace(EVERYTHING, only=row)))
    found.pop("camera.restored", None)
    assert found
    assert all(seen in text for text in found.values()), found


def test_the_camera_behind_the_wrong_ones_is_right(camera_port):
    with wrong_camera(camera_port, Wrong()) as url:
        assert failed(results_of(url, RunOptions())) == {}


def test_a_dash_as_the_document_prints_it_is_accepted(camera_port):
    wrong = Wrong(body=lambda b: b.replace(b"Size - ", "Size – ".encode()))  # noqa: RUF001
    with wrong_camera(camera_port, wrong) as url:
        found = results_of(url, replace(EVERYTHING, only="*.set.Start?.above"))
    assert failed(found) == {}


@pytest.mark.parametrize(
    ("fault", "rows", "must_fail"),
    [
        ("garble-text", "imager.get.*", 20),
        ("truncate-text=after=1", "filter.get.*", 10),
        ("short-frame", "imager.data.*", 6),
        ("error-state", "imager.start.frame-type-*", 4),
        ("abort-fails", "imager.abort.*", 2),
        ("filter-jammed", "filter.change.[2-5]", 4),
        ("hang=path=/api/AOStatus.cgi", "ao.status", 1),
        ("reset=path=/api/AOStatus.cgi", "ao.status", 1),
    ],
)
def test_a_faulty_camera_is_seen(fault, rows, must_fail):
    options = replace(EVERYTHING, only=rows)
    with simulated() as camera:
        camera.add_fault(fault)
        results = results_of(url_of(camera), options, replace(NO_PAUSE, timeout_s=0.5))
    assert len(failed(results)) >= must_fail, failed(results)
