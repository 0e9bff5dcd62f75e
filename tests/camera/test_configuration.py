"""What loading and restoring a configuration does, and what it says of it; without indiserver."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from indi_stx.driver.config import ConfigFile
from indi_stx.driver.places import file_name
from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.desk import CameraDesk, camera_desk

FAST = SimulatorOptions(model="STT-8300", time_scale=20)


def vector(kind: str, name: str, **values: object) -> str:
    ones = "".join(f"<one{kind} name='{k}'>{v}</one{kind}>" for k, v in values.items())
    return f"<new{kind}Vector device='SBIG STX' name='{name}'>{ones}</new{kind}Vector>"


def saved(*vectors: str) -> Path:
    path = ConfigFile.of_device("SBIG STX").path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<INDIDriver>{''.join(vectors)}</INDIDriver>")
    return path


async def binning(desk: CameraDesk) -> list[object]:
    return [desk.value("CCD_BINNING", name) for name in ("HOR_BIN", "VER_BIN")]


async def test_the_defaults_are_those_of_all_properties() -> None:
    """The first save happens without a camera, when half of the properties do not exist yet."""
    async with camera_desk(FAST, connect=False) as desk:
        await desk.write_texts("ACTIVE_DEVICES", ACTIVE_SKYQUALITY="Other")
        await desk.switch("CONFIG_PROCESS", "CONFIG_SAVE")
        await desk.connect()
        await desk.numbers("CCD_BINNING", HOR_BIN=3, VER_BIN=2)
        await desk.numbers("SCOPE_INFO", FOCAL_LENGTH=500, APERTURE=80)
        await desk.switch("CCD_COMPRESSION", "INDI_ENABLED")
        answer = await desk.switch("CONFIG_PROCESS", "CONFIG_DEFAULT")
        assert answer.state is State.OK
        assert await binning(desk) == [1, 1]
        assert desk.value("SCOPE_INFO", "FOCAL_LENGTH") == 0
        assert desk.value("CCD_COMPRESSION", "INDI_ENABLED") is False
        assert desk.value("ACTIVE_DEVICES", "ACTIVE_SKYQUALITY") == "Other", "as first saved"
        text = ConfigFile.of_device("SBIG STX").path.read_text()
        assert text.index("'CCD_FRAME'") < text.index("'CCD_BINNING'")


async def test_loading_answers_when_all_has_taken_effect_and_leaves_the_flash_alone() -> None:
    saved(
        vector("Number", "FILTER_SLOT", FILTER_SLOT_VALUE=4),
        vector("Text", "FILTER_NAME", FILTER_SLOT_NAME_1="Red"),
        vector("Text", "CAMERA_FITS_TEXT", OBSERVER="Somebody"),
        vector("Switch", "CCD_VIDEO_STREAM", STREAM_ON="Off"),
        vector("Number", "POLLING_PERIOD", PERIOD_MS=700),
    )
    async with camera_desk(FAST) as desk:
        since = len(desk.said)
        answer = await desk.switch("CONFIG_PROCESS", "CONFIG_LOAD")
        assert answer.state is State.OK
        assert desk.value("FILTER_SLOT", "FILTER_SLOT_VALUE") == 4, "the wheel is there"
        assert desk.value("POLLING_PERIOD", "PERIOD_MS") == 700
        assert desk.simulator.camera.flash.writes == 0
        (left_out,) = [t for t in desk.texts(since) if "Left out" in t]
        for name in ("FILTER_NAME", "CAMERA_FITS_TEXT", "CCD_VIDEO_STREAM"):
            assert name in left_out
        desk.simulator.add_fault("filter-jammed")
        await desk.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=2)
        since = len(desk.said)
        answer = await desk.switch("CONFIG_PROCESS", "CONFIG_LOAD")
        assert answer.state is State.ALERT
        assert not any("applied." in t for t in desk.texts(since))
        assert "[ERROR] Not applied: FILTER_SLOT; all else is." in desk.texts(since)


async def test_a_saved_value_is_checked_as_a_written_one() -> None:
    saved(
        vector("Text", "DEVICE_ADDRESS", ADDRESS="http://camera/", PORT="80"),
        vector("Text", "ACTIVE_DEVICES", ACTIVE_TELESCOPE="x" * 64),
        vector("Number", "FILTER_SLOTS", SLOTS=2.5),
        vector("Number", "POLLING_PERIOD", PERIOD_MS=1),
        vector("Number", "SCOPE_INFO", FOCAL_LENGTH=600, APERTURE=80),
    )
    async with camera_desk(FAST, connect=False) as desk:
        assert desk.value("DEVICE_ADDRESS", "ADDRESS") == ""
        assert desk.value("ACTIVE_DEVICES", "ACTIVE_TELESCOPE") == "Telescope Simulator"
        assert desk.value("POLLING_PERIOD", "PERIOD_MS") == 1000
        await desk.connect()
        assert desk.value("FILTER_SLOTS", "SLOTS") == 8
        assert desk.value("SCOPE_INFO", "FOCAL_LENGTH") == 600
        assert len([t for t in desk.texts() if "Ignored a saved value" in t]) == 4


@pytest.mark.parametrize("name", ["Obs/STX", "Obs\0STX", "ö" * 200, ".."])
def test_any_device_has_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = ConfigFile.of_device(name)
    assert file.path.parent == tmp_path / ".indi"
    assert file.beside(name + " Head").path.parent == tmp_path / ".indi"
    file.path.parent.mkdir()
    file.default_path.write_text("it can be")
    assert len(file_name(name)) > len("_config.xml")


async def test_without_a_home_the_driver_works_and_says_what_it_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    async with camera_desk(FAST) as desk:
        assert len([t for t in desk.texts() if "no home directory" in t]) == 1
        answer = await desk.write_texts("ACTIVE_DEVICES", ACTIVE_ROTATOR="Other")
        assert answer.state is State.OK
        for wish in ("CONFIG_SAVE", "CONFIG_LOAD", "CONFIG_DEFAULT", "CONFIG_PURGE"):
            answer = await desk.switch("CONFIG_PROCESS", wish)
            assert answer.state is State.ALERT
            assert "set HOME" in desk.texts()[-1].replace("Set", "set")
        await desk.switch("DEBUG", "ENABLE")
        await desk.switch("LOG_OUTPUT", "FILE_DEBUG")
        answer = await desk.switch("WCS_CONTROL", "WCS_ENABLE")
        assert answer.state is State.OK
        assert any("Cannot write the log file" in t for t in desk.texts())
