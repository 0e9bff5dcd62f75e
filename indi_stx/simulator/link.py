"""The camera's network link: paced, in sends of at most 16384 bytes.

Plain non-blocking sockets instead of streams, because asyncio's transports may merge writes into
larger sends, and because faults reset connections.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time

MAX_SEND_BYTES = 16384
PACING_SLACK_S = 0.004


class Link:
    """Shared by all connections of one camera; both attributes may change at any time.

    Attributes:
        bytes_per_s: None sends as fast as it goes.
        latency_s: round trip; whoever serves a request waits half of it either way.
    """

    def __init__(self, bytes_per_s: float | None = None, latency_s: float = 0.0) -> None:
        self.bytes_per_s = bytes_per_s
        self.latency_s = latency_s
        self._free_at = 0.0

    async def send(self, connection: socket.socket, data: bytes | memoryview) -> None:
        """Send all of it, as fast as the link and the client allow."""
        loop = asyncio.get_running_loop()
        view = memoryview(data)
        for first in range(0, len(view), MAX_SEND_BYTES):
            piece = view[first : first + MAX_SEND_BYTES]
            await self._wait_for(len(piece))
            await loop.sock_sendall(connection, piece)

    async def _wait_for(self, size: int) -> None:
        """Wait until the link is free, and book it; always lets other tasks run."""
        if not self.bytes_per_s:
            await asyncio.sleep(0)
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - PACING_SLACK_S) + size / self.bytes_per_s
        wait_s = self._free_at - now
        await asyncio.sleep(wait_s if wait_s > PACING_SLACK_S / 2 else 0)


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
