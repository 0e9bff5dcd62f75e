"""Each of the 37 calls: the request line it sends, and what it makes of the answer.

The lines are written out from the API document, not composed with the client's own code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from indi_stx.stx import (
    AoState,
    Camera,
    CcdState,
    FanState,
    FilterSettings,
    FilterState,
    FitsSettings,
    FrameType,
    Geometry,
    RelayDirection,
    RelayPulse,
    RelayTimes,
    VersionNumbers,
)
from tests.stx.canned import CannedCamera, frame, ok

GET_DOCUMENT = (
    "BinX&BinY&CoolerState&CCDTemperature&CCDTemperatureSetpoint&CoolerPower&CameraXSize"
    "&CameraYSize&ElectronsPerADU&FanState&FanPower&FullWellCapacity&AmbientTemperature&MaxADU"
    "&MaxBinX&MaxBinY&StartX&StartY&NumX&NumY&PixelSizeX&PixelSizeY&OverScan"
)
GET_GUIDER = (
    "BinX&BinY&CoolerState&CCDTemperature&CoolerPower&CameraXSize&CameraYSize&ElectronsPerADU"
    "&FullWellCapacity&AmbientTemperature&MaxADU&MaxBinX&MaxBinY&StartX&StartY&NumX&NumY"
    "&PixelSizeX&PixelSizeY"
)
GET_EXTERNAL = (
    "BinX&BinY&CameraXSize&CameraYSize&ElectronsPerADU&FullWellCapacity&AmbientTemperature&MaxADU"
    "&MaxBinX&MaxBinY&StartX&StartY&NumX&NumY&PixelSizeX&PixelSizeY"
)
FITS = "ObjectName&Observer&Telescope&FL&Aperture&Area"
FITS_ANSWER = "M31\r\nMe\r\nRC10\r\n2000.00\r\n200.00\r\n25000.00\r\n"
EVENING = datetime(2026, 11, 22, 19, 3, 4, 56789, tzinfo=UTC)

Call = Callable[[Camera], Awaitable[Any]]


async def data(camera: Camera, ccd: str) -> bytes:
    async with getattr(camera, ccd).open_data(4) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def fits(camera: Camera, ccd: str) -> bytes:
    async with getattr(camera, ccd).open_fits() as chunks:
        return b"".join([chunk async for chunk in chunks])


def many(count: int) -> bytes:
    return ok("1\r\n" * count)


CALLS: list[tuple[str, Call, bytes, Any]] = [
    # --- imager
    (
        f"ImagerGetSettings.cgi?{GET_DOCUMENT}",
        lambda c: c.imager.get_settings(),
        many(23),
        None,
    ),
    (
        "ImagerSetSettings.cgi?BinX=2&BinY=3&CoolerState=1&CCDTemperatureSetpoint=-20.5"
        "&FanState=1&FanPower=80&StartX=0&StartY=1&NumX=640&NumY=480&OverScan=0",
        lambda c: c.imager.set_settings(
            overscan_on=False,
            num_y=480,
            num_x=640,
            start_y=1,
            start_x=0,
            fan_power_percent=80,
            fan_state=FanState.MANUAL,
            setpoint_celsius=-20.5,
            cooler_on=True,
            bin_y=3,
            bin_x=2,
        ),
        ok(),
        None,
    ),
    ("ImagerState.cgi", lambda c: c.imager.state(), ok("2\r\n"), CcdState.EXPOSING),
    ("ImagerData.bin", lambda c: data(c, "imager"), frame(b"abcd"), b"abcd"),
    ("Imager.FIT", lambda c: fits(c, "imager"), frame(b"SIMPLE"), b"SIMPLE"),
    ("ImagerImageReady.cgi", lambda c: c.imager.image_ready(), ok("1\r\n"), True),
    (
        "ImagerStartExposure.cgi?Duration=300&FrameType=1&DateTime=2026-11-22T19%3A03%3A04.056",
        lambda c: c.imager.start_exposure(300, FrameType.LIGHT),
        ok(),
        None,
    ),
    ("ImagerAbortExposure.cgi", lambda c: c.imager.abort_exposure(), ok(), None),
    # --- guider
    (f"GuiderGetSettings.cgi?{GET_GUIDER}", lambda c: c.guider.get_settings(), many(19), None),
    (
        "GuiderSetSettings.cgi?BinX=2&BinY=2&StartX=3&StartY=4&NumX=5&NumY=6",
        lambda c: c.guider.set_geometry(Geometry(3, 4, 5, 6, 2, 2)),
        ok(),
        None,
    ),
    ("GuiderState.cgi", lambda c: c.guider.state(), ok("3\r\n"), CcdState.READING_OUT),
    ("GuiderData.bin", lambda c: data(c, "guider"), frame(b"\r\n\r\n"), b"\r\n\r\n"),
    ("Guider.FIT", lambda c: fits(c, "guider"), frame(b"SIMPLE"), b"SIMPLE"),
    ("GuiderImageReady.cgi", lambda c: c.guider.image_ready(), ok("0\r\n"), False),
    (
        "GuiderStartExposure.cgi?Duration=11.7&FrameType=0&DateTime=2025-01-02T03%3A04%3A05.006",
        lambda c: c.guider.start_exposure(
            11.7, FrameType.DARK, datetime(2025, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
        ),
        ok(),
        None,
    ),
    ("GuiderAbortExposure.cgi", lambda c: c.guider.abort_exposure(), ok(), None),
    # --- external guider
    (
        f"ExtGuiderGetSettings.cgi?{GET_EXTERNAL}",
        lambda c: c.external_guider.get_settings(),
        many(16),
        None,
    ),
    (
        "ExtGuiderSetSettings.cgi?BinX=1&BinY=1",
        lambda c: c.external_guider.set_settings(bin_x=1, bin_y=1),
        ok(),
        None,
    ),
    ("ExtGuiderState.cgi", lambda c: c.external_guider.state(), ok("5\r\n"), CcdState.ERROR),
    ("ExtGuiderData.bin", lambda c: data(c, "external_guider"), frame(b"wxyz"), b"wxyz"),
    ("ExtGuider.FIT", lambda c: fits(c, "external_guider"), frame(b"SIMPLE"), b"SIMPLE"),
    ("ExtGuiderImageReady.cgi", lambda c: c.external_guider.image_ready(), ok("1\r\n"), True),
    (
        "ExtGuiderStartExposure.cgi?Duration=2.52&FrameType=3&DateTime=2026-11-22T19%3A03%3A04.056",
        lambda c: c.external_guider.start_exposure(2.52, FrameType.FLAT, EVENING),
        ok(),
        None,
    ),
    ("ExtGuiderAbortExposure.cgi", lambda c: c.external_guider.abort_exposure(), ok(), None),
    # --- camera
    ("FilterState.cgi", lambda c: c.filter_state(), ok("1\r\n"), FilterState.MOVING),
    (
        "GetFilterSetting.cgi?CurrentFilter&CurrentFilterName&Filter1Name&Filter8Name",
        lambda c: c.get_filter_settings([1, 8]),
        ok("1\r\nRed\r\nRed\r\n\r\n"),
        FilterSettings(1, "Red", {1: "Red", 8: ""}),
    ),
    ("ChangeFilter.cgi?NewPosition=0", lambda c: c.change_filter(0), ok(), None),
    (
        "PulseGuide.cgi?DirectionX=1&DurationX=0.25&DirectionY=0&DurationY=10",
        lambda c: c.pulse_guide(
            RelayPulse(RelayDirection.MINUS, 0.25), RelayPulse(RelayDirection.PLUS, 10)
        ),
        ok(),
        None,
    ),
    ("IsPulseGuiding.cgi", lambda c: c.is_pulse_guiding(), ok("1\r\n"), True),
    (
        "PulseGuideGetTimeRemaining.cgi?XPlus&XMinus&YPlus&YMinus",
        lambda c: c.pulse_time_remaining(),
        ok("0.00\r\n0.25\r\n10.00\r\n0.00\r\n"),
        RelayTimes(0.0, 0.25, 10.0, 0.0),
    ),
    ("AOGuide.cgi?XPosition=55&YPosition=42", lambda c: c.ao_guide(55, 42), ok(), None),
    ("AOStatus.cgi", lambda c: c.ao_status(), ok("1\r\n"), AoState.MOVING),
    (
        f"GetFITSSetting.cgi?{FITS}",
        lambda c: c.get_fits_settings(),
        ok(FITS_ANSWER),
        FitsSettings("M31", "Me", "RC10", 2000.0, 200.0, 25000.0),
    ),
    ("Description.cgi", lambda c: c.description(), ok("SBIG STX-16803\r\n"), "SBIG STX-16803"),
    (
        "VersionNumbers.cgi",
        lambda c: c.version_numbers(),
        ok("1.2\r\n3\r\n4\r\n5\r\n1.00.1\r\n"),
        VersionNumbers("1.2", "3", "4", "5", "1.00.1"),
    ),
]
"""35 of the 37; the two that write flash read first and have tests of their own below."""


@pytest.mark.parametrize(
    ("target", "call", "answer", "result"), CALLS, ids=[row[0] for row in CALLS]
)
async def test_call_sends_the_document_s_request(
    target: str, call: Call, answer: bytes, result: Any, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(answer)
    returned = await call(camera)
    assert canned.heads == [
        f"GET /api/{target} HTTP/1.1\r\nHost: 127.0.0.1:{canned.port}\r\nConnection: close\r\n\r\n"
    ]
    if result is not None:
        assert returned == result


def test_table_covers_the_document() -> None:
    flash_writers = {"SetFilterName.cgi", "SetFITSSetting.cgi"}
    assert len({target.partition("?")[0] for target, *_ in CALLS} | flash_writers) == 37
