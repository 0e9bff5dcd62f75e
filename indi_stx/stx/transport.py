"""HTTP to the camera: the only module that uses httpx; it turns httpx's errors into ours.

Every request has a connection of its own, because the camera closes it after each answer (STX API,
"HTTP Version"). Proxies, environment variables, cookies and redirects are not used: no camera needs
them. There are no time limits here: `link` sets them, because they change while a request is under
way.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from indi_stx.errors import CameraError, CameraTimeout
from indi_stx.stx.address import check_address, no_address
from indi_stx.stx.answers import Answer, Head, SocketAnswer
from indi_stx.stx.failures import closed_by_us, dropped, not_a_camera, not_connected
from indi_stx.stx.interruptible import InterruptibleConnection
from indi_stx.stx.progress import Progress, ProgressInThread
from indi_stx.stx.replies import excerpt

HttpTransport = httpx.AsyncBaseTransport
"""Sends requests; httpx has some that need no network, and documents how to write others."""

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
"""The roots of httpx's exceptions."""

log = logging.getLogger(__name__)

_HUNG_UP = "Server disconnected"  # httpcore's words for a stream that ends before any answer


class Connections:
    """All connections to one camera.

    Args:
        host: name or IP address.
        port: of the camera's web server.
        transport: used instead of the network; closed by `aclose`.

    Attributes:
        have_sockets: whether `open_socket` can be used; only the network has sockets.

    Raises:
        ValueRefused: `host` and `port` cannot be an address.
    """

    def __init__(self, host: str, port: int, transport: HttpTransport | None = None) -> None:
        self.place = f"{host}:{port}"
        self.have_sockets = transport is None
        self._origin = _origin(host, port)
        self._answered_from: str | None = None
        self._with_socket: set[InterruptibleConnection] = set()
        # An empty context: the default one loads all certificates, but there is no TLS here.
        network: Any = {
            "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            "trust_env": False,
            "limits": httpx.Limits(max_connections=None, max_keepalive_connections=0),
        }
        # httpx gives up after 5 s unless it is told not to; `link` sets the limits.
        options: Any = {"trust_env": False, "follow_redirects": False, "timeout": None}
        self._client = httpx.AsyncClient(
            transport=transport or httpx.AsyncHTTPTransport(**network), **options
        )
        # Never closed: it keeps no connections, and open ones belong to their threads.
        self._blocking = httpx.Client(transport=httpx.HTTPTransport(**network), **options)

    async def aclose(self) -> None:
        """Close every connection; requests under way end with CameraUnreachable."""
        for connection in self._with_socket:
            connection.end()
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def open(self, request: str, progress: Progress) -> AsyncIterator[Answer]:
        """Send a request and wait for the head of its answer; leaving closes the connection.

        Raises:
            CameraUnreachable: no connection, or it broke before the head was complete.
            CameraReplyInvalid: the answer is not HTTP.
        """

        async def trace(event: str, _info: dict[str, Any]) -> None:
            _tell(progress, event)

        with mapped(self.place, request):
            response = await self._client.send(self._get(request, trace), stream=True)
        self._answered_from = _peer(response) or self._answered_from
        arriving = _whole(response) if response.is_stream_consumed else response.aiter_raw()

        async def next_chunk() -> bytes | None:
            with mapped(self.place, request, body=True):
                return await anext(arriving, None)

        try:
            yield Answer(_head(response), next_chunk)
        finally:
            await _close(response, arriving)

    @contextlib.asynccontextmanager
    async def open_socket(
        self, request: str, progress: Progress, connect_s: float
    ) -> AsyncIterator[SocketAnswer]:
        """Like `open`, in threads.

        A thread cannot be woken while it connects, nor can it try several addresses at once. So it
        uses the address that answered the last command, if there was one, and limits each attempt
        to `connect_s`; the caller's time limit says when to stop trying.
        """
        connection = InterruptibleConnection(self.place, request)
        self._with_socket.add(connection)
        try:
            send = functools.partial(
                self._send, request, connection, ProgressInThread(progress), connect_s
            )
            response = await connection.run(send)
            arriving = response.iter_raw()

            def next_chunk() -> bytes | None:
                with mapped(self.place, request, body=True):
                    return next(arriving, None)

            yield SocketAnswer(_head(response), next_chunk, connection)
        finally:
            self._with_socket.discard(connection)
            connection.close()

    def _send(
        self,
        request: str,
        connection: InterruptibleConnection,
        progress: ProgressInThread,
        connect_s: float,
    ) -> httpx.Response:
        """Return the answer's head; blocking."""

        def trace(event: str, info: dict[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                connection.made(info["return_value"].get_extra_info("socket"))
            _tell(progress, event)

        http_request = self._get(request, trace, self._answered_from)
        http_request.extensions["timeout"] = {"connect": connect_s}
        with mapped(self.place, request):
            while True:
                try:
                    response = self._blocking.send(http_request, stream=True)
                except httpx.ConnectTimeout:
                    if connection.is_ended:
                        raise
                else:
                    connection.resources.callback(response.close)
                    return response

    def _get(self, request: str, trace: Any, address: str | None = None) -> httpx.Request:
        uri = request.encode("ascii")
        url = self._origin.copy_with(raw_path=uri)  # for messages; httpx changes characters in it
        return httpx.Request(
            "GET",
            url if address is None else url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii"), "Connection": "close"},
            extensions={"target": uri, "trace": trace},
        )


@contextlib.contextmanager
def mapped(place: str, request: str, *, body: bool = False) -> Iterator[None]:
    """Turn whatever httpx raises inside the block into a CameraError."""
    try:
        yield
    except (*HTTPX_ERRORS, OSError, UnicodeError) as error:
        # The sentence of our error says it all; httpx's own story would bury it under 70 lines.
        log.debug("%s%s: %r", place, request, error)
        raise camera_error(error, place, request, body=body) from None


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


def _head(response: httpx.Response) -> Head:
    content_type = response.headers.get("content-type", "")
    length = response.headers.get("content-length", "")
    return Head(
        response.status_code,
        content_type.partition(";")[0].strip().lower(),
        int(length) if length.isdecimal() else None,
        "transfer-encoding" in response.headers,
    )


async def _whole(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the body of an answer that a transport made itself, without a network."""
    yield response.content


async def _close(response: httpx.Response, arriving: AsyncIterator[bytes]) -> None:
    """Close the connection.

    httpx reads through nested generators. If they were left unfinished, asyncio would close each
    later in a task of its own; reading on, over the closed connection, ends them here.
    """
    await response.aclose()
    with contextlib.suppress(*HTTPX_ERRORS):
        async for _ in arriving:
            pass


def _peer(response: httpx.Response) -> str | None:
    """Return the IP address that answered; None when another transport does not say."""
    stream = response.extensions.get("network_stream")
    match stream.get_extra_info("server_addr") if stream else None:
        case (str(host), int()) | (str(host), int(), int(), 0):  # IPv4, IPv6 without a scope
            return host
    return None


def _tell(progress: Progress | ProgressInThread, event: str) -> None:
    """Pass on an event of httpcore (documented as the "trace" extension)."""
    match event:
        case "connection.connect_tcp.started":
            progress.connecting()
        case "connection.connect_tcp.complete":
            progress.connected()
        case "http11.send_request_headers.started":
            progress.sending()


def _origin(host: str, port: int) -> httpx.URL:
    check_address(host, port)
    try:
        return httpx.URL(scheme="http", host=host, port=port, path="/")
    except (httpx.InvalidURL, UnicodeError):  # not a name that could be looked up
        raise no_address(host, port) from None
