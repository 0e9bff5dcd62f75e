"""What clients see of the link to the camera: connecting, its health, and every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from indi_stx.indi import OneNumber, OneSwitch, SetVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, connect_camera, observatory
from tests.harness.wire_client import tcp_client

SMALL = SimulatorOptions(model="STT-8300")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, SMALL, connect=False) as observed:
        yield observed


async def ask_to_connect(place: Observatory) -> int:
    client, simulator = place.client, place.simulator
    await client.defined("DEVICE_ADDRESS")
    await client.texts("DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port))
    return await client.switch("CONNECTION", "CONNECT")


def health(report: SetVector) -> dict[str, float]:
    return {one.name: float(one.value) for one in report.elements if isinstance(one, OneNumber)}


async def test_connecting_is_busy_and_not_yet_connected(place: Observatory) -> None:
    since = await ask_to_connect(place)
    busy = await place.client.update("CONNECTION", since=since)
    assert busy.state is State.BUSY
    switches = {one.name: one.value for one in busy.elements if isinstance(one, OneSwitch)}
    assert switches == {"CONNECT": False, "DISCONNECT": True}
    done = await place.client.update("CONNECTION", State.OK, since=since)
    assert OneSwitch("CONNECT", True) in done.elements


async def test_connecting_can_be_cancelled(place: Observatory) -> None:
    place.simulator.add_fault("hang")
    since = await ask_to_connect(place)
    await place.client.update("CONNECTION", State.BUSY, since=since)
    since = await place.client.switch("CONNECTION", "DISCONNECT")
    await place.client.update("CONNECTION", State.IDLE, since=since, limit_s=5)
    assert any("Connecting was cancelled" in t for t in place.client.texts_said(since))
    place.simulator.clear_fault()
    await connect_camera(place)


async def test_the_health_of_the_link_is_shown(place: Observatory) -> None:
    await connect_camera(place)
    client = place.client
    good = health(await client.update("LINK_HEALTH", State.OK))
    assert 0 < good["ROUND_TRIP"] < 60000
    assert good["ERRORS"] == good["OUTAGES"] == 0
    since = len(client.seen)
    place.simulator.add_fault("refuse=seconds=14")
    await client.update("LINK_HEALTH", State.ALERT, since=since)
    await client.update("CONNECTION", State.BUSY, since=since)
    await client.update("CCD_TEMPERATURE", State.ALERT, since=since)
    assert sum("keeps trying" in text for text in client.texts_said(since)) == 1
    async with tcp_client(place.server.port) as later:
        await later.ask()
        assert (await later.defined("CCD_TEMPERATURE")).state is State.ALERT
        assert (await later.defined("CONNECTION")).state is State.BUSY
    again = health(await client.update("LINK_HEALTH", State.OK, since=len(client.seen)))
    await client.update("CCD_TEMPERATURE", State.IDLE, since=since)
    await client.update("CONNECTION", State.OK, since=since)
    assert again["OUTAGES"] == 1
    assert again["ERRORS"] > 1


async def test_debug_shows_every_request_with_its_time(place: Observatory) -> None:
    client = place.client
    await client.defined("DEBUG")
    await client.switch("DEBUG", "ENABLE")
    await client.defined("DEBUG_LEVEL")
    await client.switch("DEBUG_LEVEL", "DBG_DEBUG")
    since = len(client.seen)
    await connect_camera(place)
    said = [text for text in client.texts_said(since) if text.startswith("[DEBUG]")]
    description = next(text for text in said if "Description" in text)
    assert "200 in " in description
    assert " ms, 'SBIG STT-8300" in description
