"""The driver's devices on an in-memory channel, with a simulated camera and without indiserver."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable

from astropy.io import fits

from indi_stx.camera.devices import CameraDevice
from indi_stx.driver.device import Device
from indi_stx.driver.runtime import Runtime
from indi_stx.indi import (
    AnyMessage,
    DefVector,
    GetProperties,
    Kind,
    Message,
    OneNumber,
    OneSwitch,
    OneText,
    PingReply,
    PingRequest,
    SetVector,
    State,
)
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.request_log import RequestRecord
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.toy import ToyServer, running

DEVICE = "SBIG STX"
LIMIT_S = 30.0
"""Only a failure waits for as long."""


class CameraDesk:
    """What a test does to the camera's device, and what it saw."""

    def __init__(self, server: ToyServer, simulator: SimulatorThread) -> None:
        device = server.runtime.devices[0]
        assert isinstance(device, CameraDevice)
        self.server = server
        self.simulator = simulator
        self.device = device

    @property
    def said(self) -> list[AnyMessage]:
        """All messages so far."""
        return self.server.channel.said

    def requests(self) -> list[RequestRecord]:
        """Return all that was asked of the camera so far."""
        return list(self.simulator.camera.requests.records)

    def texts(self, since: int = 0) -> list[str]:
        """Return what was said to people."""
        return [m.text for m in self.said[since:] if isinstance(m, Message)]

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; looked at whenever the driver has spoken."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not holds():
                    await self.server.channel.spoke()
        except TimeoutError:
            raise AssertionError(f"never came: {what}; said: {self.texts()}") from None

    def last(self, name: str, since: int = 0, device: str = DEVICE) -> SetVector | DefVector | None:
        """Return the latest report of a property."""
        return next(
            (
                m
                for m in reversed(self.said[since:])
                if isinstance(m, SetVector | DefVector) and (m.device, m.name) == (device, name)
            ),
            None,
        )

    def value(self, name: str, element: str, device: str = DEVICE) -> object:
        """Return the latest value of an element."""
        latest = self.last(name, device=device)
        assert latest is not None, name
        return next(getattr(e, "value", None) for e in latest.elements if e.name == element)

    async def state(self, name: str, since: int, *states: State) -> SetVector:
        """Wait for a report in one of the states, after a moment."""

        def found() -> SetVector | None:
            wanted = states or (State.OK, State.ALERT, State.IDLE)
            return next(
                (
                    m
                    for m in self.said[since:]
                    if isinstance(m, SetVector) and m.name == name and m.state in wanted
                ),
                None,
            )

        await self.until(lambda: found() is not None, f"{name} {[s.value for s in states]}")
        report = found()
        assert report is not None
        return report

    async def put(self, kind: Kind, name: str, device: str = DEVICE, /, **values: object) -> int:
        """Write a property; return from where to look for the answer."""
        since = len(self.said)
        await self.server.write(device, kind, name, **values)
        return since

    async def write(
        self, kind: Kind, name: str, device: str = DEVICE, /, **values: object
    ) -> SetVector:
        """Write a property and return the first report that is not Busy."""
        since = await self.put(kind, name, device, **values)
        return await self.state(name, since)

    async def numbers(self, name: str, **values: object) -> SetVector:
        """Write numbers and return the answer."""
        return await self.write(Kind.NUMBER, name, **values)

    async def write_texts(self, name: str, **values: object) -> SetVector:
        """Write texts and return the answer."""
        return await self.write(Kind.TEXT, name, **values)

    async def switch(self, name: str, element: str) -> SetVector:
        """Turn a switch on and return the answer."""
        return await self.write(Kind.SWITCH, name, **{element: "On"})

    async def header(self, duration_s: float = 0.01, head: str = "CCD") -> fits.Header:
        """Expose, and return the header of the frame that arrives."""
        before = len(self.server.channel.attached)
        name = f"{head}_EXPOSURE"
        answer = await self.numbers(name, **{f"{name}_VALUE": duration_s})
        assert answer.state is State.OK, self.texts()
        await self.until(lambda: len(self.server.channel.attached) > before, "a frame")
        return await self.frame_taken()

    async def frame_taken(self) -> fits.Header:
        """Answer the ping after a BLOB, as a server does, and return the frame's header."""
        pings = [m for m in self.said if isinstance(m, PingRequest)]
        await self.server.hear(PingReply(pings[-1].uid))
        with fits.open(io.BytesIO(self.server.channel.attached[-1])) as hdus:
            hdus.verify("exception")
            header: fits.Header = hdus[0].header
            return header

    async def small_frames(self) -> None:
        """Make frames that are quickly there."""
        await self.numbers("CCD_BINNING", HOR_BIN=9, VER_BIN=9)

    async def hear_numbers(
        self, device: str, name: str, state: State = State.OK, /, **values: float
    ) -> None:
        """Let another driver report numbers."""
        ones = tuple(OneNumber(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.NUMBER, device, name, state, ones))

    async def hear_texts(self, device: str, name: str, **values: str) -> None:
        """Let another driver report texts."""
        ones = tuple(OneText(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.TEXT, device, name, State.OK, ones))

    async def hear_switches(self, device: str, name: str, **values: bool) -> None:
        """Let another driver report switches."""
        ones = tuple(OneSwitch(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.SWITCH, device, name, State.OK, ones))

    async def connect(self) -> SetVector:
        """Connect to the simulated camera and wait for the last definition."""
        address = {"ADDRESS": self.simulator.host, "PORT": str(self.simulator.port)}
        await self.write_texts("DEVICE_ADDRESS", **address)
        return await self.switch("CONNECTION", "CONNECT")


@contextlib.asynccontextmanager
async def camera_desk(
    options: SimulatorOptions | None = None, *, connect: bool = True
) -> AsyncIterator[CameraDesk]:
    """Start a simulated camera and the driver's devices; connect them if wanted."""

    def both_devices(runtime: Runtime) -> Device:
        camera = CameraDevice(DEVICE, runtime)
        runtime.devices.append(camera)
        return camera.guide_head

    with SimulatorThread(options or SimulatorOptions(model="STT-8300", time_scale=20)) as simulator:
        async with running(both_devices) as server:
            desk = CameraDesk(server, simulator)
            await server.hear(GetProperties())
            if connect:
                await desk.connect()
            yield desk
