"""A driver, or its server, that ends at any moment: the frame arrives all the same, and once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits

from indi_stx.indi import DefVector, OneBlob, OneNumber, State
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.end_to_end.test_faults import is_lost, start, works
from tests.harness.observatory import Observatory, connect_camera, observatory
from tests.harness.servers import indiserver
from tests.harness.wire_client import LIMIT_S, unix_client

SMALL = SimulatorOptions(model="STT-8300")
SLOW = SimulatorOptions(model="STT-8300", bandwidth_bytes_per_s=400_000)
"""A binned frame takes more than two seconds: time to die in the middle of it."""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, SMALL, sole_client=False) as observed:
        await bin_by_four(observed)
        yield observed


async def bin_by_four(place: Observatory) -> None:
    since = await place.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
    await place.client.update("CCD_BINNING", State.OK, since=since)


def pixels_of(blob: OneBlob) -> bytes:
    """Return the pixels of a FITS BLOB as the camera sent them."""
    assert isinstance(blob.content, bytes | memoryview)
    with fits.open(io.BytesIO(blob.content)) as file:
        return np.ascontiguousarray(file[0].data.astype("<u2")).tobytes()


def header_of(blob: OneBlob) -> fits.Header:
    assert isinstance(blob.content, bytes | memoryview)
    with fits.open(io.BytesIO(blob.content)) as file:
        return file[0].header


async def kill_driver(place: Observatory, how: signal.Signals = signal.SIGKILL) -> int:
    """End the driver and return the place in what the client has seen when its next life began."""
    since = len(place.client.seen)
    (pid,) = place.server.driver_pids()
    os.kill(pid, how)
    await place.client.until(
        lambda m: isinstance(m, DefVector) and m.name == "DEVICE_ADDRESS", since=since
    )
    return since


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)


async def asked_for(place: Observatory, path: str) -> None:
    await until(lambda: any(path in r.uri for r in place.requests()))


async def recovers(place: Observatory, since: int) -> OneBlob:
    """Return the frame of the exposure, after a new driver has been connected; it comes once."""
    blob = await place.client.blob(since=since)
    await place.client.update("CCD_EXPOSURE", State.OK, since=since)
    assert pixels_of(blob) == place.sensor_bytes()
    await works(place)
    assert len(place.client.sets("CCD1", since)) == 2, "the recovered frame and the next one"
    return blob


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_driver_that_ends_while_exposing_finishes_in_its_next_life(
    place: Observatory, how: signal.Signals
) -> None:
    await place.client.texts("FITS_HEADER", KEYWORD_NAME="PROGRAM", KEYWORD_VALUE="night-7")
    begun = await start(place, 10)
    await place.client.update("CCD_EXPOSURE", State.BUSY, since=begun)
    since = await kill_driver(place, how)
    await connect_camera(place)
    busy = await place.client.update("CCD_EXPOSURE", State.BUSY, since=since)
    (remaining,) = busy.elements
    assert isinstance(remaining, OneNumber)
    assert 0 < float(remaining.value) < 10, "it shows what remains"
    header = header_of(await recovers(place, since))
    assert header["EXPTIME"] == 10
    assert header["PROGRAM"] == "night-7"
    assert "ended during this exposure" in str(header["COMMENT"])


async def test_a_driver_killed_long_before_the_next_connection_loses_nothing(
    place: Observatory,
) -> None:
    await start(place, 0.2)
    since = await kill_driver(place)
    await until(lambda: place.simulator.call(lambda camera: camera.imager.image_ready()))
    await connect_camera(place)
    await recovers(place, since)


async def test_a_driver_killed_in_a_download_downloads_again(tmp_path: Path) -> None:
    async with observatory(tmp_path, SLOW, sole_client=False) as place:
        await bin_by_four(place)
        await start(place, 0.1)
        await asked_for(place, "ImagerData.bin")
        since = await kill_driver(place)
        await connect_camera(place)
        await recovers(place, since)


async def test_a_new_exposure_waits_for_the_frame_that_was_left(place: Observatory) -> None:
    await start(place, 0.5)
    since = await kill_driver(place)
    await connect_camera(place)
    await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.3)
    await until(lambda: len(place.client.sets("CCD1", since)) == 2)
    first, second = (report.elements[0] for report in place.client.sets("CCD1", since))
    assert isinstance(first, OneBlob)
    assert isinstance(second, OneBlob)
    assert header_of(first)["EXPTIME"] == 0.5
    assert header_of(second)["EXPTIME"] == 0.3
    assert pixels_of(second) == place.sensor_bytes()


async def test_a_frame_that_was_sent_is_not_sent_again(place: Observatory) -> None:
    await works(place)
    since = await kill_driver(place)
    await connect_camera(place)
    await works(place)
    assert len(place.client.sets("CCD1", since)) == 1


async def test_an_aborted_exposure_stays_aborted(place: Observatory) -> None:
    await start(place, 5)
    began = await place.client.switch("CCD_ABORT_EXPOSURE", "ABORT")
    await place.client.update("CCD_ABORT_EXPOSURE", State.OK, since=began)
    since = await kill_driver(place)
    await connect_camera(place)
    await works(place)
    assert len(place.client.sets("CCD1", since)) == 1


async def test_a_frame_for_a_file_becomes_one_file(place: Observatory, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    client = place.client
    await client.switch("UPLOAD_MODE", "UPLOAD_LOCAL")
    since = await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(folder), UPLOAD_PREFIX="m42_XXX")
    await client.update("UPLOAD_SETTINGS", State.OK, since=since)
    await start(place, 1)
    since = await kill_driver(place)
    await connect_camera(place)
    await client.update("CCD_EXPOSURE", State.OK, since=since)
    (file,) = folder.iterdir()
    assert file.name == "m42_001.fits"
    with fits.open(file) as saved:
        pixels = np.ascontiguousarray(saved[0].data.astype("<u2")).tobytes()
    assert pixels == place.sensor_bytes()
    assert not client.sets("CCD1", since)


async def test_an_unsaved_frame_outlives_the_driver(place: Observatory, tmp_path: Path) -> None:
    folder, client = tmp_path / "frames", place.client
    folder.write_text("not a directory")
    await client.switch("UPLOAD_MODE", "UPLOAD_BOTH")
    since = await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(folder), UPLOAD_PREFIX="m42_XXX")
    await client.update("UPLOAD_SETTINGS", State.OK, since=since)
    since = await start(place, 0.1)
    await client.update("CCD_EXPOSURE", State.OK, since=since)
    pixels = place.sensor_bytes()
    await client.defined("UPLOAD_UNSAVED")
    (kept,) = (tmp_path / ".indi").glob("*_frames/*.fits")
    since = await kill_driver(place)
    folder.unlink()
    await connect_camera(place)
    await client.until(lambda m: "Image saved to" in str(m), since=since)
    with fits.open(folder / "m42_001.fits") as saved:
        assert np.ascontiguousarray(saved[0].data.astype("<u2")).tobytes() == pixels
    assert not client.sets("CCD1", since), "clients had got it"
    await until(lambda: not kept.exists())


async def test_a_disconnection_leaves_the_exposure_to_the_next_connection(
    place: Observatory,
) -> None:
    await start(place, 3)
    since = await place.client.switch("CONNECTION", "DISCONNECT")
    await place.client.update("CONNECTION", State.IDLE, since=since)
    await connect_camera(place)
    await recovers(place, since)


async def test_a_camera_that_restarted_meanwhile_has_no_frame_and_that_is_told(
    place: Observatory,
) -> None:
    await start(place, 2)
    since = await kill_driver(place)
    place.simulator.add_fault("reboot=seconds=0.5")
    await asyncio.sleep(1)  # how long the camera is away
    await connect_camera(place)
    text = await is_lost(place, since)
    assert text.startswith("[ERROR] Lost: the exposure of 2 s begun at")
    await works(place)


async def test_an_exposure_of_another_program_is_left_alone_and_told(place: Observatory) -> None:
    since = await place.client.switch("CONNECTION", "DISCONNECT")
    await place.client.update("CONNECTION", State.IDLE, since=since)
    place.simulator.add_fault("foreign-start=30,ccd=imager")
    await connect_camera(place)
    await place.client.until(lambda m: "for another program" in str(m), since=since)
    assert not [r for r in place.requests() if "Abort" in r.uri]
    await works(place)


async def test_a_damaged_journal_is_put_aside(place: Observatory, tmp_path: Path) -> None:
    await works(place)
    (journal,) = (tmp_path / ".indi").glob("*_exposures.json")
    (pid,) = place.server.driver_pids()
    os.kill(pid, signal.SIGSTOP)
    journal.write_text("{")
    os.kill(pid, signal.SIGCONT)
    since = await kill_driver(place)
    await connect_camera(place)
    assert "journal of exposures cannot be read" in " ".join(place.client.texts_said(since))
    assert journal.with_name(f"{journal.name}.damaged").exists()
    await works(place)
    assert json.loads(journal.read_text())["exposures"] == []


async def test_a_frame_outlives_the_server(tmp_path: Path) -> None:
    with SimulatorThread(SMALL) as simulator:
        async with under_a_server(simulator, tmp_path) as place:
            await connect_camera(place)
            await bin_by_four(place)
            await start(place, 3)
            place.server.process.kill()
        async with under_a_server(simulator, tmp_path) as place:
            await connect_camera(place)
            await recovers(place, 0)


@contextlib.asynccontextmanager
async def under_a_server(simulator: SimulatorThread, home: Path) -> AsyncIterator[Observatory]:
    """Start indiserver and a client for a camera that runs already."""
    with indiserver(home) as server:
        async with unix_client(server.socket_path) as client:
            await client.ask()
            yield Observatory(simulator, server, client)
