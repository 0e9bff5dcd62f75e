"""What becomes of frames, as a script on pyindi-client meets it: files, BLOBs and FITS headers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK5, SkyCoord
from astropy.io import fits
from astropy.time import Time

from indi_stx.simulator.options import SimulatorOptions
from tests.harness.pyindi_client import Script, scripted, sensor_pixels
from tests.harness.servers import DEVICE

FAST = SimulatorOptions(model="STT-8300", time_scale=20)
SCOPE = "Telescope Simulator"
FOCUSER = "Focuser Simulator"
ROTATOR = "Rotator Simulator"
WHEEL = "Filter Simulator"
SQM = "SQM Simulator"


def store_in(script: Script, folder: Path, prefix: str = "IMAGE_XXX") -> None:
    since = script.text("UPLOAD_SETTINGS", UPLOAD_DIR=str(folder), UPLOAD_PREFIX=prefix)
    script.update("UPLOAD_SETTINGS", "Ok", since=since)


def header_of(script: Script) -> fits.Header:
    return script.take().image()[0]


def test_uploads_to_disk_and_client(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(4)
        script.choose("UPLOAD_MODE", "UPLOAD_BOTH")
        store_in(script, folder)
        since = script.now()
        blob = script.take()
        path = Path(script.update("CCD_FILE_PATH", "Ok", since=since).value)
        assert path == folder / "IMAGE_001.fits"
        assert path.read_bytes() == blob.content
        script.choose("UPLOAD_MODE", "UPLOAD_LOCAL")
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
        script.choose("UPLOAD_MODE", "UPLOAD_BOTH")
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
        script.choose("CCD_COMPRESSION", "INDI_ENABLED")
        blob = script.take()
        assert (blob.format, blob.size) == (".fits.fz", len(blob.content))
        assert np.array_equal(blob.image()[1], sensor_pixels(simulator))
        script.choose("CCD_COMPRESSION", "INDI_DISABLED")
        assert script.take().format == ".fits"


def test_fast_exposure(tmp_path: Path) -> None:
    with scripted(tmp_path, FAST) as (script, _):
        script.bin_by(4)
        script.choose("CCD_FAST_TOGGLE", "INDI_ENABLED")
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
        script.choose("ON_COORD_SET", "SYNC", SCOPE)
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
        script.choose("CCD_IMAGE_SOURCE", "SOURCE_FITS")
        assert np.array_equal(script.take().image()[1], sensor_pixels(simulator))
        assert flash.writes == 2, "exposures do not wear the flash"
