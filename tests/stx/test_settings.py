"""Parameters: types, ranges, spelling, and what the camera does not know."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indi_stx.errors import CameraRefused, CameraReplyInvalid, ValueRefused
from indi_stx.stx import Camera, FanState, FrameType, RelayDirection, RelayPulse
from indi_stx.stx.arguments import decimal
from indi_stx.stx.replies import lines
from indi_stx.stx.settings import EXTERNAL_GUIDER, GUIDER, IMAGER, CcdChanges, CcdSettings
from indi_stx.stx.uri import cgi_with
from tests.stx.canned import CannedCamera, bad, ok

UNKNOWN = bad(0x80001000, "No valid parameter.")


def test_settings_are_typed_as_the_table_reads_them() -> None:
    types = typing.get_type_hints(CcdSettings)
    assert list(types) == [row.field for row in IMAGER]
    assert all(type(row.read("1")) is types[row.field] for row in IMAGER)
    writable = {row.field for row in IMAGER if row.write}
    assert writable == set(typing.get_type_hints(CcdChanges))


def test_tables_have_the_document_s_sizes() -> None:
    assert len([row for row in IMAGER if not row.optional]) == 20
    assert len(GUIDER) == 19
    assert len(EXTERNAL_GUIDER) == 16
    assert len([row for row in GUIDER if row.write]) == 6


async def test_only_what_was_asked_is_there(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok("-19.97\r\n9\r\n"))
    settings = await camera.imager.get_settings("temperature_celsius", "max_bin_x")
    assert canned.targets == ["/api/ImagerGetSettings.cgi?CCDTemperature&MaxBinX"]
    assert (settings.temperature_celsius, settings.max_bin_x) == (-19.97, 9)
    assert "bin_x" not in settings
    with pytest.raises(AttributeError, match="bin_x was not asked"):
        _ = settings.bin_x
    with pytest.raises(AttributeError, match="use set_settings"):
        settings.max_bin_x = 3


async def test_old_firmware_is_found_out_once(camera: Camera, canned: CannedCamera) -> None:
    names = ("fan_state", "fan_power_percent", "bin_x", "overscan_on")
    canned.then(ok("3\r\n"), UNKNOWN, UNKNOWN, UNKNOWN, ok("4\r\n"))
    first = await camera.imager.get_settings(*names)
    second = await camera.imager.get_settings(*names)
    assert (first, second) == (CcdSettings({"bin_x": 3}), CcdSettings({"bin_x": 4}))
    assert [target.partition("?")[2] for target in canned.targets] == [
        "FanState&FanPower&BinX&OverScan",
        "FanState",
        "FanPower",
        "OverScan",
        "BinX",
    ]


async def test_optional_parameter_asked_alone(camera: Camera, canned: CannedCamera) -> None:
    canned.then(UNKNOWN)
    assert "fan_state" not in await camera.imager.get_settings("fan_state")
    assert "fan_state" not in await camera.imager.get_settings("fan_state")
    assert len(canned.targets) == 1


async def test_newer_firmware(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok("2\r\n55.00\r\n1\r\n"))
    settings = await camera.imager.get_settings("fan_state", "fan_power_percent", "overscan_on")
    assert settings.fan_state is FanState.AUTOMATIC
    assert settings.overscan_on is True


async def test_lost_line_is_not_taken_for_an_old_firmware(
    camera: Camera, canned: CannedCamera
) -> None:
    canned.then(ok("1\r\n2\r\n"), ok("1\r\n"))
    await camera.imager.get_settings("bin_x", "bin_y")
    with pytest.raises(CameraReplyInvalid, match="2 lines were expected, 1 came"):
        await camera.imager.get_settings("bin_x", "bin_y")


async def test_document_parameter_unknown_is_an_error(camera: Camera, canned: CannedCamera) -> None:
    canned.then(UNKNOWN)
    with pytest.raises(CameraRefused):
        await camera.imager.get_settings("bin_x")


async def test_value_of_the_wrong_kind(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok("on\r\n"))
    with pytest.raises(CameraReplyInvalid, match="not a value of CoolerState"):
        await camera.imager.get_settings("cooler_on")


@pytest.mark.parametrize(
    "changes", [{"setpoint_celsius": 1.0}, {"cooler_on": True}, {"max_adu": 1}]
)
async def test_guider_cannot_set_everything(changes: typing.Any, camera: Camera) -> None:
    with pytest.raises(ValueRefused):
        await camera.guider.set_settings(**changes)


@pytest.mark.parametrize("setpoint", [-100.01, 100.01, float("nan"), float("inf")])
async def test_set_point_out_of_range(setpoint: float, camera: Camera) -> None:
    with pytest.raises(ValueRefused):
        await camera.imager.set_settings(setpoint_celsius=setpoint)


async def test_no_change_no_request(camera: Camera, canned: CannedCamera) -> None:
    await camera.imager.set_settings()
    assert canned.heads == []


@pytest.mark.parametrize(
    ("duration_s", "sent"),
    [(0, "0.01"), (0.0001, "0.01"), (1e-9, "0.01"), (86400.1234, "86400.123")],
)
async def test_shortest_exposure(
    duration_s: float, sent: str, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(ok())
    await camera.imager.start_exposure(duration_s, FrameType.BIAS)
    [target] = canned.targets
    assert target.startswith(f"/api/ImagerStartExposure.cgi?Duration={sent}&FrameType=2&DateTime=")


@pytest.mark.parametrize("duration_s", [-1, float("nan"), float("inf")])
async def test_impossible_exposure(duration_s: float, camera: Camera) -> None:
    with pytest.raises(ValueRefused):
        await camera.imager.start_exposure(duration_s, FrameType.LIGHT)


async def test_time_is_sent_in_utc(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok())
    local = datetime(2026, 1, 1, 1, 0, 0, 999999, tzinfo=timezone(timedelta(hours=2)))
    await camera.imager.start_exposure(1, FrameType.LIGHT, local)
    assert canned.targets[0].endswith("&DateTime=2025-12-31T23%3A00%3A00.999")
    with pytest.raises(ValueRefused):
        await camera.imager.start_exposure(1, FrameType.LIGHT, local.replace(tzinfo=None))


async def test_timing_brackets_the_command(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok())
    timing = await camera.imager.start_exposure(1, FrameType.LIGHT)
    assert timing.sent_utc <= timing.answered_utc
    assert timing.sent_monotonic_s <= timing.answered_monotonic_s


@pytest.mark.parametrize("duration_s", [0, 0.004, 655.36, -1, float("nan")])
async def test_pulse_out_of_range(duration_s: float, camera: Camera) -> None:
    with pytest.raises(ValueRefused):
        await camera.pulse_guide(x=RelayPulse(RelayDirection.PLUS, duration_s))


async def test_out_of_range_elsewhere(camera: Camera) -> None:
    with pytest.raises(ValueRefused, match="direction"):
        await camera.pulse_guide()
    with pytest.raises(ValueRefused, match="AO"):
        await camera.ao_guide(50, 101)
    with pytest.raises(ValueRefused, match="position 9"):
        await camera.change_filter(9)


async def test_serial_number_of_newer_firmware(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok("1\r\n2\r\n3\r\n4\r\n5\r\nA123\r\n"), ok("1\r\n2\r\n"))
    assert (await camera.version_numbers()).serial == "A123"
    with pytest.raises(CameraReplyInvalid, match="5 versions"):
        await camera.version_numbers()


# --- the wire format ------------------------------------------------------------------------------


def test_document_s_reserved_characters() -> None:
    reserved = "!*'();:@&=+$,/?%#[] "
    coded = "%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D%20"
    assert cgi_with("X", [("A", reserved)]) == f"/api/X.cgi?A={coded}"


def test_too_long_a_request() -> None:
    with pytest.raises(ValueRefused, match="8192"):
        cgi_with("X", [("A", "x" * 8192)])


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 3))
def test_decimals_are_plain(value: float, places: int) -> None:
    text = decimal(value, places)
    assert set(text) <= set("-.0123456789")
    assert float(text) == pytest.approx(value, abs=0.51 * 10**-places, rel=1e-9)
    assert text != "-0"


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126))))
def test_lines_survive(texts: list[str]) -> None:
    assert lines("".join(f"{text}\r\n" for text in texts)) == texts


def test_lines_of_sloppy_answers() -> None:
    assert lines("1\n2") == ["1", "2"]
    assert lines("1\r\n\r\n") == ["1", ""]
    assert lines("") == []
