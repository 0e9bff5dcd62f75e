"""Answers that end in blanks, NULs or blank lines say the same as those of the document."""

from __future__ import annotations

import pytest

from indi_stx.errors import CameraBusy, CameraReplyInvalid
from indi_stx.stx import (
    Camera,
    CcdState,
    FilterSettings,
    FitsSettings,
    FrameType,
    RelayTimes,
    VersionNumbers,
)
from indi_stx.stx.replies import values
from tests.stx.canned import CannedCamera, bad, ok

ENDS = [
    "\r\n",
    "",
    "\n",
    " \r\n",
    "\r\n\r\n",
    "\r\n \r\n\r\n",
    "\0",
    "\r\n\0",
    "\0\r\n",
    "\r\n\0\0 \r\n",
]
FITS = FitsSettings("M31", "Me", "RC10", 2000.0, 200.0, 25000.0)


@pytest.mark.parametrize("end", ENDS)
async def test_every_kind_of_answer(end: str, camera: Camera, canned: CannedCamera) -> None:
    canned.then(
        ok(f"2{end}"),
        ok(f"1{end}"),
        ok(f"SBIG STX-16803{end}"),
        ok(f"1.2\r\n3\r\n4\r\n5\r\n1.00.1{end}"),
        ok(f"-19.97\r\n9{end}"),
        ok(f"1\r\nRed\r\nRed\r\nBlue{end}"),
        ok(f"0.00\r\n0.25\r\n10.00\r\n0.00{end}"),
        ok(f"M31\r\nMe\r\nRC10\r\n2000.00\r\n200.00\r\n25000.00{end}"),
    )
    assert await camera.imager.state() is CcdState.EXPOSING
    assert await camera.imager.image_ready() is True
    assert await camera.description() == "SBIG STX-16803"
    assert await camera.version_numbers() == VersionNumbers("1.2", "3", "4", "5", "1.00.1")
    settings = await camera.imager.get_settings("temperature_celsius", "max_bin_x")
    assert (settings.temperature_celsius, settings.max_bin_x) == (-19.97, 9)
    assert await camera.get_filter_settings([1, 2]) == FilterSettings(
        1, "Red", {1: "Red", 2: "Blue"}
    )
    assert await camera.pulse_time_remaining() == RelayTimes(0.0, 0.25, 10.0, 0.0)
    assert await camera.get_fits_settings() == FITS


@pytest.mark.parametrize("end", ENDS)
async def test_refusals(end: str, camera: Camera, canned: CannedCamera) -> None:
    between = end if "\n" in end else "\r\n"
    body = f"0x80001008{between}Camera is busy.{end}"
    head = f"HTTP/1.0 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n"
    canned.then((head + body).encode("latin-1"))
    with pytest.raises(CameraBusy) as caught:
        await camera.imager.start_exposure(1, FrameType.LIGHT)
    assert caught.value.text == "Camera is busy."


async def test_texts_padded_to_their_length(camera: Camera, canned: CannedCamera) -> None:
    canned.then(
        ok(f"2\r\n{'Blue':16}\r\n{'Red':16}\r\n{'Blue':16}\r\n"),
        ok(f"{'M31':67}\r\n{'':67}\r\n{'RC10':67}\r\n2000.00\r\n200.00\r\n25000.00\r\n"),
    )
    assert await camera.get_filter_settings([1, 2]) == FilterSettings(
        2, "Blue", {1: "Red", 2: "Blue"}
    )
    settings = await camera.get_fits_settings()
    assert (settings.object_name, settings.observer, settings.telescope) == ("M31", "", "RC10")


async def test_empty_texts_keep_their_lines(camera: Camera, canned: CannedCamera) -> None:
    canned.then(
        ok("0\r\n\r\nRed\r\n\r\n"),
        ok("0\r\n\r\nRed\r\n\r\n\r\n\r\n"),
        ok("\r\n\r\n\r\n2000.00\r\n200.00\r\n25000.00\r\n"),
    )
    for _ in range(2):
        assert await camera.get_filter_settings([1, 2]) == FilterSettings(0, "", {1: "Red", 2: ""})
    assert (await camera.get_fits_settings()).focal_length_mm == 2000.0


async def test_blank_line_is_not_the_value_of_a_parameter_that_is_missing(
    camera: Camera, canned: CannedCamera
) -> None:
    unknown = bad(0x80001000, "No valid parameter.")
    canned.then(ok("3\r\n\r\n"), unknown)
    assert (await camera.imager.get_settings("bin_x", "fan_state")).bin_x == 3


@pytest.mark.parametrize("text", ["\r\n", " \r\n\0", "0\r\n\r\n1\r\n", "\0\0"])
async def test_blank_is_still_no_number(text: str, camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok(text))
    with pytest.raises(CameraReplyInvalid):
        await camera.imager.state()


def test_blank_lines_in_front_and_between() -> None:
    assert values("\r\n1\r\n\r\n2\r\n", 2, may_be_empty=False) == ["1", "2"]
    assert values("a\r\n\r\nb\r\n\r\n", 3, may_be_empty=True) == ["a", "", "b"]
