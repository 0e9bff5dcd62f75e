"""A camera that restarts while nothing is exposed; other programs that change its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.end_to_end.test_driver_death import until
from tests.end_to_end.test_faults import arrives, start, works
from tests.harness.observatory import Observatory, observatory

OPTIONS = SimulatorOptions(model="STT-8300", time_scale=60)
"""A cooler that needs seconds and not minutes."""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, OPTIONS) as observed:
        client = observed.client
        since = await client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=5)
        await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        await client.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=3)
        await client.update("FILTER_SLOT", State.OK, since=since)
        await client.update("CCD_TEMPERATURE", State.OK, since=since)
        await works(observed)
        await is_polled(observed)
        yield observed


async def is_polled(place: Observatory) -> None:
    """Wait until the driver has seen the settings as they are now."""

    def polls() -> int:
        return len([r for r in place.requests() if "GetSettings" in r.uri and "Setpoint" in r.uri])

    before = polls()
    await until(lambda: polls() > before + 1)


async def is_told(place: Observatory, words: str, since: int) -> None:
    await place.client.until(lambda m: words in str(getattr(m, "text", "")), since=since)


async def test_a_restarted_camera_gets_its_settings_back(place: Observatory) -> None:
    since = len(place.client.seen)
    place.simulator.add_fault("reboot=seconds=2")
    await is_told(place, "The camera was restarted. Restoring: cooler to 5.0 C, filter 3", since)
    await until(lambda: place.simulator.call(lambda camera: camera.wheel.position()) == 3)
    await place.client.update("CCD_TEMPERATURE", State.BUSY, since=since)
    await place.client.update("CCD_TEMPERATURE", State.OK, since=since)
    cooler_on, setpoint, slot = place.simulator.call(
        lambda camera: (camera.cooler.on, camera.cooler.setpoint_celsius, camera.wheel.position())
    )
    assert (cooler_on, setpoint, slot) == (True, 5, 3)
    blob = await arrives(place, await start(place, 0.1))
    assert blob.size < 2_000_000, "binned as before"
    texts = [t for t in place.client.texts_said(since) if "restarted" in t]
    assert len(texts) == 1


async def test_a_user_may_want_a_restarted_camera_left_alone(place: Observatory) -> None:
    client = place.client
    since = await client.switch("RESTORE_SETTINGS", "INDI_DISABLED")
    await client.update("RESTORE_SETTINGS", State.OK, since=since)
    place.simulator.add_fault("reboot=seconds=2")
    await is_told(place, "its settings are those of its power-up", since)
    await client.update("CCD_TEMPERATURE", State.ALERT, since=since)
    await client.update("CCD_COOLER", State.OK, since=since)
    await works(place)


async def test_what_another_program_changes_is_told_and_not_fought(place: Observatory) -> None:
    client, since = place.client, len(place.client.seen)
    place.simulator.add_fault("foreign-settings=CCDTemperatureSetpoint=10")
    await is_told(place, "Another program has changed the set point to 10.0 C", since)
    place.simulator.add_fault("foreign-settings=CoolerState=0")
    await is_told(place, "The cooler went off", since)
    place.simulator.add_fault("foreign-settings=BinX=1,BinY=1")
    await is_told(place, "Another program has changed frame or binning", since)
    await works(place)
    assert not [t for t in client.texts_said(since) if "restarted. Rest" in t]
