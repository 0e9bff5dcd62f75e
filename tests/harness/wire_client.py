"""The project's own client, as tests use it: on this machine, and patient when it is busy."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from indi_stx import client
from indi_stx.client import Seen, WireClient
from tests.harness.servers import DEVICE

__all__ = ["DEVICE", "LIMIT_S", "Seen", "WireClient", "tcp_client", "unix_client"]

LIMIT_S = 60.0
"""Only a test that fails waits so long."""


def tcp_client(port: int) -> AbstractAsyncContextManager[WireClient]:
    """Connect over TCP; BLOBs come as base64."""
    return client.tcp_client("127.0.0.1", port, device=DEVICE, limit_s=LIMIT_S)


def unix_client(path: str) -> AbstractAsyncContextManager[WireClient]:
    """Connect over indiserver's abstract unix socket; BLOBs come as descriptors."""
    return client.unix_client(path, device=DEVICE, limit_s=LIMIT_S)
