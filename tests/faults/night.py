"""A camera and its driver for one cell after another, and what the camera has really taken."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np

from indi_stx.indi import OneBlob, State
from indi_stx.simulator.ccd import DEFAULT_DATE_TIME, Ccd
from indi_stx.simulator.exposure import CcdState, Frame
from indi_stx.simulator.fault_kinds import CCD_NAMES
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.server import SimulatorServer
from tests.faults.cells import PREFIXES, Phase
from tests.harness.in_process import ServingClient, connect_to, driver_in_process

BLOCK = 2880
LOOK_S = 0.01
WIDTH, HEIGHT = 400, 300
OPTIONS = SimulatorOptions(model="STT-8300", bandwidth_bytes_per_s=500_000.0)
"""Frames of 240 kB, which take half a second to download: long enough to be met under way."""


class PhaseMissed(Exception):
    """The phase was over before the fault could begin; the machine is busy."""


@dataclass(frozen=True)
class Names:
    """What a CCD's properties are called."""

    device_suffix: str
    head: str
    blob: str


NAMES = {
    "imager": Names("", "CCD", "CCD1"),
    "guider": Names("", "GUIDER", "CCD2"),
    "external-guider": Names(" Remote Guide Head", "CCD", "CCD1"),
}


@dataclass
class Night:
    """One simulated camera with a driver.

    Attributes:
        taken: the frames that each CCD has read out, oldest first, with the name of the exposure.
        starts_before: how many starts there had been before the exposure under way.
    """

    server: SimulatorServer
    client: ServingClient
    taken: dict[str, list[Frame]] = field(default_factory=lambda: {n: [] for n in CCD_NAMES})
    starts_before: int = 0

    def ccd(self, name: str) -> Ccd:
        """Return a CCD of the camera."""
        return self.server.camera.ccds[name]

    def device(self, name: str) -> str:
        """Return the INDI device that a CCD belongs to."""
        return self.client.device + NAMES[name].device_suffix

    def keep_frames(self) -> None:
        """From now on keep what the CCDs read out."""
        for ccd in self.server.camera.ccds.values():
            self._keep_frames(ccd)

    def _keep_frames(self, ccd: Ccd) -> None:
        deliver = ccd.deliver

        def keep(frame: Frame) -> None:
            deliver(frame)
            if frame.exposure.date_time != DEFAULT_DATE_TIME:  # not of another program
                self.taken[ccd.name].append(frame)

        ccd.deliver = keep  # type: ignore[method-assign]

    # --- what a client does ------------------------------------------------------------------

    async def write(self, ccd: str, name: str, **values: float) -> int:
        """Write a property of a CCD, its name without the head."""
        names = NAMES[ccd]
        return await self.client.numbers(f"{names.head}_{name}", device=self.device(ccd), **values)

    async def choose_frame(self, ccd: str, x: int = 100) -> None:
        """Expose a small part of the sensor from now on."""
        await self.client.defined(f"{NAMES[ccd].head}_FRAME", device=self.device(ccd))
        since = await self.write(ccd, "FRAME", X=x, Y=80, WIDTH=WIDTH, HEIGHT=HEIGHT)
        name = f"{NAMES[ccd].head}_FRAME"
        await self.client.update(name, State.OK, since=since, device=self.device(ccd))

    async def expose(self, ccd: str, duration_s: float) -> int:
        """Ask for an exposure."""
        head = NAMES[ccd].head
        return await self.write(ccd, "EXPOSURE", **{f"{head}_EXPOSURE_VALUE": duration_s})

    async def ended(self, ccd: str, since: int, limit_s: float) -> State | None:
        """Wait for the end of an exposure and return its state."""
        name, device = f"{NAMES[ccd].head}_EXPOSURE", self.device(ccd)
        report = await self.client.update_where(
            name, lambda state: state is not State.BUSY, since, device, limit_s
        )
        return report.state

    def blobs(self, ccd: str, since: int) -> list[OneBlob]:
        """Return the frames that came."""
        found = self.client.sets(NAMES[ccd].blob, since, self.device(ccd))
        return [one for message in found for one in message.elements if isinstance(one, OneBlob)]

    def said(self, since: int) -> list[str]:
        """Return the warnings and errors."""
        return [t for t in self.client.texts_said(since) if t.startswith(("[ERROR]", "[WARN"))]

    # --- what the camera does ----------------------------------------------------------------

    def starts(self, ccd: str) -> int:
        """Return how many starts the camera has heard."""
        path = f"/api/{PREFIXES[ccd]}StartExposure.cgi"
        return len([r for r in self.server.camera.requests.records if r.uri.startswith(path)])

    async def reached(self, ccd: str, phase: Phase, limit_s: float = 30.0) -> None:
        """Wait until the camera is in a phase of the exposure that was just asked for.

        Raises:
            PhaseMissed: it was over before anybody looked.
        """
        frames, requests = len(self.taken[ccd]), len(self.server.camera.requests.records)
        path = f"/api/{PREFIXES[ccd]}Data.bin"

        def downloads() -> int:
            records = list(self.server.camera.requests.records)[requests:]
            return len([r for r in records if r.uri.startswith(path) and r.status == 200])

        is_there: Callable[[], bool] = {
            Phase.EXPOSING: lambda: self.ccd(ccd).state() is CcdState.EXPOSING,
            Phase.READING_OUT: lambda: self.ccd(ccd).state() is CcdState.READING_OUT,
            Phase.DOWNLOADING: lambda: downloads() > 0,
        }[phase]
        give_up_s = time.monotonic() + limit_s
        while not is_there():
            over = len(self.taken[ccd]) > frames and phase is not Phase.DOWNLOADING
            if over or time.monotonic() > give_up_s:
                raise PhaseMissed(f"{ccd}: {phase}")
            await asyncio.sleep(LOOK_S)


@contextlib.asynccontextmanager
async def night(ccd: str, options: SimulatorOptions = OPTIONS) -> AsyncIterator[Night]:
    """Start everything, and take a first frame: the camera's memory is not empty then."""
    async with SimulatorServer(options) as server, driver_in_process() as client:
        place = Night(server, client)
        place.keep_frames()
        await connect_to(client, server.host, server.port)
        await place.choose_frame(ccd)
        since = await place.expose(ccd, 0.05)
        assert await place.ended(ccd, since, 60.0) is State.OK
        yield place


def pixels_of(blob: OneBlob) -> bytes:
    """Return the pixels of a FITS file as the camera sends them: 16 bit, little-endian."""
    content = bytes(blob.content) if isinstance(blob.content, bytes | memoryview) else b""
    end = next(i for i in range(0, len(content), 80) if content[i : i + 80] == b"END".ljust(80))
    start = -(-(end + 80) // BLOCK) * BLOCK
    stored = np.frombuffer(content, ">i2", WIDTH * HEIGHT, start)
    return (stored.astype(np.int32) + 32768).astype("<u2").tobytes()


def is_exactly(blob: OneBlob, frame: Frame) -> bool:
    """Tell whether a file holds the pixels of this very exposure."""
    return pixels_of(blob) == np.ascontiguousarray(frame.pixels, dtype="<u2").tobytes()
