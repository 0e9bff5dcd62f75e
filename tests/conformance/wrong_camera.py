"""Cameras that are wrong in one respect: a server before a simulated one that changes bytes."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


def _same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Wrong:
    """What to change on the way: the request, the whole answer, or only its body."""

    request: Callable[[bytes], bytes] = _same
    answer: Callable[[bytes], bytes] = _same
    body: Callable[[bytes], bytes] = _same
    keep_open: bool = False

    def reply(self, received: bytes) -> bytes:
        head, gap, body = received.partition(b"\r\n\r\n")
        changed = self.body(body)
        if changed != body:
            length = b"Content-Length: %d" % len(changed)
            head = re.sub(rb"Content-Length: \d+", length, head)
        return self.answer(head + gap + changed)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = self.request.recv(65536)
            if not piece:
                return
            request += piece
        self.request.sendall(self.server.respond(request))
        if self.server.keep_open:
            self.request.recv(1)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    block_on_close = True
    respond: Callable[[bytes], bytes]
    keep_open = False


@contextmanager
def serving(respond: Callable[[bytes], bytes], keep_open: bool = False) -> Iterator[str]:
    """Answer every request with what `respond` returns; yields the URL."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.respond, server.keep_open = respond, keep_open
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def forward(port: int, request: bytes) -> bytes:
    """Return the answer of the camera at `port`."""
    with socket.create_connection(("127.0.0.1", port)) as camera:
        camera.sendall(request)
        pieces = []
        while piece := camera.recv(262_144):
            pieces.append(piece)
    return b"".join(pieces)


@contextmanager
def wrong_camera(port: int, wrong: Wrong) -> Iterator[str]:
    """Stand before the simulated camera at `port`."""

    def respond(request: bytes) -> bytes:
        return wrong.reply(forward(port, wrong.request(request)))

    with serving(respond, wrong.keep_open) as url:
        yield url
