"""Damaged answers by the thousand: the client returns a value or raises an error of the tree.

    python -m tests.stx.fuzz --replies 100000

Each call of the client is answered by a simulated camera, byte by byte as a network would, but with
random damage. The bytes pass through the whole of httpx and of the client. Now and then they come
over a real socket, because frames are received from it in a thread.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpcore
import httpx

from indi_stx.errors import CameraError
from indi_stx.simulator import exposure
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.http_message import parse_request_line, refusal
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.routes import Routes
from indi_stx.stx import Camera, FrameType, Geometry, RelayDirection, RelayPulse
from tests.harness.fake_clock import FakeClock
from tests.indi.fuzz import damage
from tests.stx.canned import canned_camera
from tests.stx.sinks import MappedSink

SMALL = Geometry(0, 0, 40, 30)
HANG_S = 60
LONGEST_ERROR = 1000
ON_A_SOCKET = 50
"""One reply in so many."""

SCRAPS = [
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\0", b" ", b":", b"/", b"0", b"1", b"9", b"-", b".", b"e"),
    *(
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/9.9 ",
        b"HTTP/1.0 204 x\r\n",
    ),
    *(b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", b"HTTP/1.0 99999 x\r\n\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999\r\n"),
    *(b"Content-Length: x\r\n", b"Content-Length: 3, 3\r\n", "Content-Length: ٣\r\n".encode()),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Connection: upgrade\r\n"),
    *(b"Content-Type: text/html\r\n", b"Content-Type: \xff\xfe\r\n", b"Set-Cookie: a=b\r\n"),
    *(b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"<!doctype html>", b"<html>"),
    *(b"0x80001008\r\nCamera is busy.\r\n", b"0xffffffff", b"0x", b"nan", b"inf", b"1e999", b"-0"),
    *("٣".encode(), b"\xb2", b"1_0", b"9" * 5000, b"x" * 70000, b"DATE-OBS= '", b"END" + b" " * 77),
]


class Bench:
    """A simulated camera without a network, whose replies are damaged on the way."""

    def __init__(self, chance: random.Random) -> None:
        self._clock = FakeClock()
        self._camera = SimulatedCamera(SimulatorOptions(model="STT-8300"), self._clock)
        self._routes = Routes(self._camera)
        self._chance = chance
        self.replies = 0
        for ccd in self._camera.ccds.values():
            ccd.geometry.num_x, ccd.geometry.num_y = SMALL.num_x, SMALL.num_y
            ccd.on_start = self._develop
            ccd.start(0.05, exposure.FrameType.DARK, "2026-03-14T21:00:00.000")

    def reply(self, request: bytes) -> bytes:
        """Return what the client gets to see of the answer to a request."""
        self.replies += 1
        answer = self._routes.answer(parse_request_line(request.split(b"\r\n", 1)[0]))
        if self._chance.randrange(10) == 0:
            answer = refusal(self._chance.choice(list(ErrorCode)))
        body = bytes(answer.compose() if answer.compose else answer.body)
        whole = answer.head(len(body)) + body
        self._clock.jump(10.0)
        if self._chance.randrange(8) == 0:
            return whole
        if self._chance.randrange(2):  # the head is where most of it is decided
            head, _, rest = whole.partition(b"\r\n\r\n")
            return damage(head + b"\r\n\r\n" + rest[:200], self._chance, SCRAPS) + rest[200:]
        return damage(whole, self._chance, SCRAPS)

    def pieces(self, reply: bytes) -> list[bytes]:
        """Cut a reply as a network does."""
        longest = self._chance.choice((1, 20, 1000, 100_000)) if len(reply) < 2000 else 10_000
        found, start = [], 0
        while start < len(reply):
            end = start + self._chance.randint(1, longest)
            found.append(reply[start:end])
            start = end
        return found

    def _develop(self, ccd: Ccd, started: exposure.Exposure) -> None:
        self._clock.jump(20.0)
        ccd.deliver(ccd.develop(started))


class Stream(httpcore.AsyncNetworkStream):
    """One connection: the request in, the damaged reply out, then the end."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._request = b""
        self._coming: list[bytes] | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._request += buffer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._coming is None:
            self._coming = self._bench.pieces(self._bench.reply(self._request))
        if not self._coming:
            return b""
        piece = self._coming.pop(0)
        if len(piece) > max_bytes:
            self._coming.insert(0, piece[max_bytes:])
        return piece[:max_bytes]

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class Network(httpcore.AsyncNetworkBackend):
    """Every address leads to the bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return Stream(self._bench)


def transport(bench: Bench) -> httpx.AsyncBaseTransport:
    """Return httpx's own transport over the bench."""
    found = httpx.AsyncHTTPTransport()
    found._pool = httpcore.AsyncConnectionPool(network_backend=Network(bench))
    return found


async def _read_all(chunks: contextlib.AbstractAsyncContextManager[AsyncIterator[bytes]]) -> bytes:
    async with chunks as pieces:
        return b"".join([piece async for piece in pieces])


async def _receive(receive: Callable[[MappedSink], Awaitable[None]]) -> bytes:
    sink = MappedSink()
    try:
        await receive(sink)
        return sink.content()
    finally:
        sink.close()


def calls(camera: Camera, chance: random.Random) -> list[Callable[[], Awaitable[Any]]]:
    """Return a way to make each call."""
    ccd = chance.choice((camera.imager, camera.guider, camera.external_guider))
    pulse = RelayPulse(RelayDirection.PLUS, 0.5)
    return [
        camera.description,
        camera.version_numbers,
        camera.filter_state,
        camera.get_filter_settings,
        lambda: camera.change_filter(chance.randint(0, 8)),
        lambda: camera.set_filter_names({2: chance.choice(("Red", "Ha"))}),
        lambda: camera.pulse_guide(y=pulse),
        camera.is_pulse_guiding,
        camera.pulse_time_remaining,
        lambda: camera.ao_guide(50, 60),
        camera.ao_status,
        camera.get_fits_settings,
        lambda: camera.set_fits_settings(object_name=chance.choice(("M 1", "M 2"))),
        ccd.get_settings,
        lambda: ccd.set_geometry(SMALL),
        ccd.state,
        ccd.image_ready,
        lambda: ccd.start_exposure(0.05, FrameType.LIGHT),
        ccd.abort_exposure,
        ccd.image_date_obs,
        *_downloads(ccd),
    ]


def _downloads(ccd: Any) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: _read_all(ccd.open_data(SMALL.data_bytes)),
        lambda: _read_all(ccd.open_fits()),
        lambda: _receive(lambda sink: ccd.receive_data(SMALL.data_bytes, sink)),
        lambda: _receive(ccd.receive_fits),
    ]


async def check(call: Callable[[], Awaitable[Any]]) -> str:
    """Make a call; return what came of it, or raise what is not of the tree."""
    try:
        result = await call()
    except CameraError as error:
        if len(str(error)) > LONGEST_ERROR:
            raise AssertionError("an error quotes too much") from error
        return type(error).__name__
    if isinstance(result, bytes):
        assert len(result) <= 200_000, "more than was ever sent"
    return "a value"


async def run(replies: int, seed: int, say: Callable[[str], None] = print) -> Counter[str]:
    """Make calls until there were enough damaged replies.

    Raises:
        Exception: whatever was neither a value nor a `CameraError`; says which case it was.
    """
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    bench, number = Bench(chance), 0
    async with Camera("camera", transport=transport(bench), command_gap_s=0.0) as camera:
        while bench.replies < replies:
            number += 1
            # A hang prints where it is and ends the process.
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            try:
                if number % ON_A_SOCKET:
                    outcomes[await check(chance.choice(calls(camera, chance)))] += 1
                else:
                    outcomes[await _check_on_a_socket(bench, chance)] += 1
            except Exception:
                say(f"--seed {seed}, call {number}")
                raise
            finally:
                faulthandler.cancel_dump_traceback_later()
    return outcomes


async def _check_on_a_socket(bench: Bench, chance: random.Random) -> str:
    """Let a frame come over the network."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces = bench.pieces(bench.reply(server.heads[-1].encode("latin-1")))
        await _send(writer, pieces)

    async with canned_camera() as server:
        server.standing = serve
        async with Camera(server.host, server.port, command_gap_s=0.0, timeout_s=20) as camera:
            return await check(chance.choice(_downloads(camera.imager)))


async def _send(writer: asyncio.StreamWriter, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


def main() -> int:
    """Check damaged replies until there were enough; 1 when one got through."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--replies", type=int, default=100_000, help="how many")
    options.add_argument("--seed", type=int, default=time.time_ns(), help="to repeat a run")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    began_s = time.monotonic()
    outcomes = asyncio.run(run(chosen.replies, chosen.seed))
    took_s = time.monotonic() - began_s
    print(f"{chosen.replies} damaged replies, {took_s:.0f} s: {dict(outcomes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
