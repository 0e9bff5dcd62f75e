"""HTTP to the camera: the only module that knows httpx, and the one that maps its errors.

Every request has a connection of its own, as the camera closes it after each answer (STX API, "HTTP
Version"). Proxies, environment, cookies and redirects play no part: what answers with those is not
a camera. There are no time limits here: `link` sets them, as they change while a request is under
way.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import httpx

from indi_stx.errors import CameraError, CameraTimeout, ValueRefused
from indi_stx.stx.failures import closed_by_us, dropped, not_a_camera, not_connected
from indi_stx.stx.replies import excerpt

HttpTransport = httpx.AsyncBaseTransport
"""What carries requests; httpx has, or documents how to write, some that are no network."""

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
"""The roots of httpx's exceptions."""

_HOST = re.compile(r"[^\s/?#@:\[\]%\\]+")
_HUNG_UP = "Server disconnected"  # httpcore's words for a stream that ends before any answer


class Watcher(Protocol):
    """Who wants to know how far a request has got; not every transport tells."""

    def connecting(self) -> None:
        """Note that a connection is asked for now."""

    def connected(self) -> None:
        """Note that the connection stands."""

    def sending(self) -> None:
        """Note that the request goes out now."""


class Answer:
    """The head of an answer, and an iterator over its body as it arrives.

    Attributes:
        status: HTTP status code.
        content_type: media type, lower case, without parameters; empty when there is none.
        length: what Content-Length announces, None when it does not.
    """

    def __init__(self, response: httpx.Response, *, place: str, request: str) -> None:
        self._place = place
        self._request = request
        self._response = response
        self._arriving = _whole(response) if response.is_stream_consumed else response.aiter_raw()
        self.status = response.status_code
        self.content_type = _media_type(response)
        length = response.headers.get("content-length")
        self.length = int(length) if length and length.isdecimal() else None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            CameraUnreachable: the connection broke, or ended before the announced length.
        """
        with mapped(self._place, self._request, body=True):
            return await anext(self._arriving)

    async def aclose(self) -> None:
        """Close the connection.

        httpx reads through nested generators. Left half-way, each would be finished some time later
        by a task of its own; read on over the closed connection, they end here.
        """
        await self._response.aclose()
        with contextlib.suppress(*HTTPX_ERRORS):
            async for _ in self._arriving:
                pass


class Connections:
    """All connections to one camera.

    Args:
        host: name or IP address.
        port: of the camera's web server.
        transport: what carries the requests, instead of the network; closed by `aclose`.

    Raises:
        ValueRefused: `host` and `port` are no address.
    """

    def __init__(self, host: str, port: int, transport: HttpTransport | None = None) -> None:
        self.place = f"{host}:{port}"
        self._origin = _origin(host, port)
        self._client = httpx.AsyncClient(
            transport=transport or _network(), trust_env=False, follow_redirects=False
        )

    async def aclose(self) -> None:
        """Close every connection; requests under way end with CameraUnreachable."""
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def open(self, request: str, watcher: Watcher) -> AsyncIterator[Answer]:
        """Send a request and wait for the head of its answer; leaving closes the connection.

        Raises:
            CameraUnreachable: no connection, or it broke before the head was complete.
            CameraReplyInvalid: what came is not HTTP.
        """
        wire_uri = request.encode("ascii")
        http_request = httpx.Request(
            "GET",
            self._origin.copy_with(raw_path=wire_uri),  # to be read; httpx rewrites some of it
            headers={"Connection": "close"},
            extensions={"target": wire_uri, "trace": _trace(watcher)},
        )
        with mapped(self.place, request):
            response = await self._client.send(http_request, stream=True)
        answer = Answer(response, place=self.place, request=request)
        try:
            yield answer
        finally:
            await answer.aclose()


def _network() -> HttpTransport:
    """Return the transport that speaks to a camera: a new connection for each request."""
    # An empty context: the default one loads every certificate, for connections without TLS.
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connections = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncHTTPTransport(verify=no_tls, trust_env=False, limits=connections)


@contextlib.contextmanager
def mapped(place: str, request: str, *, body: bool = False) -> Iterator[None]:
    """Turn whatever httpx raises inside the block into a CameraError."""
    try:
        yield
    except (*HTTPX_ERRORS, OSError, UnicodeError) as error:
        raise camera_error(error, place, request, body=body) from error


def camera_error(error: Exception, place: str, request: str, *, body: bool) -> CameraError:
    """Return the error of our tree that `error` stands for.

    Args:
        error: from httpx, or from the address resolver beneath it.
        place: host and port, for the message.
        request: path and query.
        body: whether the answer's head had arrived.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.InvalidURL() | UnicodeError():
            return not_connected(error, place, request)
        case httpx.TimeoutException():
            return CameraTimeout(f"The camera at {place} did not answer in time.", request=request)
        case httpx.RemoteProtocolError() if not body and not str(error).startswith(_HUNG_UP):
            return not_a_camera(place, request, f"not in HTTP ({excerpt(str(error))})")
        case httpx.NetworkError() | httpx.RemoteProtocolError() | OSError():
            return dropped(error, place, request, body=body)
        case httpx.StreamError():
            return closed_by_us(place, request)
        case _:  # redirects, proxies, encodings, cookies: no camera has any of these
            return not_a_camera(place, request, f"oddly ({excerpt(str(error))})")


async def _whole(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the body of an answer that was made up, not received."""
    yield response.content


def _media_type(response: httpx.Response) -> str:
    header: str = response.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()


def _trace(watcher: Watcher) -> Any:
    """Return the callback that httpcore wants (documented as the "trace" extension)."""

    async def trace(event: str, _info: dict[str, Any]) -> None:
        match event:
            case "connection.connect_tcp.started":
                watcher.connecting()
            case "connection.connect_tcp.complete":
                watcher.connected()
            case "http11.send_request_headers.started":
                watcher.sending()

    return trace


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _origin(host: str, port: int) -> httpx.URL:
    try:
        url = httpx.URL(scheme="http", host=host, port=port, path="/")
        usable = bool(_HOST.fullmatch(host) or _is_ip(host)) and 0 < port < 65536
    except (httpx.InvalidURL, TypeError, UnicodeError):
        usable = False
    if not usable:
        raise ValueRefused(
            f"{host!r}, port {port}, is not the address of a camera: give a name or an IP address, "
            "without http://, and a port from 1 to 65535."
        )
    return url
