"""HTTP/1.0 as the camera speaks it: request heads in, replies out. Bytes only, no sockets.

STX API, HTTP Communication. GET only; replies carry Content-Type and Content-Length and nothing
else; every line of a text body ends in CRLF, the last one too (the document's lengths say so).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from indi_stx.simulator.error_codes import ERROR_TEXTS, ErrorCode, Refusal, Refused

MAX_URI_CHARACTERS = 8192
_PATH_END = re.compile(r"[?&]")
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True)
class Parameter:
    """One `Name` or `Name=value` of a query, percent-decoded; `value` is None without a "="."""

    name: str
    value: str | None


@dataclass(frozen=True)
class Request:
    """A request line; `path` is None when it cannot be served at all (a 400)."""

    method: str
    uri: str
    path: str | None = None
    query: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Reply:
    """A status and a body; `compose` makes a large body in a worker thread instead.

    `content_type` is that of the document's calls unless it is given.
    """

    status: int = 200
    body: bytes | memoryview = b""
    binary: bool = False
    content_type: str = ""
    compose: Callable[[], bytes] | None = None

    def head(self, length: int) -> bytes:
        """Return the status line and headers of the document's examples, in their order."""
        kind = self.content_type or ("application/octet-stream" if self.binary else "text/plain")
        return (
            f"HTTP/1.0 {self.status} {_REASONS[self.status]}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        ).encode("ascii")


EMPTY = Reply()
NOT_FOUND = Reply(404, b"Not Found\r\n")


def text_reply(*lines: str) -> Reply:
    """Answer 200 with one CRLF-ended line a value."""
    return Reply(200, "".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def html_reply(page: str) -> Reply:
    """Answer 200 with a web page."""
    return Reply(200, page.encode("latin-1", "xmlcharrefreplace"), content_type="text/html")


def refusal(refused: Refused) -> Reply:
    """Answer 400 with the number and its text on two lines."""
    match refused:
        case Refusal(code, text):
            pass
        case ErrorCode() as code:
            text = ERROR_TEXTS[code]
    return Reply(400, f"0x{code:08x}\r\n{text}\r\n".encode("ascii"))


def parse_request_line(line: bytes) -> Request:
    """Read the first line of a request, without its line end."""
    words = line.decode("latin-1").split(" ")
    uri = words[1] if len(words) > 1 else ""
    request = Request(words[0][:32], uri)
    well_formed = len(words) == 3 and re.fullmatch(r"HTTP/[0-9]\.[0-9]", words[2])
    if not well_formed or words[0] != "GET" or not uri.startswith("/"):
        return request
    if len(uri) > MAX_URI_CHARACTERS:
        return request
    # A cache buster after a bare "&" reaches real cameras and is answered, hence both ends.
    end = _PATH_END.search(uri)
    path, query = (uri[: end.start()], uri[end.end() :]) if end else (uri, "")
    return Request(words[0], uri, percent_decode(path), parse_query(query))


def parse_query(query: str) -> tuple[Parameter, ...]:
    """Split at every "&" and at each first "="; "+" stays a plus (STX API, URI Encoding)."""
    parameters = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if name:
            decoded = percent_decode(value) if equals else None
            parameters.append(Parameter(percent_decode(name), decoded))
    return tuple(parameters)


def percent_decode(text: str) -> str:
    """Decode %xx to single characters; a malformed escape stays as it is."""
    return unquote_to_bytes(text.encode("latin-1")).decode("latin-1")


def content_length(head: bytes) -> int:
    """Return the announced size of a request body, 0 when none or nonsense."""
    found = re.search(rb"(?im)^content-length:[ \t]*([0-9]{1,12})[ \t]*\r?$", head)
    return int(found.group(1)) if found else 0
