"""Kills at random moments of an exposure's life: every frame that the camera took arrives once.

INDI_STX_KILLS says how many there are of each kind; `make test-kills` makes many.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indi_stx.indi import DefVector, OneBlob, State
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.end_to_end.test_driver_death import pixels_of, until
from tests.harness.observatory import Observatory, connect_camera
from tests.harness.servers import indiserver
from tests.harness.wire_client import unix_client

KILLS = int(os.environ.get("INDI_STX_KILLS", "4"))
SEED = int(os.environ.get("INDI_STX_SEED", "0")) or random.randrange(1, 1 << 30)
EXPOSURE_S = 0.3
SPAN_S = 1.0
"""From the request on: exposing, reading out, the download, the delivery, and some time after."""
OPTIONS = SimulatorOptions(model="STT-8300", bandwidth_bytes_per_s=4e6)


@dataclass
class Night:
    """What the camera took, and what its clients got, one client after another."""

    simulator: SimulatorThread
    taken: list[bytes] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)
    place: Observatory = field(init=False)
    _read: int = 0

    def watch(self, place: Observatory) -> None:
        """Look at another client from now on."""
        self.place = place
        self._read = 0

    def look(self) -> None:
        """Take note of the frames that have come since the last look."""
        reports = self.place.client.sets("CCD1")
        for report in reports[self._read :]:
            (one,) = report.elements
            assert isinstance(one, OneBlob)
            self.got.append(pixels_of(one))
        self._read = len(reports)

    def has_the_last(self) -> bool:
        """Whether the frame that the camera took last has come."""
        self.look()
        return self.taken[-1] in self.got

    def starts(self) -> int:
        """Return how many exposures the camera has begun."""
        records = list(self.simulator.camera.requests.records)
        return len([r for r in records if "ImagerStartExposure" in r.uri and r.status == 200])

    def note_taken(self) -> None:
        """Take note of the frame that the camera holds."""
        frame = self.simulator.call(lambda camera: camera.imager.frame())
        self.taken.append(frame.pixels.astype("<u2").tobytes())


@pytest.mark.timeout(120 + 60 * KILLS)
@pytest.mark.parametrize("victim", ["driver", "server", "both"])
async def test_every_frame_arrives_once_whoever_is_killed(tmp_path: Path, victim: str) -> None:
    moments = random.Random(SEED)
    print(f"INDI_STX_SEED={SEED}")
    with SimulatorThread(OPTIONS) as simulator:
        night = Night(simulator)
        server = observed(simulator, tmp_path)
        night.watch(await server.__aenter__())
        for kill in range(KILLS):
            before = night.starts()
            await kill_while_exposing(night.place, victim, moments.random() * SPAN_S)
            if victim != "driver":
                await until(lambda: night.place.client.ended)
                night.look()
                await server.__aexit__(None, None, None)
                server = observed(simulator, tmp_path)
                night.watch(await server.__aenter__())
            await connect(night.place)
            await until(lambda: simulator.call(lambda camera: not camera.imager.is_busy()))
            if night.starts() > before:
                night.note_taken()
                await until(night.has_the_last)
            twice = [n for n in Counter(night.got).values() if n > 1]
            assert not twice, f"twice after kill {kill}"
            assert set(night.got) == set(night.taken), f"after kill {kill}"
        await server.__aexit__(None, None, None)


async def kill_while_exposing(place: Observatory, victim: str, after_s: float) -> None:
    """Ask for an exposure and kill so much later; a driver alone is started again by its server."""
    await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=EXPOSURE_S)
    await asyncio.sleep(after_s)  # the moment is what varies
    (driver,) = place.server.driver_pids()
    since = len(place.client.seen)
    if victim != "server":
        os.kill(driver, signal.SIGKILL)
    if victim != "driver":
        place.server.process.kill()
    else:
        await place.client.until(
            lambda m: isinstance(m, DefVector) and m.name == "DEVICE_ADDRESS", since=since
        )


async def connect(place: Observatory) -> None:
    await connect_camera(place)
    since = await place.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
    await place.client.update("CCD_BINNING", State.OK, since=since)


@contextlib.asynccontextmanager
async def observed(simulator: SimulatorThread, home: Path) -> AsyncIterator[Observatory]:
    """Start indiserver and a client, and connect the camera."""
    with indiserver(home, restarts=100_000) as server:
        async with unix_client(server.socket_path) as client:
            place = Observatory(simulator, server, client)
            await client.ask()
            await connect(place)
            yield place
