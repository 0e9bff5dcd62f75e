"""The project's own client, as tests use it."""

from indi_stx.client.wire_client import DEVICE, Seen, WireClient, tcp_client, unix_client

__all__ = ["DEVICE", "Seen", "WireClient", "tcp_client", "unix_client"]
