"""Ways to a server, and what is said when there is none."""

from __future__ import annotations

import socket

import pytest

from indi_stx.client import tcp_client, unix_client
from indi_stx.errors import ServerLost
from indi_stx.indi import Message, encode
from tests.harness.peers import closed_port

HELLO = Message("Hello.", "Camera")


async def test_over_tcp_by_name() -> None:
    """A name may have several addresses, of which only one answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with tcp_client("localhost", port, device="Camera") as client:
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(encode(HELLO))
                assert await client.until(lambda m: True) == HELLO


async def test_over_the_abstract_unix_socket() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("")  # Linux chooses an abstract name
        listener.listen()
        name = listener.getsockname()[1:].decode()
        async with unix_client(name, device="Camera") as client:
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(encode(HELLO))
                assert await client.until(lambda m: True) == HELLO


async def test_nobody_at_a_port() -> None:
    with closed_port() as port, pytest.raises(ServerLost, match=f"port {port}: .*refused"):
        async with tcp_client("127.0.0.1", port, device="Camera"):
            pass


async def test_no_such_host() -> None:
    with pytest.raises(ServerLost, match=r"No INDI server at no-such-host\.invalid, port 7624"):
        async with tcp_client("no-such-host.invalid", device="Camera"):
            pass


async def test_nobody_at_a_unix_socket() -> None:
    with pytest.raises(ServerLost, match=r"unix socket @nobody-here: .*refused"):
        async with unix_client("nobody-here", device="Camera"):
            pass


async def test_a_server_that_does_not_accept() -> None:
    """A full backlog, as of a server that hangs, leaves connections without an answer."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind("")
        listener.listen(0)
        first.connect(listener.getsockname())
        name = listener.getsockname()[1:].decode()
        with pytest.raises(ServerLost, match=f"unix socket @{name}"):
            async with unix_client(name, device="Camera", limit_s=0.05):
                pass
