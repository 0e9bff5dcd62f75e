"""The cooler's further properties through a real indiserver; ramps in time are in tests/camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.wire_client import DEVICE

STT = SimulatorOptions(model="STT-8300", time_scale=100)
NEWER = replace(STT, firmware="newer")


async def test_a_ramp_is_begun_and_saved(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        client = place.client
        ramp = await client.defined("CCD_TEMP_RAMP")
        assert [
            (e.name, e.label, e.format, e.min, e.max, e.step, e.value) for e in ramp.elements
        ] == [
            ("RAMP_SLOPE", "Max. dT (C/min)", "%.f", 0, 30, 1, 0),
            ("RAMP_THRESHOLD", "Threshold (C)", "%.1f", 0.1, 2, 0.1, 0.2),
        ]
        since = await client.numbers("CCD_TEMP_RAMP", RAMP_SLOPE=3)
        await client.update("CCD_TEMP_RAMP", State.OK, since=since)
        since = await client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-10)
        busy = await client.update("CCD_TEMPERATURE", State.BUSY, since=since)
        assert busy.elements[0].value == pytest.approx(15, abs=0.5)
        setpoint = place.simulator.call(lambda c: c.cooler.setpoint_celsius)
        assert setpoint == pytest.approx(12, abs=0.5)
        saved = (tmp_path / ".indi" / f"{DEVICE}_config.xml").read_text()
        assert "RAMP_SLOPE" in saved


async def test_ambient_temperature_and_no_fan(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        ambient = await place.client.defined("AMBIENT_TEMPERATURE")
        assert ambient.elements[0].value == 15
        await place.client.defined("CCD_FAST_COUNT")
        assert (DEVICE, "CCD_FAN") not in place.client.properties
        polls = [r.uri for r in place.requests() if "CCDTemperature" in r.uri]
        assert all("Fan" not in uri for uri in polls)
        assert all("AmbientTemperature" in uri and "CoolerPower" in uri for uri in polls)


async def test_the_fan_of_a_newer_firmware(tmp_path: Path) -> None:
    async with observatory(tmp_path, NEWER) as place:
        client = place.client
        fan = await client.defined("CCD_FAN")
        assert {e.name: e.value for e in fan.elements}["FAN_AUTOMATIC"]
        since = await client.numbers("CCD_FAN_POWER", CCD_FAN_VALUE=40)
        told = await client.update("CCD_FAN_POWER", State.OK, since=since)
        assert told.elements[0].value == 40
        fan = await client.update("CCD_FAN", since=since)
        assert {e.name: e.value for e in fan.elements}["FAN_MANUAL"]
        assert place.simulator.call(lambda c: c.fan_percent()) == 40
        since = await client.switch("CCD_FAN", "FAN_OFF")
        await client.update("CCD_FAN", State.OK, since=since)
        off = await client.update("CCD_FAN_POWER", since=since)
        assert off.elements[0].value == 0
        queries = [urlsplit(r.uri).query for r in place.requests()]
        assert any("CoolerPower" in q and "FanState" in q for q in queries), "one request for all"


async def test_a_fan_that_ignores_its_setting(tmp_path: Path) -> None:
    async with observatory(tmp_path, NEWER) as place:
        client = place.client
        await client.defined("CCD_FAN_POWER")
        place.simulator.add_fault("fan-writes-ignored")
        since = await client.switch("CCD_FAN", "FAN_OFF")
        kept = await client.update("CCD_FAN", State.ALERT, since=since)
        assert {e.name: e.value for e in kept.elements}["FAN_AUTOMATIC"]
        assert "kept its own" in client.texts_said(since)[0]


async def test_a_temperature_that_the_camera_refuses(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        since = await place.client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-101)
        told = await place.client.update("CCD_TEMPERATURE", State.ALERT, since=since)
        assert told.elements[0].value == pytest.approx(15, abs=0.5)
