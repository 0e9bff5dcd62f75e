"""How long a full frame takes from the socket into a FITS file in memory, in several ways.

    python benchmarks/stream.py [runs]

A process of its own sends the same 33.5 MB with sendfile(2), answering every request; nothing else
of a camera is in the way. The ways are measured in turn, and each prints its median time, its
processor time and the longest pause of the event loop, with ratios to the first one.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from indi_stx.images.frame import FITS_BLOCK, FrameReceiver
from indi_stx.images.memory import create_memory_file
from indi_stx.stx import Camera

ROWS = COLS = 4096
BYTES = ROWS * COLS * 2
HEADER = b" " * (3 * FITS_BLOCK)
SIGN_BIT = np.uint16(0x8000)
PIECE = 1 << 18

SERVER = """
import os, socket, sys
size = int(sys.argv[1])
pixels = os.memfd_create("frame")
os.posix_fallocate(pixels, 0, size)
kind = "Content-Type: application/octet-stream"
head = f"HTTP/1.0 200 OK\\r\\n{kind}\\r\\nContent-Length: {size}\\r\\n\\r\\n"
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    while True:
        client, _ = server.accept()
        with client:
            if client.recv(65536):
                client.sendall(head.encode())
                done = 0
                while done < size:
                    done += os.sendfile(client.fileno(), pixels, done, size - done)
"""


Close = Callable[[], None]
"""Gives back what a way has filled, which is not measured."""


class FitsMemory:
    """A `Sink`: the memory of a FITS file, whose pixels are converted as they come.

    Args:
        populated: whether all pages are there before the first byte comes.
    """

    def __init__(self, *, populated: bool) -> None:
        size = len(HEADER) + -(-BYTES // FITS_BLOCK) * FITS_BLOCK
        self._fd = create_memory_file("benchmark", size)
        flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if populated else 0)
        self._map = mmap.mmap(self._fd, size, flags=flags)
        self._map[: len(HEADER)] = HEADER
        self._received = 0
        self._converted = 0

    def buffer(self) -> memoryview:
        """Offer so little that it is still in the processor's cache when it is converted."""
        start = len(HEADER) + self._received
        with memoryview(self._map) as whole:
            return whole[start : start + min(PIECE, BYTES - self._received)]

    def advance(self, count: int) -> None:
        """Convert what is due."""
        self._received += count
        if self._received - self._converted >= PIECE or self._received == BYTES:
            pixels = (self._received - self._converted) // 2
            place = np.frombuffer(self._map, "<u2", pixels, len(HEADER) + self._converted)
            np.bitwise_xor(place, SIGN_BIT, out=place)
            place.byteswap(inplace=True)
            self._converted += 2 * pixels

    def close(self) -> None:
        """Give the memory back."""
        assert self._converted == BYTES
        self._map.close()
        os.close(self._fd)


class Figures(NamedTuple):
    """What one frame took."""

    time_ms: float
    processor_ms: float
    pause_ms: float


async def bare(port: int) -> Close:
    """Receive and forget, in a thread: what no client can beat."""

    def receive() -> None:
        place = bytearray(PIECE)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while connection.recv_into(place):
                pass

    await asyncio.to_thread(receive)
    return lambda: None


async def by_chunks(port: int) -> Close:
    """The event loop receives, the chunks are copied."""
    receiver = FrameReceiver(HEADER, ROWS, COLS)
    async with (
        Camera("127.0.0.1", port, command_gap_s=0) as camera,
        camera.imager.open_data(BYTES) as chunks,
    ):
        async for chunk in chunks:
            receiver.receive(chunk)
    assert not receiver.missing
    return receiver.discard


async def into_memory(port: int, memory: FitsMemory | None = None) -> Close:
    """A thread receives into the memory."""
    memory = memory or FitsMemory(populated=False)
    async with Camera("127.0.0.1", port, command_gap_s=0) as camera:
        await camera.imager.receive_data(BYTES, memory)
    return memory.close


async def watch(pauses: list[float]) -> None:
    """Note how late the event loop comes back."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        pauses.append(1000 * (time.perf_counter() - before) - 1)


async def measure(way: Callable[[], Awaitable[Close]]) -> Figures:
    """Return what one frame takes."""
    pauses: list[float] = []
    watching = asyncio.create_task(watch(pauses))
    await asyncio.sleep(0.05)
    pauses.clear()
    processor, began = time.process_time(), time.perf_counter()
    close = await way()
    took, used = time.perf_counter() - began, time.process_time() - processor
    await asyncio.sleep(0.005)
    watching.cancel()
    close()
    return Figures(1000 * took, 1000 * used, max(pauses))


def main(runs: int) -> None:
    """Measure all ways in turn and print the medians."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(BYTES)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            asyncio.run(compare(int(server.stdout.readline()), runs))
        finally:
            server.terminate()


async def compare(port: int, runs: int) -> None:
    """Measure the ways against the server at `port`."""
    found: dict[str, list[Figures]] = {}
    for run in range(runs + 1):
        ways: dict[str, Callable[[], Awaitable[Close]]] = {
            "open_data, chunks copied": partial(by_chunks, port),
            "receive_data, memory of the moment": partial(into_memory, port),
            "receive_data, populated before": partial(
                into_memory, port, FitsMemory(populated=True)
            ),
            "received by a thread and forgotten": partial(bare, port),
        }
        for name, way in ways.items():
            figures = await measure(way)
            if run:  # the first one warms up
                found.setdefault(name, []).append(figures)
    print(f"{BYTES / 1e6:.1f} MB on loopback, medians of {runs}:")
    print(f"{'':36} {'time':>14} {'processor':>14} {'loop pause':>11}")
    first: Figures | None = None
    for name, all_figures in found.items():
        medians = Figures(*map(statistics.median, zip(*all_figures, strict=True)))
        first = first or medians
        print(
            f"{name:36} {medians.time_ms:5.0f} ms ({medians.time_ms / first.time_ms:.2f})"
            f" {medians.processor_ms:5.0f} ms ({medians.processor_ms / first.processor_ms:.2f})"
            f" {medians.pause_ms:8.1f} ms"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
