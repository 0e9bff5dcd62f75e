"""Channels: bytes and file descriptors between the driver and whoever started it.

indiserver 1.9.7 and newer gives a local driver ONE stream socket on both fd 0 and fd 1, over which
descriptors can travel with SCM_RIGHTS; older servers and shells give pipes or a terminal. Nothing
but the protocol may reach fd 1: `open_stdio` takes it away from `print()`.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import logging
import os
import socket
import stat
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

logger = logging.getLogger(__name__)

READ_BYTES = 65536


class Channel(ABC):
    """A stream in both directions; `send` never blocks and keeps the order.

    Attributes:
        passes_descriptors: whether `send` may carry file descriptors.
        broken: whether the peer has gone, so that what is sent goes nowhere.
    """

    passes_descriptors: bool
    broken: bool = False

    @abstractmethod
    async def receive(self) -> bytes:
        """Return the next bytes from the peer; empty once the stream has ended or broken."""

    @abstractmethod
    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Queue bytes; descriptors are duplicated at once and travel with the first byte."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until the operating system has taken everything queued, or the peer is gone."""

    @abstractmethod
    async def close(self) -> None:
        """Close the stream and drop what is still queued."""


class NoChannel(Channel):
    """A channel without a peer, for inspecting a device without running it."""

    passes_descriptors = False

    async def receive(self) -> bytes:
        """Report the end of the stream at once."""
        return b""

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Drop the bytes."""

    async def drain(self) -> None:
        """Nothing is ever queued."""

    async def close(self) -> None:
        """Nothing is held."""


class SocketChannel(Channel):
    """A connected stream socket; descriptors pass when it is a unix socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self.passes_descriptors = sock.family == socket.AF_UNIX
        self._queue: deque[tuple[memoryview, tuple[int, ...]]] = deque()
        self._waiting_writable = False
        self._drained = asyncio.Event()
        self._drained.set()

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""
        data = b""
        with contextlib.suppress(OSError):
            data = await asyncio.get_running_loop().sock_recv(self._sock, READ_BYTES)
        self.broken |= not data
        return data

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Queue bytes, and descriptors with the first byte."""
        if self.broken or not data:
            return
        self._queue.append((memoryview(data), tuple(os.dup(fd) for fd in fds)))
        self._drained.clear()
        if not self._waiting_writable:
            self._flush()

    async def drain(self) -> None:
        """Wait until nothing is queued."""
        await self._drained.wait()

    async def close(self) -> None:
        """Drop what is queued and close the socket."""
        self._give_up()
        self._sock.close()

    def _flush(self) -> None:
        """Send until the kernel's buffer is full or nothing is left."""
        try:
            while self._queue:
                self._send_some(*self._queue.popleft())
        except BlockingIOError:
            self._wait_writable(True)
        except OSError as error:
            logger.info("the server closed the connection: %s", error)
            self._give_up()
        else:
            self._wait_writable(False)
            self._drained.set()

    def _send_some(self, data: memoryview, fds: tuple[int, ...]) -> None:
        """Send one piece; requeue first, without descriptors, what the kernel did not take."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            sent = self._sock.sendmsg([data], rights)
        except BlockingIOError:
            self._queue.appendleft((data, fds))
            raise
        for fd in fds:
            os.close(fd)
        if sent < len(data):
            self._queue.appendleft((data[sent:], ()))

    def _wait_writable(self, waiting: bool) -> None:
        loop = asyncio.get_running_loop()
        if waiting and not self._waiting_writable:
            loop.add_writer(self._sock, self._flush)
        elif self._waiting_writable and not waiting:
            loop.remove_writer(self._sock)
        self._waiting_writable = waiting

    def _give_up(self) -> None:
        self.broken = True
        self._wait_writable(False)
        for _, fds in self._queue:
            for fd in fds:
                os.close(fd)
        self._queue.clear()
        self._drained.set()


class PipeChannel(Channel):
    """Two blocking descriptors: pipes, a terminal, or files.

    Each direction has a thread, because files and terminals cannot be waited for otherwise, and
    making a shared terminal non-blocking would change it for everyone else.
    """

    passes_descriptors = False

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._loop = asyncio.get_running_loop()
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._outgoing: deque[bytes] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._drained = asyncio.Event()
        self._drained.set()
        for job in (self._read, self._write):
            threading.Thread(target=job, name=f"pipe {job.__name__}", daemon=True).start()

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return await self._incoming.get()

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Queue bytes; a pipe carries no descriptors (ValueError)."""
        if fds:
            raise ValueError("a pipe carries no descriptors")
        self._drained.clear()
        with self._wake:
            self._outgoing.append(data)
            self._wake.notify()

    async def drain(self) -> None:
        """Wait until nothing is queued."""
        await self._drained.wait()

    async def close(self) -> None:
        """Drop what is queued and end the writing thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        # The reading thread may be blocked in os.read: it is a daemon and keeps its descriptor.

    def _read(self) -> None:
        data = b"-"
        while data:
            try:
                data = os.read(self._read_fd, READ_BYTES)
            except OSError:
                data = b""
            self._tell(self._incoming.put_nowait, data)

    def _write(self) -> None:
        while (data := self._next()) is not None:
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._write_fd, view) :]
            except OSError as error:
                logger.info("the server closed the pipe: %s", error)
                self.broken = True
                self._tell(self._incoming.put_nowait, b"")
        self._tell(self._drained.set)

    def _next(self) -> bytes | None:
        with self._wake:
            while not self._outgoing and not self._closed:
                self._tell(self._set_drained)
                self._wake.wait()
            return None if self._closed else self._outgoing.popleft()

    def _set_drained(self) -> None:
        if not self._outgoing:
            self._drained.set()

    def _tell(self, what: object, *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody listens any more
            self._loop.call_soon_threadsafe(what, *args)  # type: ignore[arg-type]


def open_stdio() -> Channel:
    """Take standard input and output as the channel; later prints go to standard error."""
    read_fd, write_fd = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    if _same_socket(read_fd, write_fd):
        os.close(read_fd)
        return SocketChannel(socket.socket(fileno=write_fd))
    return PipeChannel(read_fd, write_fd)


def _same_socket(read_fd: int, write_fd: int) -> bool:
    ours = os.fstat(write_fd)
    return stat.S_ISSOCK(ours.st_mode) and os.path.samestat(ours, os.fstat(read_fd))
