"""Every part of the camera once, as a script on pyindi-client meets it through a real indiserver.

What becomes of its frames is in test_pyindi_frames.py; what each part does in detail, message by
message, in the tests beside these.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import PyIndi
import pytest

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.relays import Relay
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.pyindi_client import Script, scripted, sensor_pixels
from tests.harness.servers import DEVICE, DRIVER

STT = SimulatorOptions(model="STT-8300")
FAST = SimulatorOptions(model="STT-8300", time_scale=20)
HEAD = f"{DEVICE} Remote Guide Head"


# --- CCDs --------------------------------------------------------------------------------------


def test_the_internal_guide_ccd_exposes_beside_the_imager(tmp_path: Path) -> None:
    with scripted(tmp_path, STT) as (script, simulator):
        script.bin_by(4)
        since = script.begin(1)
        script.begin(0.2, "GUIDER")
        guide = script.update("CCD2", "Ok", since=since)
        assert not script.sets("CCD1", since), "the longer exposure goes on"
        image = script.update("CCD1", "Ok", since=since)
        script.update("CCD_EXPOSURE", "Ok", since=since)
        assert np.array_equal(guide.value.image()[1], sensor_pixels(simulator, "guider"))
        assert np.array_equal(image.value.image()[1], sensor_pixels(simulator))
        assert guide.value.image()[1].shape != image.value.image()[1].shape


def test_the_external_head_is_a_device_of_its_own(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        script.defined("CCD_FAST_COUNT", device=HEAD)
        assert script.getDevice(HEAD).isConnected()
        script.setBLOBMode(PyIndi.B_ALSO, HEAD, None)
        since = script.now()
        blob = script.take(device=HEAD)
        assert np.array_equal(blob.image()[1], sensor_pixels(simulator, "external_guider"))
        assert not script.sets("CCD1", since), "the imager's BLOB has the same name"
        since = script.now()
        script.disconnectDevice(DEVICE)
        script.until(
            lambda r: (r.kind, r.device, r.name) == ("del", HEAD, ""),
            since=since,
            what="the end of the head",
        )


def test_frames(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        for device, head in ((DEVICE, "CCD"), (DEVICE, "GUIDER"), (HEAD, "CCD")):
            keep_to_the_sensor(script, device, f"{head}_FRAME")
            binning = f"{head}_BINNING"
            since = script.number(binning, device=device, HOR_BIN=99, VER_BIN=1)
            kept = script.update(binning, "Alert", since=since, device=device)
            assert list(kept.values.values()) == [1, 1]


def keep_to_the_sensor(script: Script, device: str, name: str) -> None:
    """Send partial and excessive frames, which change nothing, and one that fits."""
    full = script.defined(name, device=device).values
    since = script.some_numbers(name, device=device, WIDTH=100, HEIGHT=50)
    assert script.update(name, "Alert", since=since, device=device).values == full
    for excess in ({"X": 1}, {"WIDTH": full["WIDTH"] + 1}, {"HEIGHT": 0}):
        since = script.number(name, device=device, **{**full, **excess})
        assert script.update(name, "Alert", since=since, device=device).values == full
    part = {"X": 10, "Y": 20, "WIDTH": 100, "HEIGHT": 50}
    since = script.number(name, device=device, **part)
    assert script.update(name, "Ok", since=since, device=device).values == part


def test_frame_type_and_reset(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        full = script.defined("CCD_FRAME").values
        since = script.number("CCD_FRAME", X=10, Y=20, WIDTH=400, HEIGHT=300)
        script.update("CCD_FRAME", "Ok", since=since)
        script.bin_by(2)
        script.choose("CCD_FRAME_TYPE", "FRAME_DARK")
        header, pixels = script.take().image()
        assert (header["FRAME"], pixels.shape) == ("Dark", (150, 200))
        since = script.choose("CCD_FRAME_RESET", "RESET")
        assert script.update("CCD_FRAME", "Ok", since=since).values == full


# --- cooler, wheel, guiding ----------------------------------------------------------------------


def test_the_cooler(tmp_path: Path) -> None:
    with scripted(tmp_path, SimulatorOptions(model="STT-8300", time_scale=100)) as (script, sim):
        assert script.defined("AMBIENT_TEMPERATURE").value == pytest.approx(15)
        since = script.number("CCD_TEMP_RAMP", RAMP_SLOPE=0, RAMP_THRESHOLD=0.5)
        assert script.update("CCD_TEMP_RAMP", "Ok", since=since).values["RAMP_THRESHOLD"] == 0.5
        since = script.number("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-10)
        assert script.update("CCD_COOLER", since=since).values["COOLER_ON"]
        assert script.update("CCD_TEMPERATURE", "Busy", since=since).value > 10, "present, not set"
        assert script.update("CCD_TEMPERATURE", "Ok", since=since).value == pytest.approx(
            -10, abs=1
        )
        assert script.update("CCD_COOLER_POWER", since=since).value > 0
        script.choose("CCD_COOLER", "COOLER_OFF")
        assert not sim.call(lambda c: c.cooler.on)
        since = script.number("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-101)
        assert script.update("CCD_TEMPERATURE", "Alert", since=since).value > -20


def test_the_filter_wheel(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        since = script.number("FILTER_SLOT", FILTER_SLOT_VALUE=3)
        script.update("FILTER_SLOT", "Ok", since=since)
        assert script.story("FILTER_SLOT", since) == [("Busy", [1]), ("Ok", [3])]
        assert simulator.call(lambda c: c.wheel.position()) == 3
        since = script.number("FILTER_SLOT", FILTER_SLOT_VALUE=9)
        assert script.update("FILTER_SLOT", "Alert", since=since).value == 3
        since = script.text("FILTER_NAME", FILTER_SLOT_NAME_3="Red & hot")
        script.update("FILTER_NAME", "Ok", since=since)
        assert simulator.call(lambda c: c.flash.filter_names[2]) == "Red & hot"
        script.bin_by(4)
        assert script.take().image()[0]["FILTER"] == "Red & hot"


def test_a_filter_name_of_17_characters_is_refused(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        since = script.text("FILTER_NAME", FILTER_SLOT_NAME_1="seventeen letters")
        refused = script.update("FILTER_NAME", "Alert", since=since)
        assert refused.values["FILTER_SLOT_NAME_1"] == "Empty"
        assert "[ERROR]" in script.said[-1]
        assert "16" in script.said[-1]
        assert simulator.call(lambda c: c.flash.writes) == 0


def stand_at_six(camera: SimulatedCamera) -> None:
    camera.wheel._position = camera.wheel._target = 6


def test_the_true_slot_is_in_the_definition(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST, connect=False) as (script, simulator):
        simulator.call(stand_at_six)
        script.connect_camera(simulator)
        assert script.defined("FILTER_SLOT").value == 6


def closed_s(simulator: SimulatorThread, relay: Relay) -> float:
    return simulator.call(lambda c: c.relays.closed_s(relay, c.time.now()))


def test_the_guide_port(tmp_path: Path) -> None:
    with scripted(tmp_path, STT) as (script, simulator):
        for name, first, second, relay in (
            ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_N", "TIMED_GUIDE_S", Relay.Y_MINUS),
            ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_S", "TIMED_GUIDE_N", Relay.Y_PLUS),
            ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_W", "TIMED_GUIDE_E", Relay.X_MINUS),
            ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_E", "TIMED_GUIDE_W", Relay.X_PLUS),
        ):
            since = script.number(name, **{first: 120, second: 0})
            script.update(name, "Idle", since=since)
            assert [state for state, _ in script.story(name, since)] == ["Busy", "Idle"]
            assert closed_s(simulator, relay) == pytest.approx(0.12)
        since = script.number(name, **{first: 0, second: 0})
        script.update(name, since=since)
        assert script.story(name, since) == [("Idle", [0, 0])]
        since = script.number(name, **{first: 700_000, second: 0})
        script.update(name, "Alert", since=since)


def brightest(script: Script) -> np.ndarray:
    """Return where the brightest star off the edges is, (y, x); it is wider than a hot pixel."""
    frame = script.take("GUIDER", "CCD2", exposure_s=0.1).image()[1].astype(float)
    smooth = sum(np.roll(frame, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
    middle = smooth[60:-60, 60:-60]
    return np.array(np.unravel_index(middle.argmax(), middle.shape))


def test_a_pulse_moves_the_sky_and_the_opposite_one_moves_it_back(tmp_path: Path) -> None:
    with scripted(tmp_path, STT) as (script, _):
        start, places = brightest(script), []
        for wish in ("TIMED_GUIDE_N", "TIMED_GUIDE_S"):
            pulse = {"TIMED_GUIDE_N": 0, "TIMED_GUIDE_S": 0, wish: 600}
            since = script.number("TELESCOPE_TIMED_GUIDE_NS", **pulse)
            script.update("TELESCOPE_TIMED_GUIDE_NS", "Idle", since=since)
            places.append(brightest(script))
        assert list(places[0] - start) == [pytest.approx(-5.9, abs=1.5), pytest.approx(0, abs=1)]
        assert np.abs(places[1] - start).max() <= 1


def step(script: Script, name: str, **steps: float) -> list[tuple[str, list[Any]]]:
    """Send AO steps and return the answers, the last of them with both elements at 0."""
    since = script.number(name, **steps)
    script.until(
        lambda r: (r.kind, r.name) == ("set", name) and r.state != "Busy", since=since, what=name
    )
    return script.story(name, since)


def mirror(simulator: SimulatorThread) -> tuple[float, float]:
    return simulator.call(lambda c: c.mirror.position(c.time.now()))


def test_the_adaptive_optics(tmp_path: Path) -> None:
    with scripted(tmp_path, STT) as (script, simulator):
        assert step(script, "AO_NS", AO_N=10, AO_S=0) == [("Busy", [10, 0]), ("Ok", [0, 0])]
        assert mirror(simulator) == (50, 60)
        assert step(script, "AO_NS", AO_N=0, AO_S=20)[-1] == ("Ok", [0, 0])
        assert mirror(simulator) == (50, 40)
        since = script.now()
        assert step(script, "AO_WE", AO_E=0, AO_W=50)[-1] == ("Ok", [0, 0]), "just not clipped"
        assert step(script, "AO_WE", AO_E=0, AO_W=1)[-1] == ("Alert", [0, 0])
        assert mirror(simulator) == (0, 40)
        assert script.update("AT_LIMIT", since=since).values["AT_LIMIT_W"] == "Alert"
        assert script.update("AO_POSITION", since=since).values == {"AO_X": 0, "AO_Y": 40}
        script.choose("AO_CENTER", "CENTER")
        assert mirror(simulator) == (50, 50)


# --- the driver ----------------------------------------------------------------------------------


def test_the_configuration_is_saved_and_loaded(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(3)
        script.choose("CONFIG_PROCESS", "CONFIG_SAVE")
        script.bin_by(1)
        since = script.choose("CONFIG_PROCESS", "CONFIG_LOAD")
        assert script.update("CCD_BINNING", "Ok", since=since).value == 3
    with scripted(tmp_path, FAST) as (script, _):
        since = script.choose("CONFIG_PROCESS", "CONFIG_LOAD")
        assert script.update("CCD_BINNING", "Ok", since=since).value == 3
        script.choose("CONFIG_PROCESS", "CONFIG_PURGE")
        since = script.switch("CONFIG_PROCESS", "CONFIG_LOAD")
        script.update("CONFIG_PROCESS", "Alert", since=since)


def test_the_polling_period(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        since = script.number("POLLING_PERIOD", PERIOD_MS=5)
        assert script.update("POLLING_PERIOD", "Alert", since=since).value == 1000
        since = script.number("POLLING_PERIOD", PERIOD_MS=100)
        script.update("POLLING_PERIOD", "Ok", since=since)
        before = len(simulator.camera.requests.records)
        for slot in (5, 2):
            simulator.call(lambda c, slot=slot: c.wheel.move(slot))
            script.until(
                lambda r, slot=slot: (r.name, r.state, r.value) == ("FILTER_SLOT", "Ok", slot),
                since=since,
                what="the move of another client",
            )
        polls = [r for r in list(simulator.camera.requests.records)[before:] if "Filter" in r.uri]
        times = [datetime.fromisoformat(r.utc) for r in polls]
        gaps_s = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
        assert min(gaps_s) < 0.6, "no longer one a second"


def test_debugging_shows_the_levels_and_writes_a_file(tmp_path: Path) -> None:
    levels = ("DEBUG_LEVEL", "LOGGING_LEVEL", "LOG_OUTPUT")
    with scripted(tmp_path, FAST) as (script, _):
        script.choose("DEBUG", "ENABLE")
        assert "Debug is enabled." in script.said[-1]
        for name in levels:
            script.defined(name)
        script.choose("LOG_OUTPUT", "FILE_DEBUG")
        since = script.choose("DEBUG", "DISABLE")
        for name in levels:
            script.until(lambda r, name=name: (r.kind, r.name) == ("del", name), since=since)
    (log,) = (tmp_path / ".indi" / "logs").rglob("*.log")
    assert "Debug is disabled." in log.read_text()


def test_several_cameras(tmp_path: Path) -> None:
    """INDIDEV names the device; each driver process has a camera of its own."""
    second = "Second STX"
    wrapper = tmp_path / "second_camera"
    wrapper.write_text(f"#!/bin/sh\nINDIDEV='{second}' exec {DRIVER}\n")
    wrapper.chmod(0o755)
    with scripted(tmp_path / "home", FAST, str(wrapper)) as (script, simulator):
        script.defined("SIMULATION", device=second)
        script.choose("SIMULATION", "ENABLE", second)
        script.connect(second, "CCD_FAST_COUNT")
        assert script.defined("CAMERA_INFO", device=second).value == "SBIG STX-16803"
        assert script.defined("CAMERA_INFO").value == "SBIG STT-8300"
        script.bin_by(4)
        since = script.now()
        assert np.array_equal(script.take().image()[1], sensor_pixels(simulator))
        assert not script.sets("CCD_EXPOSURE", since, device=second)
