"""Rows on HTTP itself, the example conversations and the identity of the camera."""

from __future__ import annotations

import re

from indi_stx.conformance.rows import READING, rows
from indi_stx.conformance.session import TEXT, Session, expect, well_formed

MAX_URI_LENGTH = 8192
_STATE, _GET = "/api/ImagerState.cgi", "/api/ImagerGetSettings.cgi"
_FOUR_VALUES = f"{_GET}?MaxADU&MaxBinX&MaxBinY&PixelSizeX"
_FIRST = ("state", _STATE, 200, r"[0-9]\r\n")
_CONVERSATIONS = [
    ("get", _FOUR_VALUES, 200, r"([0-9]+\r\n){3}[0-9]*\.[0-9]{2}\r\n"),
    ("error", _GET, 400, r"0x80001000\r\nNo valid parameter\.\r\n"),
]


@rows("conversation.{0}", READING, each=[_FIRST], section="Example HTTP Conversation")
@rows("conversation.{0}", READING, each=_CONVERSATIONS, section="More Example Conversations")
def _conversation(session: Session, _row: str, uri: str, status: int, body: str) -> str:
    """{1} is answered as printed, byte for byte, but for its values."""
    answer = session.answer(uri, status)
    expect(re.fullmatch(body, answer.body.decode("latin-1")) is not None, f"{answer}")
    return str(answer)


@rows("http.header", READING, section="HTTP Content")
def _header(session: Session) -> str:
    """The header has type and length."""
    return "; ".join(f"{name}: {value}" for name, value in session.answer(_STATE).headers)


@rows("http.close", READING, section="HTTP Version")
def _close(session: Session) -> str:
    """The connection ends after an answer."""
    expect(session.request(_STATE).closed, "still open")
    return "closed by the camera"


@rows("http.version-1.1", READING, section="HTTP Version")
def _http_1_1(session: Session) -> str:
    """HTTP/1.1 is answered in 1.0, closed."""
    return well_formed(session.request(_STATE, version="1.1"), 200, TEXT).status_line


_NOT_FOUND = [("call", "/api/NoSuchCall.cgi"), ("page", "/no/such/page")]


@rows("http.not-found.{0}", READING, each=_NOT_FOUND, section="HTTP Status Codes")
def _not_found(session: Session, _row: str, uri: str) -> str:
    """{1} is a 404."""
    answer = session.request(uri)
    return str(well_formed(answer, 404, answer.header("Content-Type") or ""))


@rows("http.uri-length", READING, section="URI Length")
def _longest_uri(session: Session) -> str:
    """A URI of 8192 characters is read to its end."""
    start, end = f"{_GET}?CameraXSize&", "&CameraYSize"
    uri = start + "x" * (MAX_URI_LENGTH - len(start) - len(end)) + end
    found = session.lines(uri)
    expect(len(found) == 2, f"{len(found)} lines instead of 2: {found}")
    return f"{len(uri)} characters: {found}"


@rows("camera.description", READING)
def _description(session: Session) -> str:
    """One line of text."""
    text = session.line("/api/Description.cgi")
    expect(text.isprintable() and text.strip() != "", f"no model: {text!r}")
    return text


@rows("camera.versions", READING)
def _versions(session: Session) -> str:
    """Firmware, gate array, imaging ROP, tracker ROP, HTTP API, a line each.

    Newer firmware adds its serial number.
    """
    found = session.lines("/api/VersionNumbers.cgi")
    expect(len(found) in (5, 6), f"{len(found)} lines: {found}")
    readable = all(one.strip() and one.isprintable() for one in found)
    expect(readable, f"an empty or unreadable line: {found}")
    return ", ".join(found)
