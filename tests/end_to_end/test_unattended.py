"""A night without a person: the driver connects by itself and brings the cooler back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.end_to_end.test_driver_death import kill_driver, until
from tests.end_to_end.test_faults import works
from tests.harness.observatory import Observatory, observatory

OPTIONS = SimulatorOptions(model="STT-8300", time_scale=60)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, OPTIONS, sole_client=False) as observed:
        client = observed.client
        since = await client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=5)
        await client.update("CCD_TEMPERATURE", State.OK, since=since)
        since = await client.switch("AUTO_CONNECT", "INDI_ENABLED")
        await client.update("AUTO_CONNECT", State.OK, since=since)
        (saved,) = (tmp_path / ".indi").glob("*_config.xml")
        await until(lambda: "AUTO_CONNECT" in saved.read_text())
        yield observed


async def test_a_driver_connects_by_itself_when_it_starts(place: Observatory) -> None:
    since = await kill_driver(place)
    await place.client.update("CONNECTION", State.OK, since=since)
    await place.client.defined("CAMERA_FITS_OPTICS")
    await place.client.enable_blobs()
    await works(place)


async def test_it_waits_for_a_camera_and_cools_again(place: Observatory) -> None:
    place.simulator.add_fault("refuse")
    place.simulator.add_fault("reboot=seconds=0.1")
    since = await kill_driver(place)
    await place.client.until(
        lambda m: "Trying again until it works" in str(getattr(m, "text", "")), since=since
    )
    place.simulator.clear_fault("refuse")
    await place.client.update("CONNECTION", State.OK, since=since)
    said = [t for t in place.client.texts_said(since) if "Trying again until it works" in t]
    assert len(said) == len(set(said)), "each reason once"
    await place.client.update("CCD_TEMPERATURE", State.OK, since=since)
    cooler_on, setpoint = place.simulator.call(
        lambda camera: (camera.cooler.on, camera.cooler.setpoint_celsius)
    )
    assert (cooler_on, setpoint) == (True, 5)


async def test_it_can_be_told_to_stop_trying(place: Observatory) -> None:
    place.simulator.add_fault("refuse")
    since = await kill_driver(place)
    await place.client.update("CONNECTION", State.BUSY, since=since)
    since = await place.client.switch("CONNECTION", "DISCONNECT")
    await place.client.update("CONNECTION", State.IDLE, since=since)
    place.simulator.clear_fault()
