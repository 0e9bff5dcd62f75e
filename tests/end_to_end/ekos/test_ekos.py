"""A night with KStars and Ekos: the camera is cooled, takes a sequence, and guides itself.

The tests are the chapters of one session and run in this order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from math import hypot
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.end_to_end.ekos.conftest import DECLINATION, FILTERS, MOUNT, OPTIONS, Night
from tests.end_to_end.ekos.ekos import GuideStatus
from tests.end_to_end.ekos.logs import Guided, complaints, guided_frames, rms_pixels
from tests.end_to_end.ekos.sequence import Job, write_sequence
from tests.harness.observatory import check_requests
from tests.harness.servers import DEVICE

pytestmark = [pytest.mark.ekos, pytest.mark.timeout(240)]

HEAD = f"{DEVICE} Remote Guide Head"
CELSIUS = -5.0
JOBS = [
    Job("Light", 1, 2, "Red", CELSIUS),
    Job("Light", 2, 1, "Blue", CELSIUS, binning=2),
    Job("Dark", 1, 1, "Blue", CELSIUS),
]
GUIDED_S = 60
GUIDE_TAB = (575, 32)
"""Where the guide module's tab is, for the picture only."""


def test_ekos_connects_and_shows_the_camera(night: Night) -> None:
    ekos = night.ekos
    night.kstars.until("all devices", lambda: ekos.connected_devices() == {DEVICE, HEAD, MOUNT}, 20)
    night.kstars.until("the camera in Ekos", lambda: ekos.shows("Capture", "camera") == DEVICE, 20)
    assert ekos.shows("Capture", "filterWheel") == DEVICE
    assert ekos.shows("Guide", "camera") == DEVICE
    assert ekos.shows("Guide", "guider") == DEVICE, "pulses go to the camera's own port"
    assert ekos.shows("Capture", "coolerControl") is True
    assert dialogs(night) == []


def dialogs(night: Night) -> list[str]:
    """Return the windows that should not be there; they would wait for somebody."""
    expected = ("KStars", "Ekos", "INDI Control Panel")
    return [t for t in night.desktop.window_titles() if not t.startswith(expected)]


def test_it_cools_changes_filters_and_saves_frames(night: Night) -> None:
    path = night.desktop.work / "night.esq"
    sensor = night.simulator.camera.imager.sensor.model
    write_sequence(path, JOBS, (sensor.columns, sensor.rows), night.images)
    night.ekos.take_sequence(path, limit_s=120)
    wanted = sum(job.count for job in JOBS)
    night.kstars.until("the last file", lambda: len(saved(night.images)) == wanted, 10)
    night.kstars.until_quiet(1, 20)

    frames = [read(f) for f in saved(night.images)]
    taken = [(h["FRAME"], h["FILTER"], h["EXPTIME"], h["XBINNING"]) for h, _ in frames]
    assert taken == [
        (j.kind, j.filter, j.exposure_s, j.binning) for j in JOBS for _ in range(j.count)
    ]
    for header, pixels in frames:
        check_header(header, pixels.shape, night)
        if header["FRAME"] == "Light":
            check_place_in_the_sky(header)
    assert not frames[-1][0].keys() & {"RA", "DEC", "AIRMASS"}, "a dark shows no sky"
    in_camera = night.simulator.call(lambda camera: camera.imager.frame().pixels)
    assert np.array_equal(frames[-1][1], in_camera), "not a bit is lost on the way to the file"
    light, dark = frames[0][1], frames[-1][1]
    assert light.max() > dark.max() + 5000, "stars"
    assert night.simulator.camera.wheel.position() == 1 + FILTERS.index("Blue")
    assert night.ekos.number(DEVICE, "CCD_TEMPERATURE", "CCD_TEMPERATURE_VALUE") == pytest.approx(
        CELSIUS, abs=0.5
    )


def saved(images: Path) -> list[Path]:
    """Return the frames that Ekos saved, oldest first."""
    return sorted(images.rglob("*.fits"), key=lambda path: path.stat().st_mtime)


def read(path: Path) -> tuple[Mapping[str, object], np.ndarray]:
    with fits.open(path) as hdus:
        assert len(hdus) == 1
        return dict(hdus[0].header), hdus[0].data.copy()


def check_header(header: Mapping[str, object], shape: tuple[int, ...], night: Night) -> None:
    """Hold the header of one frame against what the night was like."""
    binning = header["XBINNING"]
    assert isinstance(binning, int)
    sensor = night.simulator.camera.imager.sensor.model
    assert shape == (sensor.rows // binning, sensor.columns // binning)
    assert header["IMAGETYP"] == f"{header['FRAME']} Frame"
    assert header["CCD-TEMP"] == pytest.approx(CELSIUS, abs=0.5)
    assert header["SET-TEMP"] == CELSIUS
    assert (header["INSTRUME"], header["TELESCOP"]) == (DEVICE, MOUNT)
    assert (header["YBINNING"], header["PIXSIZE1"]) == (binning, sensor.pixel_um)
    assert header["XPIXSZ"] == pytest.approx(sensor.pixel_um * binning)
    assert (header["FOCALLEN"], header["APTDIA"]) == (OPTIONS.focal_length_mm, OPTIONS.aperture_mm)
    assert header["SCALE"] == pytest.approx(
        206.265 * sensor.pixel_um * binning / OPTIONS.focal_length_mm, rel=1e-3
    )
    age = datetime.now(UTC) - datetime.fromisoformat(f"{header['DATE-OBS']}+00:00")
    assert 0 < age.total_seconds() < 300


def check_place_in_the_sky(header: Mapping[str, object]) -> None:
    """The mount was told apparent coordinates; the header has those of J2000."""
    assert header["EQUINOX"] == 2000
    assert header["DEC"] == pytest.approx(DECLINATION, abs=0.5)
    assert header["SITELAT"] == pytest.approx(51.468, abs=0.01)
    assert header["OBJCTALT"] == pytest.approx(65, abs=3), "an hour east of the meridian"


def test_its_guider_calibrates_and_holds_the_sky(night: Night) -> None:
    states = night.ekos.calibrate_and_guide(limit_s=150)
    assert GuideStatus.CALIBRATING in states
    measured = []
    end = time.monotonic() + GUIDED_S
    while time.monotonic() < end:
        time.sleep(0.5)
        assert night.ekos.status("Guide") == GuideStatus.GUIDING, night.ekos.says("Guide")
        measured.append(sky(night))
    night.desktop.show("Ekos", click=GUIDE_TAB)
    night.kstars.until_quiet(0, 5)
    picture = night.desktop.screenshot("guiding")
    frames = guide_log(night)
    night.ekos.stop_guiding()

    assert len(frames) >= GUIDED_S / 4, frames
    rms = rms_pixels(frames)
    print(f"{len(frames)} frames guided, rms {rms:.2f} pixels; {picture}")
    assert rms < 1, frames
    wandered = np.hypot(*np.std(measured, axis=0))
    assert wandered < 1, f"by the camera's own sky the star left its place, {wandered} pixels rms"
    drifted = GUIDED_S / 60 * hypot(OPTIONS.drift_x_arcsec_per_min, OPTIONS.drift_y_arcsec_per_min)
    assert drifted / guide_scale(night) > 5, "unguided, the star had left its place by far"


def guide_log(night: Night) -> list[Guided]:
    (path,) = night.desktop.home.rglob("guidelogs/*.txt")
    return guided_frames(path)


def guide_scale(night: Night) -> float:
    """Return arcseconds for a pixel of the guide CCD."""
    sensor = night.simulator.camera.guider.sensor.model
    return night.simulator.camera.telescope.arcsec_per_pixel(sensor.pixel_um)


def sky(night: Night) -> tuple[float, float]:
    """Return where the simulated field stands, in pixels of the guide CCD."""
    x, y = night.simulator.call(lambda c: c.pointing.offset_arcsec(c.time.now()))
    return x / guide_scale(night), y / guide_scale(night)


def test_nobody_complains_until_the_end(night: Night) -> None:
    assert dialogs(night) == []
    night.ekos.disconnect()
    assert night.kstars.quit() == 0
    assert complaints(night.kstars.log(), DEVICE) == []
    check_requests(night.simulator.camera.requests.records)
