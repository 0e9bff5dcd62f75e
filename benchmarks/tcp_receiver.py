"""A TCP client that only notes when each BLOB has arrived.

It takes the time of the last byte and decodes nothing: what a client makes of the base64 is not the
driver's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator

BUFFER_BYTES = 1 << 20
END = b"</setBLOBVector>"
LIMIT_S = 120.0
TAIL_BYTES = 256
"""How far from the end of what was received the end of a BLOB is looked for."""


class TcpReceiver:
    """One connection to an indiserver, read by a thread.

    Args:
        port: of the server, on this machine.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._loop = asyncio.get_running_loop()
        self._arrivals: asyncio.Queue[float] = asyncio.Queue()
        self._thread = threading.Thread(target=self._receive, name="TCP receiver", daemon=True)
        self._thread.start()
        self._socket.sendall(b"<getProperties version='1.7'/>")

    def enable(self, device: str, policy: str) -> None:
        """Choose whether BLOBs of a device come (Only, Never); nothing else should come then."""
        self._socket.sendall(f"<enableBLOB device='{device}'>{policy}</enableBLOB>".encode())

    async def arrival_s(self) -> float:
        """Return when the next BLOB was complete, on the monotonic clock.

        Raises:
            TimeoutError: none came for a long time.
        """
        async with asyncio.timeout(LIMIT_S):
            return await self._arrivals.get()

    def close(self) -> None:
        """Hang up."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        buffer = bytearray(BUFFER_BYTES)
        tail = b""
        with memoryview(buffer) as view:
            while count := self._socket.recv_into(view):
                tail = (tail + view[max(0, count - TAIL_BYTES) : count])[-TAIL_BYTES:]
                if END in tail:
                    tail = b""
                    self._loop.call_soon_threadsafe(self._arrivals.put_nowait, time.monotonic())


@contextlib.asynccontextmanager
async def tcp_receiver(port: int) -> AsyncIterator[TcpReceiver]:
    """Connect until the end of the block."""
    receiver = TcpReceiver(port)
    try:
        yield receiver
    finally:
        receiver.close()
