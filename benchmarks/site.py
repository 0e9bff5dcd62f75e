"""A real indiserver with the driver, and the libindi peer beside it, connected to their cameras."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cameras import Camera, FrameTimes
from benchmarks.processes import Process, command_line
from indi_stx.client import IndiServer, WireClient, indiserver, unix_client
from indi_stx.indi import BlobPolicy, State

DRIVER = Path(sys.executable).parent / "indi_stx_ccd"
DEVICE = "SBIG STX"
PEER_FOLDER = Path(__file__).parent / "peer"
PEER = PEER_FOLDER / "build" / "indi_peer_ccd"
PEER_DEVICE = "STX Peer"
LIMIT_S = 120.0
LEARNING_FRAMES = 6
"""After so many frames of a geometry the driver knows how long the camera reads out."""
LAST_PROPERTY = "LINK_HEALTH"


@dataclass(frozen=True)
class Unit:
    """A driver with its camera.

    Attributes:
        device: its name in INDI.
        process: the driver's.
    """

    device: str
    camera: Camera
    process: Process


@dataclass(frozen=True)
class Site:
    """What a benchmark works with.

    Attributes:
        client: a unix-socket client; BLOBs come as descriptors.
        units: the drivers, in the order in which they were asked for.
    """

    server: IndiServer
    client: WireClient
    units: Sequence[Unit]

    async def expose(self, unit: Unit, seconds: float, head: str = "CCD") -> int:
        """Begin an exposure and return the `since` of its answers."""
        name = f"{head}_EXPOSURE"
        return await self.client.numbers(name, device=unit.device, **{f"{name}_VALUE": seconds})

    async def frame(
        self, unit: Unit, seconds: float, head: str = "CCD", blob: str = "CCD1"
    ) -> tuple[float, FrameTimes]:
        """Return when the frame of an exposure was here, and when it came about."""
        since = await self.expose(unit, seconds, head)
        arrived_s = await self.arrival_s(unit, since, blob)
        await self.ended(unit, since, head)
        ccd = "imager" if head == "CCD" else "guider"
        return arrived_s, unit.camera.frame_times(ccd)

    async def arrival_s(self, unit: Unit, since: int, blob: str = "CCD1") -> float:
        """Return when a frame was here, and forget its contents."""
        await self.client.blob(blob, since=since, device=unit.device)
        key = (unit.device, blob)
        return next(
            seen.at
            for seen in self.client.seen[since:]
            if (getattr(seen.message, "device", ""), getattr(seen.message, "name", "")) == key
        )

    async def ended(self, unit: Unit, since: int, head: str = "CCD") -> None:
        """Wait until an exposure is reported as over."""
        await self.client.update(f"{head}_EXPOSURE", State.OK, since=since, device=unit.device)

    async def blobs(self, unit: Unit, policy: BlobPolicy) -> None:
        """Choose whether frames come to the unix-socket client."""
        await self.client.enable_blobs(policy, unit.device)


def build_peer() -> bool:
    """Compile the peer; False, with the reason on standard error, when that is impossible."""
    if shutil.which("g++") is None or shutil.which("make") is None:
        print("No peer: `apt-get install` the packages of packages-bench.apt.", file=sys.stderr)
        return False
    built = subprocess.run(
        ["make", "-s", "-C", PEER_FOLDER], stdout=subprocess.DEVNULL, check=False
    )
    return built.returncode == 0


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a home for drivers, and remove it."""
    with tempfile.TemporaryDirectory(prefix="indi-stx-bench-") as path:
        yield Path(path)


@contextlib.asynccontextmanager
async def site(
    home: Path,
    cameras: Sequence[Camera],
    peer_camera: Camera | None = None,
    *,
    numbered: bool = False,
) -> AsyncIterator[Site]:
    """Start the server with a driver for each camera, connect all, and end them again.

    A camera's device is DEVICE, or they are `numbered`: "Camera 1" and so on. What the drivers
    learn is kept in `home`.
    """
    names = [f"Camera {i + 1}" for i in range(len(cameras))] if numbered else [DEVICE]
    drivers = [_named_driver(home, name) for name in names]
    environment = {}
    if peer_camera is not None:
        names = [*names, PEER_DEVICE]
        drivers = [*drivers, str(PEER)]
        cameras = [*cameras, peer_camera]
        environment["STX_PEER_CAMERA"] = peer_camera.address
    with indiserver(home, drivers, environment) as server:
        async with unix_client(server.socket_path, device=DEVICE, limit_s=LIMIT_S) as client:
            await client.ask()
            for name, camera in zip(names, cameras, strict=True):
                await _connect(client, name, camera)
            pids = _pids_by_device(server, names)
            units = [
                Unit(name, camera, Process(pids[name]))
                for name, camera in zip(names, cameras, strict=True)
            ]
            for unit in units:
                await client.enable_blobs(BlobPolicy.ALSO, unit.device)
            yield Site(server, client, units)


def _named_driver(home: Path, name: str) -> str:
    """Return an executable that starts the driver under a name, as several cameras need it."""
    home.mkdir(parents=True, exist_ok=True)
    script = home / f"driver of {name}".replace(" ", "_")
    script.write_text(f'#!/bin/sh\nINDIDEV="{name}" exec "{DRIVER}"\n')
    script.chmod(0o755)
    return str(script)


def _pids_by_device(server: IndiServer, names: Sequence[str]) -> dict[str, int]:
    found = {}
    for pid in server.driver_pids():
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        name = next((e[8:].decode() for e in environment if e.startswith(b"INDIDEV=")), "")
        if PEER.name in command_line(pid):
            name = PEER_DEVICE
        if name in names:
            found[name] = pid
    return found


async def _connect(client: WireClient, device: str, camera: Camera) -> None:
    await client.defined("CONNECTION", device=device)
    if device != PEER_DEVICE:
        await client.defined("DEVICE_ADDRESS", device=device)
        address = {"ADDRESS": camera.host, "PORT": str(camera.port)}
        await client.texts("DEVICE_ADDRESS", device=device, **address)
    await client.switch("CONNECTION", "CONNECT", device=device)
    await client.defined(LAST_PROPERTY if device != PEER_DEVICE else "CCD_EXPOSURE", device=device)
