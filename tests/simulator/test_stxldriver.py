"""A published client of STXL cameras, which works by the camera's web pages, runs on ours.

`stxldriver` by D. Kirkby (MIT, on PyPI). Its waits are seconds of the camera, so they are as much
shorter as the camera's time is faster.
"""

import time

import pytest
import stxldriver.camera
from astropy.io import fits
from PIL import Image

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread

TIME_SCALE = 20.0


class CameraSeconds:
    """The time module of a client that lives as fast as the camera."""

    def __init__(self, simulator):
        self._simulator = simulator

    def sleep(self, seconds):
        time.sleep(seconds / TIME_SCALE)
        # The client allows 5 s for a reboot, which are short here when the machine is busy.
        while "reboot" in self._simulator.camera.faults:
            time.sleep(0.01)

    def time(self):
        return time.monotonic() * TIME_SCALE


@pytest.fixture
def simulator(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    options = SimulatorOptions(model="STXL-6303", time_scale=TIME_SCALE, overload_delay_s=0.0)
    with SimulatorThread(options) as running:
        monkeypatch.setattr(stxldriver.camera, "time", CameraSeconds(running))
        yield running


@pytest.fixture
def client(simulator):
    return stxldriver.camera.Camera(f"http://{simulator.host}:{simulator.port}", timeout=20.0)


def test_it_reads_the_pages(client):
    assert client.properties["Model"] == "SBIG STXL-6303"
    client.read_setup()
    assert client.setup["_Bin_values"] == ["1", "2", "3"]
    client.read_exposure_config()
    assert client.exposure_config["ImageType"] == "1"
    client.read_filter_config()
    assert (client.current_filter_number, client.current_filter_name) == (1, "Empty")


def test_it_reboots_cools_and_takes_exposures(simulator, client, tmp_path):
    simulator.call(lambda camera: camera.guider.geometry.set_parameter("BinX", "2"))
    client.initialize(binning=2, reboot=True, fan_setpoint=50, temperature_setpoint=10)
    assert simulator.camera.guider.geometry.bin_x == 1
    camera = simulator.camera
    assert (int(camera.fan_state), camera.fan_percent()) == (1, 50)
    assert (camera.cooler.on, camera.cooler.setpoint_celsius) == (True, 10.0)
    assert camera.cooler.temperature_celsius() == pytest.approx(10, abs=0.1)
    file = tmp_path / "frame.fits"
    for exposure_s, is_light, kind in ((2.0, True, "Light Frame"), (0.0, False, "Dark Frame")):
        # Its own limit is 10 s; a busy machine develops a frame more slowly than that.
        assert client.take_exposure(exposure_s, str(file), shutter_open=is_light, timeout=1000)
        with fits.open(file) as opened:
            header, data = opened[0].header, opened[0].data
        assert (header["EXPTIME"], header["IMAGETYP"]) == (exposure_s, kind)
        assert data.shape == (1023, 1536)
        # What it sent, not the 2008 of a start without a date.
        assert header["DATE-OBS"] > "2020"
    preview = tmp_path / "frame.jpg"
    client.save_exposure(str(preview), preview=True)
    with Image.open(preview) as picture:
        assert picture.size == (512, 341)


def test_it_aborts(simulator, client):
    client.start_exposure(ExposureTime=600.0, ImageType=1)
    assert client.call_api("CurrentCCDState.cgi") == "2"
    assert client.call_api("CurrentCCDState.cgi?IncludeTimePct") == "2"
    client.abort_exposure()
    assert client.call_api("CurrentCCDState.cgi") == "0"
    with pytest.raises(RuntimeError):
        client.start_exposure(ExposureTime=-1.0, ImageType=1)


def test_it_moves_the_wheel(client):
    # As published it leaves out the question mark; no camera can know that address.
    with pytest.raises(RuntimeError, match="404"):
        client.init_filter_wheel()
    client.read_filter_config(query="?Filter=3")
    assert client.current_filter_number == 3
    while client.call_api("FilterState.cgi") != "0":
        time.sleep(0.01)
    client.read_filter_config(query="?Filter=0")
    assert client.current_filter_number == 1


def test_it_sees_a_latched_cooler_and_an_obstinate_fan(simulator, client, tmp_path):
    client.write_setup(CCDTemperatureSetpoint=-20.0, CoolerState=1)
    simulator.add_fault("cooler-latch-up")
    seen = []
    taken = client.take_exposure(
        0.1, str(tmp_path / "x"), timeout=1000, latchup_action=lambda: seen.append("latched")
    )
    assert (taken, seen) == (False, ["latched"])
    simulator.add_fault("fan-writes-ignored")
    with pytest.raises(RuntimeError, match="Failed to verify setup"):
        client.write_setup(Fan=2, FanSetpoint=100.0, max_retries=2)
