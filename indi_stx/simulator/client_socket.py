"""The socket of one client: receiving, and the ways in which a connection can end."""

from __future__ import annotations

import asyncio
import socket
from typing import NoReturn

from indi_stx.simulator.link import reset

LINGER_S = 0.5


class ConnectionDropped(Exception):
    """The connection was ended by a fault, without an answer."""


class ClientSocket:
    """A non-blocking socket of an accepted connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection

    async def receive(self) -> bytes:
        """Return what comes next, b"" when the client has ended sending."""
        return await asyncio.get_running_loop().sock_recv(self.socket, 65_536)

    def reset(self) -> None:
        """End it at once with a TCP reset."""
        if self.socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.socket.fileno())
            asyncio.get_running_loop().remove_writer(self.socket.fileno())
            reset(self.socket)

    def close(self) -> None:
        """Close it; harmless when it is closed."""
        self.socket.close()

    async def drop(self, how: str) -> NoReturn:
        """End it without an answer: by `reset`, an orderly `close`, or `silence` to the end."""
        if how == "reset":
            self.reset()
        while how == "silence" and await self.receive():
            pass
        raise ConnectionDropped

    async def end_sending(self, *, unread: bool) -> None:
        """End the reply; unread input is drained for a moment, else a reset would eat the reply."""
        self.socket.shutdown(socket.SHUT_WR)
        if unread:
            async with asyncio.timeout(LINGER_S):
                while await self.receive():
                    pass
