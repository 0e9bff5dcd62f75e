"""A remote observatory of containers: camera, dome with the driver, chained control room.

Whatever happens between them, the control room gets every frame, bit for bit as the camera has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from astropy.io import fits

import docker
from indi_stx.client import WireClient, tcp_client
from indi_stx.errors import ServerLost
from indi_stx.indi import OneBlob
from tests.docker.engine import build_image, client_of, engine
from tests.docker.observatory import Compose, observatory, wait_until
from tests.harness.debian import ROOT, needs_root_and_debootstrap

DEVICE = "SBIG STX"
LIMIT_S = 240.0
"""Only a test that fails waits so long."""

pytestmark = [pytest.mark.machine, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an engine that has our image."""
    needs_root_and_debootstrap()
    with engine(tmp_path_factory.mktemp("engine")) as address:
        with client_of(address) as client:
            build_image(client)
        yield address


@pytest.fixture
def client(address: str) -> Iterator[docker.DockerClient]:
    with client_of(address) as client:
        yield client


class Night:
    """The observatory with a client in the control room, connected to the camera."""

    def __init__(self, compose: Compose, control_room: WireClient) -> None:
        self.compose = compose
        self.control_room = control_room

    async def begin(self, seconds: float) -> int:
        """Begin an exposure and return the `since` of what comes of it."""
        since = await self.control_room.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
        await self.control_room.update("CCD_EXPOSURE", since=since)
        return since

    async def frame(self, since: int) -> np.ndarray:
        """Wait for the frame and return its pixels, as unsigned integers."""
        return pixels(await self.control_room.blob("CCD1", since=since, limit_s=LIMIT_S))

    async def in_the_camera(self) -> np.ndarray:
        """Return what the camera holds, asked of itself."""
        address = self.compose.addresses["camera", "camera"]
        url = f"http://{address}:8080/api/ImagerData.bin"

        def ask() -> bytes:
            with urllib.request.urlopen(url, timeout=LIMIT_S) as reply:
                return bytes(reply.read())

        return np.frombuffer(await asyncio.to_thread(ask), "<u2")


def pixels(blob: OneBlob) -> np.ndarray:
    with fits.open(io.BytesIO(bytes(blob.content))) as hdus:
        return hdus[-1].data.ravel()  # the only one, or the compressed image


async def connected(compose: Compose, control_room: WireClient) -> None:
    """Connect the driver to the camera, through both servers; frames are small ones from then."""
    await control_room.ask()
    await control_room.defined("DEVICE_ADDRESS", limit_s=LIMIT_S)
    camera = compose.addresses["camera", "camera"]
    since = await control_room.texts("DEVICE_ADDRESS", ADDRESS=camera, PORT="8080")
    await control_room.finished("DEVICE_ADDRESS", since=since)
    since = await control_room.switch("CONNECTION", "CONNECT")
    await control_room.finished("CONNECTION", since=since)
    await control_room.defined("CAMERA_FITS_OPTICS")  # the last one
    await control_room.enable_blobs()
    since = await control_room.numbers("CCD_BINNING", HOR_BIN=3, VER_BIN=3)
    await control_room.finished("CCD_BINNING", since=since)


@contextlib.asynccontextmanager
async def night_in(compose: Compose) -> AsyncIterator[Night]:
    """Connect a client in the control room as soon as that has started, and the camera."""
    host = compose.addresses["control-room", "link"]
    deadline = time.monotonic() + LIMIT_S
    async with contextlib.AsyncExitStack() as stack:
        while True:
            try:
                way = tcp_client(host, device=DEVICE, limit_s=LIMIT_S)
                control_room = await stack.enter_async_context(way)
                break
            except ServerLost:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
        await connected(compose, control_room)
        yield Night(compose, control_room)


@pytest.fixture
async def night(client: docker.DockerClient) -> AsyncIterator[Night]:
    with observatory(client) as compose:
        async with night_in(compose) as place:
            yield place


async def test_frames_pass_two_chained_servers(night: Night) -> None:
    for binning in (3, 1):
        await night.control_room.numbers("CCD_BINNING", HOR_BIN=binning, VER_BIN=binning)
        frame = await night.frame(await night.begin(1.0))
        assert frame.size == (4096 // binning) ** 2
        assert np.array_equal(frame, await night.in_the_camera())


async def test_containers_are_healthy_and_may_do_little(night: Night) -> None:
    for name in night.compose.containers:
        wait_until(f"{name} healthy", lambda name=name: night.compose.health(name) == "healthy")
        assert night.compose.execute(name, "id", "-u") == (0, "7624\n")
        status, said = night.compose.execute(name, "touch", "/usr/bin/something")
        assert (status, "Read-only file system" in said) == (1, True)


@pytest.mark.parametrize(("who", "network"), [("control-room", "link"), ("camera", "camera")])
async def test_a_network_that_is_away_for_a_minute(night: Night, who: str, network: str) -> None:
    since = await night.begin(10.0)
    await asyncio.sleep(3)
    night.compose.disconnect(who, network)
    await asyncio.sleep(60)
    night.compose.reconnect(who, network)
    frame = await night.frame(since)
    assert np.array_equal(frame, await night.in_the_camera())
    frame = await night.frame(await night.begin(1.0))
    assert np.array_equal(frame, await night.in_the_camera())


async def test_a_camera_that_hangs_in_a_download(client: docker.DockerClient) -> None:
    bytes_per_s = 500_000

    def slower(service: str, command: list[str]) -> list[str]:
        return [*command, "--bandwidth", str(bytes_per_s)] if service == "camera" else command

    with observatory(client, slower) as compose:
        async with night_in(compose) as night:
            since, before = await night.begin(1.0), compose.sent_bytes("camera")

            def in_a_download() -> bool:
                return compose.sent_bytes("camera") > before + bytes_per_s

            await asyncio.to_thread(wait_until, "a download", in_a_download)
            compose.containers["camera"].pause()
            await asyncio.sleep(20)
            compose.containers["camera"].unpause()
            frame = await night.frame(since)
            assert np.array_equal(frame, await night.in_the_camera())


KILL_THE_DRIVER = """
import os, pathlib, signal
for comm in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    words = comm.read_bytes().split(bytes(1))
    if words[0].endswith(b"python3") and words[1].endswith(b"/indi_stx_ccd"):
        os.kill(int(comm.parent.name), signal.SIGKILL)
        print("killed", comm.parent.name)
"""


async def test_a_driver_that_is_killed_in_an_exposure(night: Night) -> None:
    since = await night.begin(10.0)
    await asyncio.sleep(3)
    status, said = night.compose.execute("dome", "python3", "-c", KILL_THE_DRIVER)
    assert (status, said.count("killed")) == (0, 1)
    await night.control_room.until(
        lambda m: m == night.control_room.properties.get((DEVICE, "DEVICE_ADDRESS")),
        since=len(night.control_room.seen),
        what="the driver's return",
    )
    await connected(night.compose, night.control_room)
    frame = await night.frame(since)
    assert np.array_equal(frame, await night.in_the_camera())


@contextlib.contextmanager
def slow_link(*ends: tuple[int, str]) -> Iterator[None]:
    """Join the networks of two processes by a slow link, each with an address on it."""
    program = str(ROOT / "tests" / "docker" / "slow_link.py")
    arguments = [word for pid, address in ends for word in (str(pid), f"{address}/30")]
    with subprocess.Popen(
        [sys.executable, program, *arguments], stdout=subprocess.PIPE, text=True
    ) as link:
        try:
            assert link.stdout
            assert link.stdout.readline() == "ready\n"
            yield
        finally:
            link.kill()


async def test_a_slow_link_that_loses_packets(client: docker.DockerClient) -> None:
    """A round trip of 100 ms, 1 % of the packets lost each way, 5 Mbit/s."""
    dome, control_room = "10.77.0.1", "10.77.0.2"

    def over_the_link(service: str, command: list[str]) -> list[str]:
        if service == "control-room":
            # Its connection must come from its address on the link, or answers take another way.
            wait = "until grep -q ^slow0 /proc/net/route; do sleep 0.1; done"
            server = [*command[:-1], f"{DEVICE}@{dome}:7624"]
            return ["sh", "-c", f'{wait}; exec "$@"', "sh", *server]
        return command

    end = "control-room", "slow0"
    with observatory(client, over_the_link) as compose:
        ends = (compose.pid("dome"), dome), (compose.pid("control-room"), control_room)
        with slow_link(*ends):
            async with night_in(compose) as night:
                for compression in ("INDI_DISABLED", "INDI_ENABLED"):
                    await night.control_room.switch("CCD_COMPRESSION", compression)
                    begun, received = time.monotonic(), compose.received_bytes(*end)
                    frame = await night.frame(await night.begin(0.5))
                    assert np.array_equal(frame, await night.in_the_camera())
                    took_s = time.monotonic() - begun
                    # Base64 has four bytes for three, and a compressed frame is about half as long.
                    mb = (compose.received_bytes(*end) - received) / 1e6
                    print(f"{compression}: {frame.nbytes} bytes, {mb:.2f} MB sent, {took_s:.1f} s")
                    assert mb * 1e6 > frame.nbytes / 3
