"""Rows on HTTP itself, the example conversations and the identity of the camera."""

from __future__ import annotations

from collections.abc import Iterator

from indi_stx.conformance.camera_tables import MAX_URI_LENGTH, VERSION_LINES
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import TEXT, Session, lines_of, well_formed
from indi_stx.conformance.settings import whole_sensor
from indi_stx.conformance.tables import CCDS

_MORE = "More Example Conversations"
_NO_PARAMETER = b"0x80001000\r\nNo valid parameter.\r\n"


def rows() -> Iterator[Row]:
    """Make the rows."""
    versions = f"{', '.join(VERSION_LINES)}, a line each (newer firmware adds its serial number)"
    longest = f"a URI of {MAX_URI_LENGTH} characters is read to its end"
    for identity, section, text, check in (
        ("http.header", "HTTP Content", "the header has type and length", _header),
        ("http.close", "HTTP Version", "the connection ends after an answer", _close),
        ("http.version-1.1", "HTTP Version", "HTTP/1.1 is answered in 1.0, closed", _http_1_1),
        ("http.uri-length", "URI Length", longest, _longest_uri),
        ("conversation.state", "Example HTTP Conversation", "a state is three bytes", _state_bytes),
        ("conversation.get", _MORE, "four values, a line each, PixelSizeX as 9.00", _four),
        ("conversation.error", _MORE, "the error body, byte for byte", _error_bytes),
        ("camera.description", "Description", "one line of text", _description),
        ("camera.versions", "Version Numbers", versions, _versions),
    ):
        yield Row(identity, section, text, check)
    for name, uri in (("call", "/api/NoSuchCall.cgi"), ("page", "/no/such/page")):
        text = f"{uri} is a 404"
        yield Row(f"http.not-found.{name}", "HTTP Status Codes", text, _not_found(uri))
    text = "a setting is answered with no data"
    yield Row("conversation.set", _MORE, text, _no_data, Needs.WRITING)


def _header(session: Session) -> str:
    answer = session.answer("/api/ImagerState.cgi")
    return "; ".join(f"{name}: {value}" for name, value in answer.headers)


def _close(session: Session) -> str:
    answer = session.request("/api/ImagerState.cgi")
    expect(answer.closed, "still open")
    return "closed by the camera"


def _http_1_1(session: Session) -> str:
    answer = session.request("/api/ImagerState.cgi", version="1.1")
    well_formed(answer, 200, TEXT)
    return answer.status_line


@check_of
def _not_found(session: Session, uri: str) -> str:
    answer = session.request(uri)
    kind = answer.header("Content-Type") or ""
    well_formed(answer, 404, kind)
    return str(answer)


def _longest_uri(session: Session) -> str:
    start, end = "/api/ImagerGetSettings.cgi?CameraXSize&", "&CameraYSize"
    uri = start + "x" * (MAX_URI_LENGTH - len(start) - len(end)) + end
    found = session.lines(uri)
    expect(len(found) == 2, f"{len(found)} lines instead of 2: {found}")
    return f"{len(uri)} characters: {found}"


def _state_bytes(session: Session) -> str:
    answer = session.answer("/api/ImagerState.cgi")
    expect(len(answer.body) == 3, f"{answer}")
    return str(answer)


def _four(session: Session) -> str:
    answer = session.answer("/api/ImagerGetSettings.cgi?MaxADU&MaxBinX&MaxBinY&PixelSizeX")
    found = lines_of(answer)
    expect(len(found) == 4, f"{answer}")
    expect(all(one.isdecimal() for one in found[:3]), f"not three integers: {found}")
    expect("." in found[3] and len(found[3].partition(".")[2]) == 2, f"not two decimals: {found}")
    return str(answer)


def _error_bytes(session: Session) -> str:
    answer = session.answer("/api/ImagerGetSettings.cgi", 400)
    expect(answer.body == _NO_PARAMETER, f"{answer}")
    return str(answer)


def _no_data(session: Session) -> str:
    whole_sensor(session, CCDS[0])
    answer = session.answer("/api/ImagerSetSettings.cgi?BinX=1")
    expect(answer.body == b"", f"{answer}")
    return str(answer)


def _description(session: Session) -> str:
    text = session.line("/api/Description.cgi")
    expect(text.isprintable() and text.strip() != "", f"no model: {text!r}")
    return text


def _versions(session: Session) -> str:
    found = session.lines("/api/VersionNumbers.cgi")
    expect(len(found) in (5, 6), f"{len(found)} lines: {found}")
    readable = all(one.strip() and one.isprintable() for one in found)
    expect(readable, f"an empty or unreadable line: {found}")
    return ", ".join(found)
