"""A stream to an INDI server: bytes out, bytes and file descriptors in.

indiserver listens on TCP and on an abstract unix socket (`-u`, "/tmp/indiserver" by default). Only
over the unix socket can the BLOBs of a driver come as descriptors, with SCM_RIGHTS.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable

from indi_stx.errors import ClientError, ServerLost

RECEIVE_BYTES = 1 << 20
MAX_DESCRIPTORS = 16
"""As many as indiserver gives with one message."""

LOOK_S = 0.01


class Connection:
    """A connected stream socket, which now belongs to this object."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._sending = asyncio.Lock()
        self._descriptors: deque[int] = deque()

    async def send(self, data: bytes) -> None:
        """Send bytes; those of two tasks are never mixed.

        Raises:
            ServerLost: the server has closed the connection.
        """
        async with self._sending:
            try:
                await asyncio.get_running_loop().sock_sendall(self._sock, data)
            except OSError as error:
                raise ServerLost(f"The INDI server hung up: {error}.") from error

    async def receive(self) -> bytes:
        """Return the next bytes, empty at the end; keep the descriptors that came with them."""
        while True:
            try:
                return self._receive_now()
            except BlockingIOError:
                await self._readable()
            except OSError:
                return b""

    def take_descriptor(self) -> int:
        """Return the first of the descriptors that came; it belongs to the caller from now on.

        Raises:
            ClientError: none is left.
        """
        if not self._descriptors:
            raise ClientError("A BLOB should have come with a file descriptor, but it did not.")
        return self._descriptors.popleft()

    def close(self) -> None:
        """Let go of the socket and of the descriptors that nobody has taken."""
        self._sock.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def _receive_now(self) -> bytes:
        integers = array.array("i")
        room = socket.CMSG_SPACE(MAX_DESCRIPTORS * integers.itemsize)
        flags = socket.MSG_CMSG_CLOEXEC
        data, ancillary, _, _ = self._sock.recvmsg(RECEIVE_BYTES, room, flags)
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                integers.frombytes(payload[: len(payload) - len(payload) % integers.itemsize])
        self._descriptors.extend(integers)
        return data

    async def _readable(self) -> None:
        """Wait until the socket has something to say."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._sock, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._sock)


async def open_tcp(host: str, port: int, limit_s: float) -> Connection:
    """Connect over TCP, trying every address of the host.

    Raises:
        ServerLost: nobody answers there within `limit_s` seconds.
    """
    return await _opened(lambda: _connect_tcp(host, port), f"{host}, port {port}", limit_s)


async def open_unix(path: str, limit_s: float) -> Connection:
    """Connect to an abstract unix socket; `path` is its name without the leading zero byte.

    Raises:
        ServerLost: nobody listens there, or does not accept within `limit_s` seconds.
    """
    return await _opened(lambda: _connect_unix(path), f"the unix socket @{path}", limit_s)


async def _opened(
    connect: Callable[[], Awaitable[socket.socket]], where: str, limit_s: float
) -> Connection:
    try:
        async with asyncio.timeout(limit_s):
            return Connection(await connect())
    except TimeoutError:
        reason = f"no answer in {limit_s:g} s"
    except socket.gaierror as error:
        reason = str(error.strerror)
    except OSError as error:
        # asyncio puts words of its own into the error.
        reason = os.strerror(error.errno) if error.errno else str(error)
    raise ServerLost(f"No INDI server at {where}: {reason}. Is indiserver running?")


async def _connect_tcp(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    failed = OSError(errno.EADDRNOTAVAIL, "no address")
    for family, _, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with contextlib.ExitStack() as closing:
            sock = closing.enter_context(socket.socket(family))
            sock.setblocking(False)
            try:
                await loop.sock_connect(sock, address)
            except OSError as error:
                failed = error
            else:
                closing.pop_all()
                return sock
    raise failed


async def _connect_unix(path: str) -> socket.socket:
    with contextlib.ExitStack() as closing:
        sock = closing.enter_context(socket.socket(socket.AF_UNIX))
        sock.setblocking(False)
        while True:
            try:
                sock.connect(b"\0" + path.encode())
            except BlockingIOError:
                # Too many are waiting to be accepted. The loop's sock_connect would wait for the
                # socket to become writable, which it is, and call it connected.
                await asyncio.sleep(LOOK_S)
            else:
                closing.pop_all()
                return sock
