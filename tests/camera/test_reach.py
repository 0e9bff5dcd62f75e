"""What the API document, and newer firmware, have beyond libindi's vocabulary; no indiserver."""

from __future__ import annotations

import urllib.request

import pytest

from indi_stx.indi import Kind, State
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.relays import Relay
from tests.harness.desk import DEVICE, CameraDesk, camera_desk

HEAD = f"{DEVICE} Remote Guide Head"
STX = SimulatorOptions(model="STX-16803", time_scale=20)
STT = SimulatorOptions(model="STT-8300", time_scale=20)
NEWER = SimulatorOptions(model="STT-8300", time_scale=20, firmware="newer")


def sensor(desk: CameraDesk, name: str, device: str = DEVICE) -> list[object]:
    elements = ("ELECTRONS_PER_ADU", "FULL_WELL", "MAX_ADU")
    return [desk.value(name, element, device) for element in elements]


async def test_what_the_sensors_are(subtests: pytest.Subtests) -> None:
    async with camera_desk(STX) as desk:
        models = desk.simulator.camera.model
        await desk.until(lambda: desk.last("CCD_SENSOR", device=HEAD) is not None, "the head")
        with subtests.test("shown"):
            for name, device, model in (
                ("CCD_SENSOR", DEVICE, models.imager),
                ("GUIDER_SENSOR", DEVICE, models.guider),
                ("CCD_SENSOR", HEAD, models.external_guider),
            ):
                expected = [model.electrons_per_adu, model.full_well_electrons, model.max_adu]
                assert sensor(desk, name, device) == expected
            assert desk.value("CCD_GAIN", "GAIN") == models.imager.electrons_per_adu
            assert desk.last("CCD_GAIN").permission.value == "ro"
        with subtests.test("in headers"):
            await desk.small_frames()
            header = await desk.header()
            assert header["FULLWELL"] == models.imager.full_well_electrons
            assert header["DATAMAX"] == models.imager.max_adu
            assert header["EGAIN"] == models.imager.electrons_per_adu
        with subtests.test("temperatures of the guide CCDs"):
            guider_celsius = desk.value("GUIDER_TEMPERATURE", "GUIDER_TEMPERATURE_VALUE")
            assert guider_celsius == desk.value("CCD_TEMPERATURE", "CCD_TEMPERATURE_VALUE")
            assert desk.value("GUIDER_AMBIENT_TEMPERATURE", "AMBIENT_TEMPERATURE_VALUE") == 15
            assert desk.value("AMBIENT_TEMPERATURE", "AMBIENT_TEMPERATURE_VALUE", HEAD) == 15
            assert desk.value("GUIDER_COOLER", "COOLER") is State.IDLE
            await desk.numbers("GUIDER_BINNING", HOR_BIN=2, VER_BIN=2)
            assert (await desk.header(head="GUIDER"))["CCD-TEMP"] == pytest.approx(15, abs=1)
            await desk.switch("CCD_COOLER", "COOLER_ON")
            await desk.until(lambda: desk.value("GUIDER_COOLER", "COOLER") is State.OK, "cooling")
        with subtests.test("what the firmware is"):
            assert desk.value("CAMERA_INFO", "PROFILE") == "API document of 2011"


async def test_the_set_point_alone() -> None:
    async with camera_desk(STT) as desk:
        cooler = desk.simulator.camera.cooler
        assert desk.value("CCD_SETPOINT", "CCD_SETPOINT_VALUE") == cooler.setpoint_celsius
        assert (await desk.numbers("CCD_SETPOINT", CCD_SETPOINT_VALUE=-7)).state is State.OK
        assert (cooler.on, cooler.setpoint_celsius) == (False, -7)
        assert desk.last("CCD_TEMPERATURE").state is State.IDLE
        await desk.switch("CCD_COOLER", "COOLER_ON")
        since = await desk.put(Kind.NUMBER, "CCD_SETPOINT", CCD_SETPOINT_VALUE=-9)
        await desk.state("CCD_SETPOINT", since, State.OK)
        await desk.until(lambda: desk.last("CCD_TEMPERATURE").state is State.BUSY, "on the way")
        desk.simulator.call(lambda camera: camera.cooler.aim(-3))
        await desk.until(
            lambda: desk.value("CCD_SETPOINT", "CCD_SETPOINT_VALUE") == -3, "somebody else's"
        )


async def test_pulses_of_others_are_seen() -> None:
    async with camera_desk(SimulatorOptions(model="STT-8300")) as desk:
        await desk.numbers("POLLING_PERIOD", PERIOD_MS=100)
        desk.simulator.call(lambda camera: camera.relays.close(Relay.X_PLUS, 0.8))
        await desk.until(lambda: desk.value("PULSE_GUIDING", "ANY_CLOSED") is State.BUSY, "closed")
        await desk.until(lambda: desk.value("PULSE_GUIDING", "ANY_CLOSED") is State.IDLE, "open")


async def test_an_exposure_may_last_a_day() -> None:
    async with camera_desk(STT) as desk:
        since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=86400)
        await desk.state("CCD_EXPOSURE", since, State.BUSY)
        await desk.switch("CCD_ABORT_EXPOSURE", "ABORT")
        assert (await desk.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=86401)).state is State.ALERT


COLUMNS = NEWER.overscan_columns


def ask(desk: CameraDesk, request: str) -> None:
    """Send a request past the driver, as another program does."""
    camera = f"http://{desk.simulator.host}:{desk.simulator.port}"
    with urllib.request.urlopen(f"{camera}/api/{request}", timeout=10) as reply:
        assert reply.status == 200


def widths(desk: CameraDesk) -> tuple[object, object]:
    return desk.value("CCD_FRAME", "WIDTH"), desk.value("CCD_INFO", "CCD_MAX_X")


async def test_overscan(subtests: pytest.Subtests) -> None:
    async with camera_desk(NEWER) as desk:
        whole, _ = widths(desk)
        assert isinstance(whole, float)
        assert (await desk.header())["OVERSCAN"] is False
        with subtests.test("the frame follows"):
            assert (await desk.switch("CCD_OVERSCAN", "INDI_ENABLED")).state is State.OK
            wide, shown = widths(desk)
            assert wide == shown
            assert isinstance(wide, float)
            assert wide == whole + COLUMNS
        with subtests.test("so does the header"):
            frame = {"X": 1000, "Y": 0, "WIDTH": wide - 1000, "HEIGHT": 10}
            assert (await desk.numbers("CCD_FRAME", **frame)).state is State.OK
            header = await desk.header()
            assert header["NAXIS1"] == wide - 1000
            assert header["BIASSEC"] == f"[{whole - 999:.0f}:{wide - 1000:.0f},1:10]"
            frame = {"X": 0, "Y": 0, "WIDTH": wide, "HEIGHT": 10}
            assert (await desk.numbers("CCD_FRAME", **frame)).state is State.OK
        with subtests.test("and goes back"):
            assert (await desk.switch("CCD_OVERSCAN", "INDI_DISABLED")).state is State.OK
            assert widths(desk) == (whole, whole)
        with subtests.test("a part that is still there stays"):
            await desk.numbers("CCD_FRAME", X=10, Y=10, WIDTH=64, HEIGHT=64)
            await desk.switch("CCD_OVERSCAN", "INDI_ENABLED")
            assert widths(desk) == (64, wide)
            header = await desk.header()
            assert header["OVERSCAN"] is True
            assert header["TRIMSEC"] == "[1:64,1:64]"
            assert "BIASSEC" not in header
        with subtests.test("another program switches it"):
            ask(desk, "ImagerSetSettings.cgi?OverScan=0")
            await desk.until(lambda: widths(desk)[1] == whole, "the narrow sensor")
            assert desk.value("CCD_OVERSCAN", "INDI_ENABLED") is False
        with subtests.test("not during an exposure"):
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=600)
            await desk.state("CCD_EXPOSURE", since, State.BUSY)
            assert (await desk.switch("CCD_OVERSCAN", "INDI_ENABLED")).state is State.ALERT
        assert desk.value("CAMERA_INFO", "PROFILE") == "newer: fan, overscan, serial number"


async def test_without_newer_firmware_there_is_none() -> None:
    async with camera_desk(STT) as desk:
        assert desk.last("CCD_OVERSCAN") is None
        await desk.small_frames()
        assert "OVERSCAN" not in await desk.header()
