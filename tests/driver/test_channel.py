"""The two channels: order, short writes, descriptors, ends."""

from __future__ import annotations

import array
import asyncio
import os
import socket
import subprocess
import sys

import pytest

from indi_stx.driver.channel import PipeChannel, SocketChannel


async def test_bytes_and_ends_over_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        channel = SocketChannel(ours)
        assert channel.passes_descriptors
        theirs.sendall(b"hello")
        assert await channel.receive() == b"hello"
        channel.send(b"good day")
        assert theirs.recv(100) == b"good day"
        theirs.shutdown(socket.SHUT_WR)
        assert await channel.receive() == b""
        await channel.close()


async def test_short_writes_lose_nothing_and_keep_the_order() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    pieces = [bytes([i]) * (1 + 7919 * i) for i in range(60)]
    channel = SocketChannel(ours)
    for piece in pieces:
        channel.send(piece)
    received = bytearray()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    while len(received) < sum(map(len, pieces)):
        received += await loop.sock_recv(theirs, 5000)
    assert received == b"".join(pieces)
    await channel.drain()
    await channel.close()
    theirs.close()


async def test_descriptors_travel_once_with_their_first_byte() -> None:
    ours, theirs = socket.socketpair()
    channel = SocketChannel(ours)
    fd = os.memfd_create("frame")
    os.write(fd, b"pixels")
    channel.send(b"<setBLOBVector/>", [fd])
    os.close(fd)
    data, ancillary, _, _ = theirs.recvmsg(100, socket.CMSG_SPACE(16))
    assert data == b"<setBLOBVector/>"
    ((_, _, payload),) = ancillary
    (received,) = array.array("i", payload)
    assert os.pread(received, 100, 0) == b"pixels"
    os.close(received)
    await channel.close()
    theirs.close()


async def test_descriptors_of_unsent_messages_are_closed() -> None:
    ours, theirs = socket.socketpair()
    channel = SocketChannel(ours)
    channel.send(bytes(10_000_000))
    fd = os.memfd_create("never sent")
    channel.send(b"x", [fd])
    os.close(fd)
    await channel.close()
    theirs.close()


async def test_a_peer_that_is_gone_ends_the_channel_quietly() -> None:
    ours, theirs = socket.socketpair()
    channel = SocketChannel(ours)
    theirs.close()
    channel.send(b"anyone?")
    channel.send(b"no")
    await channel.drain()
    assert await channel.receive() == b""
    await channel.close()


async def test_pipes_carry_bytes_and_ends_but_no_descriptors() -> None:
    their_read, our_write = os.pipe()
    our_read, their_write = os.pipe()
    channel = PipeChannel(our_read, our_write)
    assert not channel.passes_descriptors
    with pytest.raises(ValueError, match="descriptors"):
        channel.send(b"x", [0])
    os.write(their_write, b"hello")
    assert await channel.receive() == b"hello"
    channel.send(b"good ")
    channel.send(b"day")
    await channel.drain()
    assert os.read(their_read, 100) == b"good day"
    os.close(their_write)
    assert await channel.receive() == b""
    await channel.close()
    for fd in (their_read, our_write, our_read):
        os.close(fd)


def test_nothing_but_the_protocol_reaches_standard_output() -> None:
    code = """
import asyncio, os
from indi_stx.driver.channel import open_stdio
async def main():
    channel = open_stdio()
    print("a stray print", flush=True)
    os.write(1, b"a stray C library")
    channel.send(b"<protocol/>")
    await channel.drain()
    assert await channel.receive() == b"<in/>"
    await channel.close()
asyncio.run(main())
"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
        )
        ours.sendall(b"<in/>")
        _, stray = process.communicate()
        assert process.returncode == 0, stray
        assert ours.recv(1000) == b"<protocol/>"
        assert b"a stray print" in stray
        assert b"a stray C library" in stray
    piped = subprocess.run(
        [sys.executable, "-c", code], input=b"<in/>", capture_output=True, check=True
    )
    assert piped.stdout == b"<protocol/>"
    assert b"a stray print" in piped.stderr
