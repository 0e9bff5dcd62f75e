"""Faults of the camera and its network, and what a client sees of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from indi_stx.indi import OneBlob, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory

SMALL = SimulatorOptions(model="STT-8300")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, SMALL) as observed:
        since = await observed.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        await observed.client.update("CCD_BINNING", State.OK, since=since)
        yield observed


async def start(place: Observatory, seconds: float) -> int:
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
    await place.client.update("CCD_EXPOSURE", State.BUSY, since=since)
    return since


async def arrives(place: Observatory, since: int) -> OneBlob:
    """Return the frame once it is there and its exposure Ok; it is the one of the sensor."""
    blob = await place.client.blob(since=since)
    await place.client.update("CCD_EXPOSURE", State.OK, since=since)
    assert isinstance(blob.content, bytes | memoryview)
    pixels = place.sensor_bytes()
    assert len(blob.content) >= len(pixels)
    return blob


async def is_lost(place: Observatory, since: int) -> str:
    """Return what the user is told when the exposure turns Alert; there is no BLOB."""
    await place.client.update("CCD_EXPOSURE", State.ALERT, since=since)
    assert not place.client.sets("CCD1", since)
    errors = [t for t in place.client.texts_said(since) if t.startswith("[ERROR]")]
    return errors[-1]


async def works(place: Observatory) -> None:
    await arrives(place, await start(place, 0.1))


@pytest.mark.parametrize(
    "fault",
    [
        "refuse=seconds=4",
        "hang=times=1",
        "reset=times=2",
        "garble-text=times=3",
        "truncate-text=after=1,times=2",
        "slow-link=bytes_per_s=500000",
        "stale-ready",
        "single-connection",
    ],
)
async def test_a_frame_survives_trouble_during_the_exposure(place: Observatory, fault: str) -> None:
    await works(place)
    since = await start(place, 2)
    place.simulator.add_fault(fault)
    await arrives(place, since)
    assert place.client.states["SBIG STX", "CONNECTION"] is State.OK


@pytest.mark.parametrize(
    "fault",
    [
        "reset-body=after=100000,path=Data.bin,times=2",
        "reset=path=Data.bin,times=2",
        "reset-body=after=0,path=Data.bin,times=1",
    ],
)
async def test_a_broken_download_is_fetched_again(place: Observatory, fault: str) -> None:
    place.simulator.add_fault(fault)
    since = await start(place, 0.3)
    await arrives(place, since)
    assert "trying again" in " ".join(place.client.texts_said(since)).lower()


async def test_a_stalled_download_is_fetched_again(place: Observatory) -> None:
    place.simulator.add_fault("stall-body=after=50000,path=Data.bin,times=1")
    since = await start(place, 0.3)
    await arrives(place, since)


async def test_a_restart_in_the_middle_loses_the_frame_and_says_so(place: Observatory) -> None:
    since = await start(place, 4)
    place.simulator.add_fault("reboot=seconds=1")
    text = await is_lost(place, since)
    assert "restarted" in text
    place.simulator.clear_fault()
    await works(place)


async def test_an_error_state_says_what_to_do(place: Observatory) -> None:
    place.simulator.add_fault("error-state")
    text = await is_lost(place, await start(place, 0.5))
    assert "switch the camera off and on" in text
    place.simulator.clear_fault()
    await works(place)


async def test_a_frame_of_the_wrong_length_is_never_delivered(place: Observatory) -> None:
    place.simulator.add_fault("short-frame=missing=2")
    text = await is_lost(place, await start(place, 0.2))
    assert "No usable frame in 3 tries" in text
    place.simulator.clear_fault()
    await works(place)


async def test_a_camera_with_odd_texts_and_states_works(tmp_path: Path) -> None:
    odd = replace(SMALL, faults=("padded-text", "text-as-html", "ascom-states"))
    async with observatory(tmp_path, odd) as place:
        info = place.client.values["SBIG STX", "CAMERA_INFO"]
        assert (info["MODEL"], info["HTTP_API"]) == ("SBIG STT-8300", "1.00.1")
        assert place.client.values["SBIG STX", "FILTER_NAME"]["FILTER_SLOT_NAME_8"] == "Empty"
        since = await place.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        await place.client.update("CCD_BINNING", State.OK, since=since)
        await works(place)
        await arrives(place, await start(place, 1.5))


async def test_a_failed_abort_is_an_alert(place: Observatory) -> None:
    place.simulator.add_fault("abort-fails")
    since = await start(place, 2)
    await place.client.switch("CCD_ABORT_EXPOSURE", "ABORT")
    await place.client.update("CCD_ABORT_EXPOSURE", State.ALERT, since=since)
    await place.client.update("CCD_EXPOSURE", State.ALERT, since=since)
    assert "Abort failed" in place.client.texts_said(since)[-1]
    place.simulator.clear_fault()


async def test_a_start_that_hangs_once_is_tried_again(place: Observatory) -> None:
    place.simulator.add_fault("hang=path=StartExposure,times=1")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.5)
    await arrives(place, since)


async def test_a_start_that_never_gets_through_is_an_alert(place: Observatory) -> None:
    place.simulator.add_fault("refuse")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.5)
    assert "refuses connections" in await is_lost(place, since)
    place.simulator.clear_fault()
    await works(place)
