"""Writes to the camera's flash memory: only what differs, and checked."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pytest

from indi_stx.errors import CameraReplyInvalid, ValueRefused
from indi_stx.stx import Camera
from tests.stx.canned import CannedCamera, ok


class Wheel:
    """Serve filter names that can be set under some spellings only."""

    def __init__(self, canned: CannedCamera, *suffixes: str) -> None:
        self.names = dict.fromkeys(range(1, 9), "Empty")
        self.writes: list[str] = []
        self._canned = canned
        self._keys = {f"Filter{slot}{end}": slot for slot in self.names for end in suffixes}
        canned.standing = self._answer

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, _, query = self._canned.targets[-1].partition("?")
        if path == "/api/SetFilterName.cgi":
            self.writes.append(query)
            for parameter in query.split("&"):
                key, _, value = parameter.partition("=")
                if key in self._keys:
                    self.names[self._keys[key]] = unquote(value)
            writer.write(ok())
            return
        known = {f"Filter{slot}Name": name for slot, name in self.names.items()}
        known |= {"CurrentFilter": "1", "CurrentFilterName": self.names[1]}
        writer.write(ok("".join(f"{known[name]}\r\n" for name in query.split("&"))))


@pytest.mark.parametrize("suffixes", [("Name",), ("",), ("Name", "")])
async def test_names_reach_every_kind_of_camera(
    suffixes: tuple[str, ...], camera: Camera, canned: CannedCamera
) -> None:
    wheel = Wheel(canned, *suffixes)
    await camera.set_filter_names({2: "H alpha", 3: "O-III"})
    assert (wheel.names[2], wheel.names[3], wheel.names[1]) == ("H alpha", "O-III", "Empty")


async def test_spelling_that_worked_is_remembered(camera: Camera, canned: CannedCamera) -> None:
    wheel = Wheel(canned, "")
    await camera.set_filter_names({2: "Red"})
    await camera.set_filter_names({2: "Blue"})
    assert wheel.writes == ["Filter2Name=Red", "Filter2=Red", "Filter2=Blue"]


async def test_only_differing_names_are_written(camera: Camera, canned: CannedCamera) -> None:
    wheel = Wheel(canned, "Name")
    await camera.set_filter_names({1: "Empty", 2: "Red (new)", 3: "Empty"})
    await camera.set_filter_names({2: "Red (new)"})
    assert wheel.writes == ["Filter2Name=Red%20%28new%29"]
    await camera.set_filter_names({})
    assert len(wheel.writes) == 1


async def test_name_that_will_not_stick(camera: Camera, canned: CannedCamera) -> None:
    Wheel(canned)
    with pytest.raises(CameraReplyInvalid, match="filters 4 but kept"):
        await camera.set_filter_names({4: "Red"})


@pytest.mark.parametrize("names", [{0: "a"}, {9: "a"}, {1: "x" * 17}, {1: "Grün"}, {1: "a\nb"}])
async def test_names_no_camera_can_store(
    names: dict[int, str], camera: Camera, canned: CannedCamera
) -> None:
    with pytest.raises(ValueRefused):
        await camera.set_filter_names(names)
    assert canned.heads == []


FITS = ok("M31\r\nMe\r\nRC10\r\n2000.00\r\n200.00\r\n25000.00\r\n")


async def test_only_differing_fits_settings_are_written(
    camera: Camera, canned: CannedCamera
) -> None:
    canned.then(FITS, ok())
    await camera.set_fits_settings(
        focal_length_mm=2000.001,
        aperture_mm=250.5,
        object_name="California Nebula (NGC1499)",
        observer="Me",
    )
    assert canned.targets[1:] == [
        "/api/SetFITSSetting.cgi?ObjectName=California%20Nebula%20%28NGC1499%29&Aperture=250.5"
    ]


async def test_equal_fits_settings_are_not_written(camera: Camera, canned: CannedCamera) -> None:
    canned.then(FITS)
    await camera.set_fits_settings(observer="Me", aperture_area_mm2=25000)
    assert len(canned.heads) == 1


@pytest.mark.parametrize("held", ["J\xf6rg", "x" * 80, "\x07", ""])
async def test_text_that_no_camera_should_hold_is_replaced(
    held: str, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(ok(f"{held}\r\n{held}\r\nRC10\r\n2000.00\r\n200.00\r\n25000.00\r\n"), ok())
    await camera.set_fits_settings(object_name="M31")
    assert canned.targets[1:] == ["/api/SetFITSSetting.cgi?ObjectName=M31"]


async def test_fits_text_too_long(camera: Camera, canned: CannedCamera) -> None:
    canned.then(FITS)
    with pytest.raises(ValueRefused, match="67"):
        await camera.set_fits_settings(observer="x" * 68)
    assert len(canned.heads) <= 1


async def test_damaged_answers(camera: Camera, canned: CannedCamera) -> None:
    canned.then(
        ok("a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n"), ok("x\r\nRed\r\n"), ok("1\r\n2\r\nx\r\n4\r\n")
    )
    with pytest.raises(CameraReplyInvalid, match="FITS"):
        await camera.get_fits_settings()
    with pytest.raises(CameraReplyInvalid, match="filter"):
        await camera.get_filter_settings([])
    with pytest.raises(CameraReplyInvalid, match="relays"):
        await camera.pulse_time_remaining()
