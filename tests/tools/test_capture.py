"""`indi-stx capture`: frames on the disk, and what it says when something is in the way."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from indi_stx import cli
from indi_stx.cli import main
from indi_stx.clock import SystemClock
from indi_stx.errors import ImageError
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import BlockingCamera, Camera, CcdState
from indi_stx.tools import preparing, saving, series
from indi_stx.tools.display import Display
from indi_stx.tools.preparing import cool
from tests.conformance.wrong_camera import serving
from tests.tools.cameras import WEB_PAGE, requests_in, simulated, url_of

SMALL = ("--frame", "100,200,400,300", "--bin", "2", "--exposure", "0.1")


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch):
    monkeypatch.setattr(preparing, "COOLING_LOOK_S", 0.02)
    monkeypatch.setattr(preparing, "WHEEL_LOOK_S", 0.02)


def capture(camera: SimulatorThread, folder: Path, *options: str) -> int:
    return main(["capture", url_of(camera), "--output", str(folder), *options])


def eventually(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_series_with_everything(capsys, tmp_path: Path):
    folder = tmp_path / "new" / "folder"
    with simulated() as camera:
        with BlockingCamera(camera.host, camera.port) as other:
            other.set_filter_names({3: "H alpha"})
        options = ("--count", "2", "--filter", "h ALPHA", "--temperature", "12", "--object", "M42")
        assert capture(camera, folder, *SMALL, *options) == 0
        with BlockingCamera(camera.host, camera.port) as other:
            held = other.imager.download_array()
    printed = capsys.readouterr()
    paths = [folder / "light_001.fits", folder / "light_002.fits"]
    assert printed.out.splitlines() == [str(path) for path in paths]
    for line in (
        "SBIG STT-8300 at http://127.0.0.1:",
        "Turning the wheel to filter 3",
        "Cooling from ",
        "Frame 1 of 2: light, 0.1 s",
        "Frame 2 of 2: downloading",
        "Frame 2 of 2: 200 x 150 pixels, mean ",
    ):
        assert line in printed.err
    with fits.open(paths[1]) as hdus:
        header, pixels = hdus[0].header, hdus[0].data
    np.testing.assert_array_equal(pixels, held)
    wanted = {"FRAME": "Light", "EXPTIME": 0.1, "FILTER": "H alpha", "OBJECT": "M42"}
    wanted |= {"XBINNING": 2, "XORGSUBF": 50, "YORGSUBF": 100, "SET-TEMP": 12.0, "EGAIN": 0.37}
    assert {name: header[name] for name in wanted} == wanted
    assert header["CCD-TEMP"] == pytest.approx(12.0, abs=0.5)
    with Image.open(folder / "light_002.png") as picture:
        assert picture.size == (200, 150)


@pytest.mark.parametrize(
    ("options", "name", "frame", "exposed_s"),
    [
        (("--type", "bias"), "bias_001", "Bias", 0.01),
        (("--type", "dark", "--exposure", "0.2"), "dark_001", "Dark", 0.2),
        (("--type", "flat", "--name", "sky_"), "sky__001", "Flat", 1.0),
    ],
)
def test_types_and_names(options, name: str, frame: str, exposed_s: float, tmp_path: Path):
    with simulated() as camera:
        assert capture(camera, tmp_path, "--bin", "8", "--no-preview", *options) == 0
    assert os.listdir(tmp_path) == [f"{name}.fits"]
    header = fits.getheader(tmp_path / f"{name}.fits")
    assert (header["FRAME"], header["EXPTIME"]) == (frame, exposed_s)
    assert (header["NAXIS1"], header["NAXIS2"]) == (415, 313)


def test_no_file_is_replaced(tmp_path: Path):
    mine = {"light_001.png": b"mine", "light_007.fits": b"mine, too"}
    for name, content in mine.items():
        (tmp_path / name).write_bytes(content)
    with simulated() as camera:
        assert capture(camera, tmp_path, *SMALL) == 0
        assert capture(camera, tmp_path, *SMALL) == 0
    assert {name: (tmp_path / name).read_bytes() for name in mine} == mine
    new = {"light_008.fits", "light_008.png", "light_009.fits", "light_009.png"}
    assert set(os.listdir(tmp_path)) == new | set(mine)


def test_a_wrong_address(capsys, tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert main(["capture", url, "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "refuses connections" in said
    assert "indi-stx find" in said


def test_a_web_server_that_is_no_camera(capsys, tmp_path: Path):
    with serving(lambda request: WEB_PAGE) as url:
        assert main(["capture", url, "--output", str(tmp_path)]) == 1
    assert "as no STX camera does" in capsys.readouterr().err


def test_a_camera_at_work_for_others_is_left_alone(capsys, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    with simulated(time_scale=1.0, request_log=log) as camera:
        with BlockingCamera(camera.host, camera.port) as other:
            other.imager.start_exposure(600, 1)
        assert capture(camera, tmp_path / "frames", "--temperature", "0", "--filter", "2") == 1
        assert camera.call(lambda c: int(c.imager.state())) == CcdState.EXPOSING
    assert "The camera is busy (exposing) for another program" in capsys.readouterr().err
    assert not [uri for uri in requests_in(log) if "SetSettings" in uri or "ChangeFilter" in uri]


def test_another_program_that_is_quicker(capsys, tmp_path: Path):
    with simulated(time_scale=1.0) as camera:
        camera.add_fault("foreign-start=duration=600,path=/api/ImagerStartExposure.cgi,times=1")
        assert capture(camera, tmp_path, *SMALL) == 1
    said = capsys.readouterr().err
    assert "0x80001008" in said
    assert "another program uses the camera" in said


def test_a_folder_that_cannot_be_is_told_before_the_camera_is_asked(capsys, tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    log = tmp_path / "log.jsonl"
    with simulated(request_log=log) as camera:
        assert capture(camera, tmp_path / "file" / "folder") == 1
    assert "part of the path is not a directory" in capsys.readouterr().err
    assert not log.exists() or requests_in(log) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(capsys, tmp_path: Path):
    tmp_path.chmod(0o500)
    with simulated() as camera:
        assert capture(camera, tmp_path) == 1
    assert "this user may not write there" in capsys.readouterr().err


def test_permission_is_explained(capsys, tmp_path: Path, monkeypatch):
    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(saving.tempfile, "TemporaryFile", denied)
    with simulated() as camera:
        assert capture(camera, tmp_path) == 1
    assert f"Cannot save to {tmp_path}: this user may not write there." in capsys.readouterr().err


def test_a_frame_that_cannot_be_stored_is_not_lost(capsys, tmp_path: Path, monkeypatch):
    refuge, planned = tmp_path / "refuge", tmp_path / "planned"
    refuge.mkdir()
    save_frame = saving.save_frame

    def disk_full(frame, folder: Path, prefix: str) -> Path:
        if folder == planned:
            raise ImageError(f"Cannot save to {folder}: the disk is full.")
        return save_frame(frame, folder, prefix)

    monkeypatch.setattr(series, "save_frame", disk_full)
    monkeypatch.setattr(series.tempfile, "gettempdir", lambda: str(refuge))
    with simulated() as camera:
        assert capture(camera, planned, *SMALL, "--count", "3") == 1
    [kept] = refuge.iterdir()
    assert fits.getheader(kept)["EXPTIME"] == 0.1
    assert f"the disk is full. The frame is in {kept} instead." in capsys.readouterr().err


def test_a_picture_that_cannot_be_saved_ends_no_series(capsys, tmp_path: Path, monkeypatch):
    def no_picture(*_: object) -> Path:
        raise ImageError("Cannot save the picture: the disk is full.")

    monkeypatch.setattr(series, "save_preview", no_picture)
    with simulated() as camera:
        assert capture(camera, tmp_path, *SMALL, "--count", "2") == 1
    assert sorted(os.listdir(tmp_path)) == ["light_001.fits", "light_002.fits"]
    assert "the disk is full" in capsys.readouterr().err


def test_a_download_that_breaks_is_made_again(capsys, tmp_path: Path):
    with simulated(faults=("reset-body=after=30000,path=/api/ImagerData.bin,times=1",)) as camera:
        assert capture(camera, tmp_path, *SMALL) == 0
    assert "Trying again." in capsys.readouterr().err
    assert fits.getdata(tmp_path / "light_001.fits").shape == (150, 200)


def test_an_exposure_without_an_image(capsys, tmp_path: Path):
    with simulated(faults=("error-state=ccd=imager",)) as camera:
        assert capture(camera, tmp_path, *SMALL) == 1
    assert "The camera reports an error" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--filter", "Red"), "There is no filter 'Red'. There are: 1 Empty, 2 Empty"),
        (("--filter", "empty"), "Several filters are called 'empty'; give a slot"),
        (("--filter", "9"), "There is no filter 9: the slots are 1 to 8"),
        (("--bin", "10"), "This camera bins by 1 to 9, not by 10"),
        (("--frame", "0,0,3327,1"), "reaches past the sensor of 3326 x 2504 pixels"),
        (("--frame", "0,0,3,3", "--bin", "4"), "is smaller than a binned pixel"),
    ],
)
def test_what_this_camera_does_not_have_is_a_usage_error(options, said, capsys, tmp_path: Path):
    with simulated() as camera:
        assert capture(camera, tmp_path, *options) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--count=0", "is not a whole number from 1"),
        ("--exposure=nan", "is not a number of seconds"),
        ("--exposure=0", "is not a number of seconds"),
        ("--temperature=-101", "is not a number of degrees Celsius"),
        ("--frame=1,2,3", "is not X,Y,WIDTH,HEIGHT"),
        ("--frame=-1,0,3,4", "is not X,Y,WIDTH,HEIGHT"),
        ("--name=a/b", "must be part of a file name"),
        ("--type=moon", "invalid choice"),
    ],
)
def test_impossible_options_are_told_at_once(option: str, said: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["capture", "http://127.0.0.1", option])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("filter-missing", "The camera refused: "),
        ("filter-jammed", "The filter wheel stopped at 1 instead of 4"),
    ],
)
def test_a_wheel_that_does_not_turn(fault: str, said: str, capsys, tmp_path: Path):
    with simulated(faults=(fault,)) as camera:
        assert capture(camera, tmp_path, "--filter", "4") == 1
    assert said in capsys.readouterr().err


def test_a_temperature_that_cannot_be_reached(capsys, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(preparing, "STEADY_CELSIUS", 0.0001)
    with simulated(faults=("cooler-latch-up",)) as camera:
        options = ("--temperature", "-90", "--cooling-limit", "0.1")
        limit = cli.make_parser().parse_args(
            ["capture", url_of(camera), "--output", str(tmp_path), *options]
        )
        limit.cooling_limit = 0.002
        assert limit.run(limit) == 1
        assert camera.call(lambda c: c.cooler.on)
    said = capsys.readouterr().err
    assert "not -90.0 C, with 100 % of the cooler's power" in said
    assert "The cooler stays on." in said


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_an_interrupt_aborts_the_exposure_without_a_traceback(
    number: int, status: int, tmp_path: Path
):
    terminal, end = pty.openpty()
    with simulated(time_scale=1.0) as camera, open(terminal, "rb", buffering=0) as shown:
        command = [sys.executable, "-m", "indi_stx", "capture", url_of(camera)]
        command += ["--exposure", "600", "--count", "3", "--output", str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end) as process:
            os.close(end)
            eventually(lambda: camera.call(lambda c: int(c.imager.state())) == CcdState.EXPOSING)
            said = b""
            while b"of 600 s" not in said:  # the bar
                said += shown.read(4096)
            process.send_signal(number)
            try:
                while more := shown.read(4096):
                    said += more
            except OSError:  # a terminal whose other end is closed
                pass
            assert process.wait(60) == status
        assert camera.call(lambda c: int(c.imager.state())) == CcdState.IDLE
    assert b"Aborted: 0 of 3 frames are saved." in said
    assert b"Traceback" not in said
    assert re.search(rb"Frame 1 of 3: light, 600 s", said)
    assert os.listdir(tmp_path) == []


async def test_an_interrupt_while_cooling_says_that_the_cooler_is_on(capsys):
    with simulated() as simulator, Display() as display:
        async with Camera(simulator.host, simulator.port) as camera:
            cooling = asyncio.create_task(cool(camera, -20.0, 600.0, SystemClock(), display))
            await asyncio.to_thread(eventually, lambda: simulator.call(lambda c: c.cooler.on))
            cooling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cooling
    assert "The cooler stays on, set to -20.0 C." in capsys.readouterr().err
