"""Ways to a server: TCP, from anywhere, and the unix socket of the same machine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from indi_stx.client.connection import Connection, open_tcp, open_unix
from indi_stx.client.wire_client import LIMIT_S, WireClient


@contextlib.asynccontextmanager
async def tcp_client(
    host: str, port: int = 7624, *, device: str, limit_s: float = LIMIT_S
) -> AsyncIterator[WireClient]:
    """Connect over TCP until the end of the block; BLOBs come as base64 and are decoded.

    `device` is the one that is meant wherever none is named, `limit_s` how long to wait for
    anything unless a call says otherwise.

    Raises:
        ServerLost: nobody answers there.
    """
    async with _client(await open_tcp(host, port, limit_s), device, limit_s) as client:
        yield client


@contextlib.asynccontextmanager
async def unix_client(
    path: str = "/tmp/indiserver", *, device: str, limit_s: float = LIMIT_S
) -> AsyncIterator[WireClient]:
    """Connect over indiserver's abstract unix socket, else as `tcp_client`.

    BLOBs that a driver hands over by descriptor come without a copy, as a view of its memory.
    """
    async with _client(await open_unix(path, limit_s), device, limit_s) as client:
        yield client


@contextlib.asynccontextmanager
async def _client(connection: Connection, device: str, limit_s: float) -> AsyncIterator[WireClient]:
    client = WireClient(connection, device, limit_s)
    try:
        yield client
    finally:
        await client.close()
