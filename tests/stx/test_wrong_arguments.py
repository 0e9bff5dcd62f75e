"""What is not of its parameter's type, or has no such name, is refused and nothing is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from indi_stx.errors import ValueRefused
from indi_stx.stx import (
    Camera,
    FanState,
    FrameType,
    Geometry,
    RelayDirection,
    RelayPulse,
)
from tests.stx.canned import CannedCamera, ok

Call = Callable[[Any], Awaitable[Any]]
NUMBERS_THAT_ARE_NONE = ["2", "x", True, None, [2], 2j, float("nan"), float("inf")]
NO_WHOLE_NUMBERS = [*NUMBERS_THAT_ARE_NONE, 2.7, np.float32(0.5)]
NO_SWITCHES = ["off", "on", "0", "", 0, 1, 2.0, None, []]
WHOLE = ["bin_x", "bin_y", "start_x", "start_y", "num_x", "num_y"]

WRONG: list[tuple[str, Call]] = [
    *[
        (f"{name}={value!r}", lambda c, n=name, v=value: c.imager.set_settings(**{n: v}))
        for name in WHOLE
        for value in NO_WHOLE_NUMBERS
    ],
    *[
        (f"{name}={value!r}", lambda c, n=name, v=value: c.imager.set_settings(**{n: v}))
        for name in ("cooler_on", "overscan_on")
        for value in NO_SWITCHES
    ],
    *[
        (f"{name}={value!r}", lambda c, n=name, v=value: c.imager.set_settings(**{n: v}))
        for name in ("setpoint_celsius", "fan_power_percent")
        for value in NUMBERS_THAT_ARE_NONE
    ],
    *[
        (f"fan_state={value!r}", lambda c, v=value: c.imager.set_settings(fan_state=v))
        for value in (3, -1, "AUTOMATIC", True, 1.5)
    ],
    *[
        (f"duration={value!r}", lambda c, v=value: c.imager.start_exposure(v, FrameType.LIGHT))
        for value in NUMBERS_THAT_ARE_NONE
    ],
    *[
        (f"frame_type={value!r}", lambda c, v=value: c.guider.start_exposure(1, v))
        for value in (4, -1, "LIGHT", None, True, 1.5)
    ],
    *[
        (f"date={value!r}", lambda c, v=value: c.imager.start_exposure(1, FrameType.LIGHT, v))
        for value in ("2026-11-22T19:03:04", date(2026, 11, 22), 0, datetime(2026, 11, 22))
    ],
    *[
        (f"filter={value!r}", lambda c, v=value: c.change_filter(v))
        for value in (*NO_WHOLE_NUMBERS, 9, -1)
    ],
    *[
        (f"slot={value!r}", lambda c, v=value: c.get_filter_settings([v]))
        for value in (9, 0, "1", True)
    ],
    *[
        (f"names={value!r}", lambda c, v=value: c.set_filter_names(v))
        for value in ({0: "a"}, {"1": "a"}, {1: 5}, {1: None}, {1: b"Red"}, {True: "a"})
    ],
    *[
        (f"direction={value!r}", lambda c, v=value: c.pulse_guide(x=RelayPulse(v, 1)))
        for value in (2, "PLUS", True, None)
    ],
    *[
        (f"pulse={value!r}", lambda c, v=value: c.pulse_guide(y=RelayPulse(RelayDirection.PLUS, v)))
        for value in NUMBERS_THAT_ARE_NONE
    ],
    ("pulse", lambda c: c.pulse_guide(x=0.5)),
    *[(f"ao={value!r}", lambda c, v=value: c.ao_guide(50, v)) for value in NO_WHOLE_NUMBERS],
    ("unknown setting", lambda c: c.imager.set_settings(gain=1)),
    ("unknown to the guider", lambda c: c.guider.set_settings(overscan_on=True)),
    ("unknown asked", lambda c: c.imager.get_settings("gain")),
    ("list asked", lambda c: c.imager.get_settings(["bin_x", "bin_y"])),
]


async def test_wrong_argument(camera: Camera, canned: CannedCamera) -> None:
    canned.standing = ok()
    taken = []
    for name, call in WRONG:
        try:
            await call(camera)
        except ValueRefused:
            continue
        except Exception as error:  # not the right words
            taken.append(f"{name}: {error!r}")
        else:
            taken.append(name)
    assert (taken, canned.heads) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"object": "M31"},
        {"object_name": "M31", "focal_length": 2000.0},
        {"object_name": 31},
        {"observer": None},
        {"focal_length_mm": "long"},
        {"aperture_mm": True},
        {"aperture_area_mm2": None},
    ],
)
async def test_wrong_fits_setting(changes: Any, camera: Camera, canned: CannedCamera) -> None:
    with pytest.raises(ValueRefused):
        await camera.set_fits_settings(**changes)
    assert canned.heads == []


async def test_what_is_known_is_named(camera: Camera) -> None:
    with pytest.raises(ValueRefused, match=r"'gain'. Known: bin_x, bin_y"):
        await camera.imager.set_settings(gain=1)  # type: ignore[call-arg]
    with pytest.raises(ValueRefused, match=r"7 is none of FrameType\.DARK, FrameType\.LIGHT"):
        await camera.imager.start_exposure(1, 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"host": None},
        {"host": 10},
        {"host": b"camera"},
        {"port": "80"},
        {"port": 80.5},
        {"port": True},
        {"timeout_s": "10"},
        {"timeout_s": 0},
        {"connect_timeout_s": -1},
        {"stall_timeout_s": float("nan")},
        {"command_gap_s": "none"},
    ],
)
def test_wrong_camera(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueRefused):
        Camera(**{"host": "camera", **arguments})


async def test_numbers_of_other_libraries_are_numbers(camera: Camera, canned: CannedCamera) -> None:
    canned.standing = ok()
    await camera.imager.set_settings(
        bin_x=np.int64(2),  # type: ignore[typeddict-item]
        bin_y=2.0,  # type: ignore[typeddict-item]
        cooler_on=np.bool_(True),  # type: ignore[typeddict-item]
        setpoint_celsius=np.float32(-20.5),  # type: ignore[typeddict-item]
        fan_state=FanState.MANUAL,
        fan_power_percent=np.uint8(80),  # type: ignore[typeddict-item]
    )
    await camera.imager.set_geometry(Geometry(0, 0, np.int32(640), 480))  # type: ignore[arg-type]
    await camera.ao_guide(np.int64(55), 42.0)  # type: ignore[arg-type]
    await camera.change_filter(2.0)  # type: ignore[arg-type]
    start = await camera.imager.start_exposure(1, 0, datetime(2026, 1, 1, tzinfo=UTC))  # type: ignore[arg-type]
    assert start.sent_utc
    assert [target.partition("?")[2] for target in canned.targets[:4]] == [
        "BinX=2&BinY=2&CoolerState=1&CCDTemperatureSetpoint=-20.5&FanState=1&FanPower=80",
        "BinX=1&BinY=1&StartX=0&StartY=0&NumX=640&NumY=480",
        "XPosition=55&YPosition=42",
        "NewPosition=2",
    ]
