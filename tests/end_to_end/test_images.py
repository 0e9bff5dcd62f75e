"""Frames through a real indiserver, byte for byte what the camera's sensor held."""

from __future__ import annotations

import io
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.indi import OneBlob, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import WireClient

STX = SimulatorOptions(time_scale=20)
STT = SimulatorOptions(model="STT-8300", time_scale=20)
ODD = SimulatorOptions(model="STXL-6303", time_scale=20)
FRAMES = {
    "full frame": (STX, 1, None, (4096, 4096)),
    "binned 3x3": (STX, 3, None, (1365, 1365)),
    "binned 9x9": (STX, 9, None, (455, 455)),
    "odd sub-frame": (STX, 1, (1001, 777, 333, 129), (129, 333)),
    "odd sub-frame, binned": (STX, 2, (1001, 777, 333, 129), (64, 166)),
    "odd sensor": (ODD, 1, None, (2047, 3072)),
    "odd sensor, binned": (ODD, 2, None, (1023, 1536)),
}


async def take(client: WireClient, seconds: float = 0.01) -> OneBlob:
    """Expose and return the BLOB once the exposure has turned Ok."""
    since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
    blob = await client.blob(since=since)
    await client.update("CCD_EXPOSURE", State.OK, since=since)
    return blob


async def choose(client: WireClient, binning: int, frame: tuple[int, int, int, int] | None) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=binning, VER_BIN=binning)
    await client.update("CCD_BINNING", State.OK, since=since)
    if frame:
        x, y, width, height = frame
        since = await client.numbers("CCD_FRAME", X=x, Y=y, WIDTH=width, HEIGHT=height)
        await client.update("CCD_FRAME", State.OK, since=since)


def opened(blob: OneBlob) -> tuple[fits.Header, np.ndarray]:
    assert isinstance(blob.content, bytes | memoryview)
    assert (blob.format, blob.size) == (".fits", len(blob.content))
    with fits.open(io.BytesIO(blob.content)) as hdus:
        (hdu,) = hdus
        hdu.verify("exception")
        return hdu.header, hdu.data


def assert_is_the_sensors_frame(blob: OneBlob, place: Observatory) -> None:
    _, pixels = opened(blob)
    assert pixels.dtype == np.uint16
    assert pixels.astype("<u2").tobytes() == place.sensor_bytes()


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("case", FRAMES)
async def test_every_frame_is_the_sensors(tmp_path: Path, case: str, unix: bool) -> None:
    options, binning, frame, shape = FRAMES[case]
    async with observatory(tmp_path, options, unix=unix) as place:
        await choose(place.client, binning, frame)
        blob = await take(place.client)
        assert opened(blob)[1].shape == shape
        assert_is_the_sensors_frame(blob, place)


async def test_a_frame_knows_when_and_how_it_was_taken(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        client = place.client
        await choose(client, 2, (100, 50, 400, 300))
        await client.switch("CCD_FRAME_TYPE", "FRAME_DARK")
        header, pixels = opened(await take(client, 1.5))
        (start,) = [r for r in place.requests() if "StartExposure" in r.uri]
        off_s = (
            datetime.fromisoformat(header["DATE-OBS"] + "+00:00")
            - datetime.fromisoformat(start.utc)
        ).total_seconds()
        assert abs(off_s) < 0.05
        assert pixels.shape == (150, 200)
        told = {
            "INSTRUME": "SBIG STX",
            "EXPTIME": 1.5,
            "XBINNING": 2,
            "YBINNING": 2,
            "FRAME": "Dark",
            "IMAGETYP": "Dark Frame",
            "XPIXSZ": 10.8,
            "ROWORDER": "TOP-DOWN",
        }
        assert {key: header[key] for key in told} == told
        temperature = place.simulator.call(lambda c: c.imager.temperature_celsius())
        assert header["CCD-TEMP"] == pytest.approx(temperature, abs=0.2)
        requested = {
            key: value
            for key, _, value in (p.partition("=") for p in start.uri.split("?")[1].split("&"))
        }
        assert requested["FrameType"] == "0"


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
async def test_twenty_full_frames_leave_the_driver_as_it_was(tmp_path: Path, unix: bool) -> None:
    async with observatory(tmp_path, STT, unix=unix) as place:
        (pid,) = place.server.driver_pids()
        sizes, descriptors = [], []
        for _ in range(20):
            blob = await take(place.client)
            place.client.seen.clear()
            sizes.append(resident_bytes(pid))
            descriptors.append(len(os.listdir(f"/proc/{pid}/fd")))
        assert_is_the_sensors_frame(blob, place)
        frame_bytes = 3326 * 2504 * 2
        assert max(sizes[5:]) - min(sizes[5:]) < frame_bytes / 2, sizes
        assert max(descriptors) <= descriptors[0] + 1, descriptors


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


async def test_the_download_begins_as_soon_as_the_frame_is_there(tmp_path: Path) -> None:
    """Two looks and a command interval at the most lie between; a slow machine adds to it."""
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        await choose(place.client, 3, None)
        since = await place.client.numbers("POLLING_PERIOD", PERIOD_MS=600000)  # no telemetry
        await place.client.update("POLLING_PERIOD", State.OK, since=since)
        for _ in range(3):
            await take(place.client, 0.2)
            requests = place.requests()
            ready_at = place.simulator.call(lambda c: c.imager.ready_at)
            asked = [r.t for r in requests if r.uri.endswith("Data.bin")][-1]
            between = [r for r in requests if ready_at < r.t <= asked]
            assert len(between) <= 2, "only the look that sees it, and the download itself"


async def test_simulation_needs_no_camera(tmp_path: Path) -> None:
    async with observatory(tmp_path, connect=False) as place:
        client = place.client
        await client.defined("SIMULATION")
        await client.switch("SIMULATION", "ENABLE")
        await client.switch("CONNECTION", "CONNECT")
        info = await client.defined("CAMERA_INFO")
        assert info.elements[0].value == "SBIG STX-16803"
        await client.enable_blobs()
        await choose(client, 4, None)
        assert opened(await take(client))[1].shape == (1024, 1024)
        since = await client.switch("SIMULATION", "DISABLE")
        await client.update("SIMULATION", State.ALERT, since=since)
        since = await client.switch("CONNECTION", "DISCONNECT")
        await client.update("CONNECTION", State.IDLE, since=since)
        since = await client.switch("CONNECTION", "CONNECT")
        await client.update("CONNECTION", State.OK, since=since)
        assert not place.requests(), "the camera outside was never asked"
