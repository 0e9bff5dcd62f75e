"""One raw exchange with a camera: what was sent, and every byte that came back.

Nothing is repaired or decoded on the way, so that a row can compare bytes. The camera closes the
connection after its answer (HTTP/1.0), and what comes after the announced length is kept.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from indi_stx.errors import CameraReplyInvalid, CameraTimeout, CameraUnreachable, ValueRefused

CLOSE_LIMIT_S = 2.0
"""How long the camera may take to close the connection after the last byte of an answer."""
MAX_HEAD_BYTES = 16_384
RECEIVE_BYTES = 262_144


@dataclass(frozen=True)
class Address:
    """Where a camera listens."""

    host: str
    port: int = 80

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `http://host[:port]`, with or without the `http://`; raise ValueRefused."""
        try:
            parts = urlsplit(url if "//" in url else f"//{url}")
            port = 80 if parts.port is None else parts.port
        except ValueError as error:
            raise ValueRefused(f"{url!r} is no address: {error}.") from None
        if not parts.hostname or parts.scheme not in ("", "http") or parts.path.strip("/"):
            raise ValueRefused(f"{url!r} is no camera's address; write http://HOST[:PORT].")
        return cls(parts.hostname, port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


@dataclass(frozen=True)
class Answer:
    """An answer as received; `closed` tells whether the camera then closed the connection."""

    uri: str
    status_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    closed: bool

    @property
    def status(self) -> int:
        """The status code, 0 when the status line has none."""
        words = self.status_line.split(" ")
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0

    def header(self, name: str) -> str | None:
        """Return the value of a header, None when it is missing."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def __str__(self) -> str:
        shown = repr(self.body[:80].decode("latin-1"))
        more = f"... ({len(self.body)} bytes)" if len(self.body) > 80 else ""
        return f"{self.status_line!r}, body {shown}{more}"


def exchange(address: Address, uri: str, timeout_s: float, version: str = "1.0") -> Answer:
    """Ask for `uri` and return the answer.

    Raises:
        CameraUnreachable: no connection, or it broke before an answer.
        CameraTimeout: no complete head in time.
        CameraReplyInvalid: what came does not begin like an HTTP answer.
    """
    more = "" if version == "1.0" else f"Host: {address.host}\r\nConnection: keep-alive\r\n"
    request = f"GET {uri} HTTP/{version}\r\n{more}\r\n".encode("ascii")
    try:
        with socket.create_connection((address.host, address.port), timeout_s) as connection:
            connection.sendall(request)
            return _answer(connection, uri)
    except TimeoutError:
        message = f"{address} accepted {uri} but did not answer within {timeout_s:g} s."
        raise CameraTimeout(message, request=uri) from None
    except OSError as error:
        message = f"No answer from {address}: {error.strerror or error}."
        raise CameraUnreachable(message, request=uri) from None


def _answer(connection: socket.socket, uri: str) -> Answer:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0 and len(received) < MAX_HEAD_BYTES:
        piece = connection.recv(RECEIVE_BYTES)
        if not piece:
            break
        received += piece
    if end < 0 or not received.startswith(b"HTTP/"):
        excerpt = bytes(received[:60]).decode("latin-1")
        message = f"The answer to {uri} is not HTTP: {excerpt!r}."
        raise CameraReplyInvalid(message, request=uri, excerpt=excerpt)
    status_line, *lines = bytes(received[:end]).decode("latin-1").split("\r\n")
    headers = tuple((n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines))
    answer = Answer(uri, status_line, headers, b"", closed=False)
    del received[: end + 4]
    announced = answer.header("Content-Length") or ""
    closed = _receive_body(connection, received, int(announced) if announced.isdecimal() else 0)
    return Answer(uri, status_line, headers, bytes(received), closed)


def _receive_body(connection: socket.socket, body: bytearray, length: int) -> bool:
    """Receive until the camera closes, or is silent for too long; tell whether it closed."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while len(body) < length:
            if not (piece := connection.recv(RECEIVE_BYTES)):
                return True
            body += piece
        deadline = time.monotonic() + CLOSE_LIMIT_S
        while (left_s := deadline - time.monotonic()) > 0:
            connection.settimeout(left_s)
            if not (piece := connection.recv(RECEIVE_BYTES)):
                return True
            body += piece
    return False
