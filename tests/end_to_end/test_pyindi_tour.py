"""Every part of the camera once, as a script on pyindi-client meets it through a real indiserver.

What each part does in detail, message by message, is in the tests beside this one.
"""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import PyIndi
import pytest
from astropy import units as u
from astropy.coordinates import FK5, SkyCoord
from astropy.io import fits
from astropy.time import Time

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.relays import Relay
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.pyindi_client import Script, scripted, sensor_pixels
from tests.harness.servers import DEVICE, DRIVER

STT = SimulatorOptions(model="STT-8300")
FAST = SimulatorOptions(model="STT-8300", time_scale=20)
HEAD = f"{DEVICE} Remote Guide Head"
SCOPE = "Telescope Simulator"
FOCUSER = "Focuser Simulator"
ROTATOR = "Rotator Simulator"
WHEEL = "Filter Simulator"
SQM = "SQM Simulator"


def story(script: Script, name: str, since: int) -> list[tuple[str, list[Any]]]:
    """Return states and values of a property since a place."""
    return [(r.state, list(r.values.values())) for r in script.sets(name, since)]


def choose(script: Script, name: str, on: str, device: str = DEVICE) -> int:
    """Set a switch and wait for its Ok."""
    since = script.switch(name, on, device=device)
    script.update(name, "Ok", since=since, device=device)
    return since


def store_in(script: Script, folder: Path, prefix: str = "IMAGE_XXX") -> None:
    since = script.text("UPLOAD_SETTINGS", UPLOAD_DIR=str(folder), UPLOAD_PREFIX=prefix)
    script.update("UPLOAD_SETTINGS", "Ok", since=since)


def header_of(script: Script) -> fits.Header:
    return script.take().image()[0]


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


@pytest.mark.parametrize(
    ("name", "binning", "device"),
    [
        ("CCD_FRAME", "CCD_BINNING", DEVICE),
        ("GUIDER_FRAME", "GUIDER_BINNING", DEVICE),
        ("CCD_FRAME", "CCD_BINNING", HEAD),
    ],
)
def test_frames(tmp_path: Path, name: str, binning: str, device: str) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        full = script.defined(name, device=device).values
        since = script.some_numbers(name, device=device, WIDTH=100, HEIGHT=50)
        assert script.update(name, "Alert", since=since, device=device).values == full
        for excess in ({"X": 1}, {"WIDTH": full["WIDTH"] + 1}, {"HEIGHT": 0}):
            since = script.number(name, device=device, **{**full, **excess})
            assert script.update(name, "Alert", since=since, device=device).values == full
        since = script.number(binning, device=device, HOR_BIN=99, VER_BIN=1)
        kept = script.update(binning, "Alert", since=since, device=device)
        assert list(kept.values.values()) == [1, 1]
        part = {"X": 10, "Y": 20, "WIDTH": 100, "HEIGHT": 50}
        since = script.number(name, device=device, **part)
        assert script.update(name, "Ok", since=since, device=device).values == part


def test_frame_type_and_reset(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        full = script.defined("CCD_FRAME").values
        since = script.number("CCD_FRAME", X=10, Y=20, WIDTH=400, HEIGHT=300)
        script.update("CCD_FRAME", "Ok", since=since)
        script.bin_by(2)
        choose(script, "CCD_FRAME_TYPE", "FRAME_DARK")
        header, pixels = script.take().image()
        assert (header["FRAME"], pixels.shape) == ("Dark", (150, 200))
        since = choose(script, "CCD_FRAME_RESET", "RESET")
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
        choose(script, "CCD_COOLER", "COOLER_OFF")
        assert not sim.call(lambda c: c.cooler.on)
        since = script.number("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-101)
        assert script.update("CCD_TEMPERATURE", "Alert", since=since).value > -20


def test_the_filter_wheel(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        since = script.number("FILTER_SLOT", FILTER_SLOT_VALUE=3)
        script.update("FILTER_SLOT", "Ok", since=since)
        assert story(script, "FILTER_SLOT", since) == [("Busy", [1]), ("Ok", [3])]
        assert simulator.call(lambda c: c.wheel.position()) == 3
        since = script.number("FILTER_SLOT", FILTER_SLOT_VALUE=9)
        assert script.update("FILTER_SLOT", "Alert", since=since).value == 3
        since = script.text("FILTER_NAME", FILTER_SLOT_NAME_3="Red & hot")
        script.update("FILTER_NAME", "Ok", since=since)
        assert simulator.call(lambda c: c.flash.filter_names[2]) == "Red & hot"
        script.bin_by(4)
        assert header_of(script)["FILTER"] == "Red & hot"


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
            assert [state for state, _ in story(script, name, since)] == ["Busy", "Idle"]
            assert closed_s(simulator, relay) == pytest.approx(0.12)
        since = script.number(name, **{first: 0, second: 0})
        script.update(name, since=since)
        assert story(script, name, since) == [("Idle", [0, 0])]
        since = script.number(name, **{first: 700_000, second: 0})
        script.update(name, "Alert", since=since)


def step(script: Script, name: str, **steps: float) -> list[tuple[str, list[Any]]]:
    """Send AO steps and return the answers, the last of them with both elements at 0."""
    since = script.number(name, **steps)
    script.until(
        lambda r: (r.kind, r.name) == ("set", name) and r.state != "Busy", since=since, what=name
    )
    return story(script, name, since)


def mirror(simulator: SimulatorThread) -> tuple[float, float]:
    return simulator.call(lambda c: c.mirror.position(c.time.now()))


def test_the_adaptive_optics(tmp_path: Path) -> None:
    with scripted(tmp_path, STT) as (script, simulator):
        assert step(script, "AO_NS", AO_N=9, AO_S=0) == [("Busy", [9, 0]), ("Ok", [0, 0])]
        assert mirror(simulator) == (50, 60)
        assert step(script, "AO_NS", AO_N=0, AO_S=18)[-1] == ("Ok", [0, 0])
        assert mirror(simulator) == (50, 40)
        since = script.now()
        assert step(script, "AO_WE", AO_E=0, AO_W=45)[-1] == ("Ok", [0, 0]), "just not clipped"
        assert step(script, "AO_WE", AO_E=0, AO_W=1)[-1] == ("Alert", [0, 0])
        assert mirror(simulator) == (0, 40)
        assert script.update("AT_LIMIT", since=since).values["AT_LIMIT_W"] == "Alert"
        assert script.update("AO_POSITION", since=since).values == {"AO_X": 0, "AO_Y": 40}
        choose(script, "AO_CENTER", "CENTER")
        assert mirror(simulator) == (50, 50)


# --- what becomes of frames ----------------------------------------------------------------------


def test_uploads_to_disk_and_client(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(4)
        choose(script, "UPLOAD_MODE", "UPLOAD_BOTH")
        store_in(script, folder)
        since = script.now()
        blob = script.take()
        path = Path(script.update("CCD_FILE_PATH", "Ok", since=since).value)
        assert path == folder / "IMAGE_001.fits"
        assert path.read_bytes() == blob.content
        choose(script, "UPLOAD_MODE", "UPLOAD_LOCAL")
        store_in(script, folder, "M42_ISO8601_XXX")
        since = script.begin(0.01)
        script.update("CCD_EXPOSURE", "Ok", since=since)
        path = Path(script.update("CCD_FILE_PATH", "Ok", since=since).value)
        assert re.fullmatch(r"M42_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}_001\.fits", path.name)
        assert path.exists()
        assert not script.sets("CCD1", since)


def test_a_frame_that_cannot_be_stored_is_still_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with scripted(tmp_path, FAST) as (script, simulator):
        script.bin_by(4)
        choose(script, "UPLOAD_MODE", "UPLOAD_BOTH")
        store_in(script, tmp_path / "file" / "folder")
        since = script.now()
        blob = script.take()
        assert np.array_equal(blob.image()[1], sensor_pixels(simulator))
        script.update("UPLOAD_SETTINGS", "Alert", since=since)
        script.defined("UPLOAD_UNSAVED")
        store_in(script, tmp_path / "good")
        since = script.switch("UPLOAD_UNSAVED", "SAVE")
        path = Path(script.update("CCD_FILE_PATH", "Ok", since=since).value)
        assert path.read_bytes() == blob.content


def test_compression(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        script.bin_by(4)
        choose(script, "CCD_COMPRESSION", "INDI_ENABLED")
        blob = script.take()
        assert (blob.format, blob.size) == (".fits.fz", len(blob.content))
        assert np.array_equal(blob.image()[1], sensor_pixels(simulator))
        choose(script, "CCD_COMPRESSION", "INDI_DISABLED")
        assert script.take().format == ".fits"


def test_fast_exposure(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(4)
        choose(script, "CCD_FAST_TOGGLE", "INDI_ENABLED")
        since = script.number("CCD_FAST_COUNT", FRAMES=3)
        script.update("CCD_FAST_COUNT", "Ok", since=since)
        since = script.begin(0.01)
        script.until(lambda _: len(script.sets("CCD1", since)) == 3, since=since, what="3 frames")
        taken = [r.value.image()[0]["DATE-OBS"] for r in script.sets("CCD1", since)]
        assert taken == sorted(set(taken)), "three frames of their own"
        assert script.update("CCD_FAST_COUNT", "Idle", since=since).value == 1


# --- FITS headers --------------------------------------------------------------------------------


def test_the_telescope_is_in_the_header(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST, "indi_simulator_telescope") as (script, _):
        script.bin_by(4)
        script.connect(SCOPE, "TELESCOPE_PIER_SIDE")
        since = script.number("GEOGRAPHIC_COORD", device=SCOPE, LAT=-24.6, LONG=289.6, ELEV=2600)
        script.update("GEOGRAPHIC_COORD", "Ok", since=since, device=SCOPE)
        choose(script, "ON_COORD_SET", "SYNC", SCOPE)
        since = script.number("EQUATORIAL_EOD_COORD", device=SCOPE, RA=5.5, DEC=-5.4)
        told = script.until(
            lambda r: r.name == "EQUATORIAL_EOD_COORD" and abs(r.values["RA"] - 5.5) < 0.01,
            since=since,
        ).values
        header = header_of(script)
        of_date = FK5(equinox=Time(header["DATE-OBS"]))
        mean = SkyCoord(told["RA"] * u.hourangle, told["DEC"] * u.deg, frame=of_date)
        found = SkyCoord(header["RA"] * u.deg, header["DEC"] * u.deg, frame=FK5(equinox="J2000"))
        assert found.separation(mean.transform_to(FK5(equinox="J2000"))).arcsec < 60
        assert (header["TELESCOP"], header["EQUINOX"]) == (SCOPE, 2000)
        assert header["SITELAT"] == pytest.approx(-24.6)
        assert header["SITELONG"] == pytest.approx(-70.4)
        optics = script.defined("TELESCOPE_INFO", device=SCOPE).values
        assert header["FOCALLEN"] == optics["TELESCOPE_FOCAL_LENGTH"]
        assert (header["INSTRUME"], header["EXPTIME"], header["XBINNING"]) == (DEVICE, 0.01, 4)


def test_active_devices_choose_whose_values_are_in_the_header(tmp_path: Path) -> None:
    drivers = [f"indi_simulator_{name}" for name in ("focus", "rotator", "wheel", "sqm")]
    with scripted(tmp_path, FAST, *drivers) as (script, _):
        script.bin_by(4)
        for device, last in (
            (FOCUSER, "FOCUS_TEMPERATURE"),
            (ROTATOR, "ABS_ROTATOR_ANGLE"),
            (WHEEL, "FILTER_NAME"),
            (SQM, "SKY_QUALITY"),
        ):
            script.connect(device, last)
        header = header_of(script)
        assert header["FILTER"] == "Empty", "of our own wheel"
        assert "MPSAS" not in header
        since = script.text(
            "ACTIVE_DEVICES", ACTIVE_FILTER=WHEEL, ACTIVE_SKYQUALITY=SQM, ACTIVE_ROTATOR=""
        )
        script.update("ACTIVE_DEVICES", "Ok", since=since)
        since = script.number("FILTER_SLOT", device=WHEEL, FILTER_SLOT_VALUE=3)
        script.update("FILTER_SLOT", "Ok", since=since, device=WHEEL)
        header = header_of(script)
        names = script.defined("FILTER_NAME", device=WHEEL).values
        assert header["FILTER"] == names["FILTER_SLOT_NAME_3"]
        assert header["MPSAS"] == script.defined("SKY_QUALITY", device=SQM).value
        assert "FOCUSPOS" in header
        assert "ROTATANG" not in header


def test_the_users_keywords_and_optics(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(4)
        since = script.text(
            "FITS_HEADER", KEYWORD_NAME="PROJECT", KEYWORD_VALUE="7", KEYWORD_COMMENT="ours"
        )
        script.update("FITS_HEADER", "Ok", since=since)
        since = script.number("SCOPE_INFO", FOCAL_LENGTH=2032, APERTURE=203)
        script.update("SCOPE_INFO", "Ok", since=since)
        header = header_of(script)
        assert (header["PROJECT"], header.comments["PROJECT"]) == (7, "ours")
        assert (header["FOCALLEN"], header["APTDIA"]) == (2032, 203)
        since = script.text(
            "FITS_HEADER", KEYWORD_NAME="NAXIS", KEYWORD_VALUE="3", KEYWORD_COMMENT=""
        )
        script.update("FITS_HEADER", "Alert", since=since)


def test_the_cameras_own_fits_settings_and_file(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, simulator):
        script.bin_by(4)
        since = script.text("CAMERA_FITS_TEXT", OBSERVER="Ejnar & Co.")
        script.update("CAMERA_FITS_TEXT", "Ok", since=since)
        since = script.number("CAMERA_FITS_OPTICS", FOCAL_LENGTH=2345)
        script.update("CAMERA_FITS_OPTICS", "Ok", since=since)
        flash = simulator.camera.flash
        assert (flash.fits_texts["Observer"], flash.writes) == ("Ejnar & Co.", 2)
        since = script.text("CAMERA_FITS_TEXT", OBSERVER="x" * 68)
        kept = script.update("CAMERA_FITS_TEXT", "Alert", since=since)
        assert kept.values["OBSERVER"] == "Ejnar & Co."
        choose(script, "CCD_IMAGE_SOURCE", "SOURCE_FITS")
        assert np.array_equal(script.take().image()[1], sensor_pixels(simulator))
        assert flash.writes == 2, "exposures do not wear the flash"


# --- the driver ----------------------------------------------------------------------------------


def test_the_configuration_is_saved_and_loaded(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(3)
        choose(script, "CONFIG_PROCESS", "CONFIG_SAVE")
        script.bin_by(1)
        since = choose(script, "CONFIG_PROCESS", "CONFIG_LOAD")
        assert script.update("CCD_BINNING", "Ok", since=since).value == 3
    with scripted(tmp_path, FAST) as (script, _):
        since = choose(script, "CONFIG_PROCESS", "CONFIG_LOAD")
        assert script.update("CCD_BINNING", "Ok", since=since).value == 3
        choose(script, "CONFIG_PROCESS", "CONFIG_PURGE")
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
        choose(script, "DEBUG", "ENABLE")
        assert "Debug is enabled." in script.said[-1]
        for name in levels:
            script.defined(name)
        choose(script, "LOG_OUTPUT", "FILE_DEBUG")
        since = choose(script, "DEBUG", "DISABLE")
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
        choose(script, "SIMULATION", "ENABLE", second)
        script.connect(second, "CCD_FAST_COUNT")
        assert script.defined("CAMERA_INFO", device=second).value == "SBIG STX-16803"
        assert script.defined("CAMERA_INFO").value == "SBIG STT-8300"
        script.bin_by(4)
        since = script.now()
        assert np.array_equal(script.take().image()[1], sensor_pixels(simulator))
        assert not script.sets("CCD_EXPOSURE", since, device=second)
