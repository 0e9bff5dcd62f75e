"""A camera on a fake clock, asked without sockets, and raw sockets for a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.exposure import Exposure
from indi_stx.simulator.http_message import Reply, parse_request_line
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.other_program import OtherProgram
from indi_stx.simulator.routes import Routes
from indi_stx.simulator.server import SimulatorServer


class BenchClock:
    """Time that passes only when told; sleeping passes it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Bench:
    """A camera and its calls; exposures are developed when `advance` passes their end."""

    camera: SimulatedCamera
    clock: BenchClock
    routes: Routes
    other_program: OtherProgram
    running: list[tuple[Ccd, Exposure]] = field(default_factory=list)

    def ask(self, call: str) -> Reply:
        self.other_program.before(f"/api/{call.partition('?')[0]}")
        return self.routes.answer(parse_request_line(f"GET /api/{call} HTTP/1.0".encode("latin-1")))

    def lines(self, call: str) -> list[str]:
        reply = self.ask(call)
        assert reply.status == 200, bytes(reply.body)
        text = bytes(reply.body).decode("latin-1")
        assert text == "" or text.endswith("\r\n")
        return text.split("\r\n")[:-1]

    def code(self, call: str) -> str:
        """Return the error code of a refusal, "" when the call was accepted."""
        reply = self.ask(call)
        return "" if reply.status == 200 else bytes(reply.body).decode().split("\r\n")[0]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.other_program.act()
        for ccd, exposure in list(self.running):
            if self.camera.time.now() >= exposure.shutter_closes_at:
                self.running.remove((ccd, exposure))
                if ccd.awaits(exposure):
                    ccd.deliver(ccd.develop(exposure))

    def expose(self, ccd: Ccd, duration_s: float, frame_type: int = 1) -> None:
        """Take a frame through to the image buffer."""
        prefix = {"imager": "Imager", "guider": "Guider", "external-guider": "ExtGuider"}[ccd.name]
        call = f"{prefix}StartExposure.cgi?Duration={duration_s}&FrameType={frame_type}"
        assert self.lines(call) == []
        self.advance(duration_s)
        self.advance(10.0)
        assert self.lines(f"{prefix}ImageReady.cgi") == ["1"]


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    def make(**options: object) -> Bench:
        clock = BenchClock()
        camera = SimulatedCamera(SimulatorOptions(**options), clock)  # type: ignore[arg-type]
        routes = Routes(camera)
        other_program = OtherProgram(camera, routes)
        bench = Bench(camera, clock, routes, other_program)

        def apply_faults() -> None:
            camera.apply_faults()
            other_program.notice_faults()

        camera.faults.on_change = apply_faults
        for ccd in camera.ccds.values():
            ccd.on_start = lambda ccd, exposure: bench.running.append((ccd, exposure))
        return bench

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """A whole STX-16803 on a fake clock."""
    return make_bench()


@dataclass
class Wire:
    """A running server and raw connections to it."""

    server: SimulatorServer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.server.host, self.server.port)

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes, end sending, and return all that comes back."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()

    async def get(self, call: str) -> bytes:
        """Return the body of a call."""
        reply = await self.exchange(f"GET /api/{call} HTTP/1.0\r\n\r\n".encode("latin-1"))
        return reply.partition(b"\r\n\r\n")[2]

    async def take(self, prefix: str, duration_s: float = 0.01, frame_type: int = 1) -> bytes:
        """Take a frame and return its bytes."""
        start = f"{prefix}StartExposure.cgi?Duration={duration_s}&FrameType={frame_type}"
        assert await self.get(start) == b""
        await self.ready(prefix)
        return await self.get(f"{prefix}Data.bin")

    async def ready(self, prefix: str) -> None:
        """Wait until a CCD has a frame."""
        for _ in range(10_000):
            if await self.get(f"{prefix}ImageReady.cgi") == b"1\r\n":
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{prefix} has no frame.")


@pytest.fixture
async def make_wire() -> AsyncIterator[Callable[..., asyncio.Future[Wire]]]:
    servers: list[SimulatorServer] = []

    async def make(**options: object) -> Wire:
        options.setdefault("overload_delay_s", 0.0)
        server = SimulatorServer(SimulatorOptions(**options))  # type: ignore[arg-type]
        servers.append(server)
        await server.start()
        return Wire(server)

    yield make
    for server in servers:
        await server.close()


@pytest.fixture
async def wire(make_wire: Callable[..., asyncio.Future[Wire]]) -> Wire:
    """An STX-16803 whose time runs 50 times as fast, served on a free port."""
    return await make_wire(time_scale=50.0)
