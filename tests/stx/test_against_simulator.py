"""Client and simulated camera, two independent readings of one document, must agree."""

from __future__ import annotations

import asyncio
import json
import string
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import (
    Camera,
    Ccd,
    CcdState,
    FanState,
    FilterState,
    FrameType,
    Geometry,
    RelayDirection,
    RelayPulse,
)

FAST: dict[str, Any] = {"time_scale": 1000.0, "overload_delay_s": 0.0}
CCDS = ("imager", "guider", "external_guider")


def client(simulator: SimulatorThread) -> Camera:
    return Camera(simulator.host, simulator.port, command_gap_s=0.0)


# --- random valid requests ------------------------------------------------------------------------


@dataclass(frozen=True)
class Action:
    """A call and the settings it should leave behind."""

    kind: str
    subject: Any
    values: Any


printable = st.text(string.printable[:95], max_size=16).map(str.strip)
hundredths = st.integers(0, 3_000_000).map(lambda value: value / 100)
fractions = st.floats(0.0, 1.0)

frames = st.builds(
    lambda ccd, *numbers: Action("frame", ccd, numbers),
    st.sampled_from(CCDS),
    *[fractions] * 4,
    st.integers(1, 3),
    st.integers(1, 3),
)
binnings = st.builds(
    lambda ccd, bin_x: Action("set", ccd, {"bin_x": bin_x}),
    st.sampled_from(CCDS),
    st.integers(1, 3),
)
imager_changes = st.builds(
    lambda values: Action("set", "imager", values),
    st.fixed_dictionaries(
        {},
        optional={
            "bin_x": st.integers(1, 9),
            "bin_y": st.integers(1, 9),
            "cooler_on": st.booleans(),
            "setpoint_celsius": st.integers(-10_000, 10_000).map(lambda value: value / 100),
            "fan_state": st.sampled_from(FanState),
            "overscan_on": st.booleans(),
        },
    ),
)
names = st.builds(
    lambda values: Action("names", None, values),
    st.dictionaries(st.integers(1, 8), printable.filter(bool), max_size=8),
)
moves = st.builds(lambda slot: Action("filter", None, slot), st.integers(1, 8))
fits_changes = st.builds(
    lambda values: Action("fits", None, values),
    st.fixed_dictionaries(
        {},
        optional={
            "object_name": printable,
            "observer": printable,
            "telescope": printable,
            "focal_length_mm": hundredths,
            "aperture_mm": hundredths,
            "aperture_area_mm2": hundredths,
        },
    ),
)
pulses = st.builds(
    lambda x, y: Action("pulse", RelayDirection(x), RelayPulse(RelayDirection(y), 0.01)),
    st.sampled_from(RelayDirection),
    st.sampled_from(RelayDirection),
)
mirror = st.builds(
    lambda x, y: Action("ao", None, (x, y)), st.integers(0, 100), st.integers(0, 100)
)
actions = st.one_of(frames, binnings, imager_changes, names, moves, fits_changes, pulses, mirror)


@dataclass
class Expected:
    """What every readable setting should be."""

    ccds: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    fits: dict[str, Any] = field(default_factory=dict)
    current_filter: int = 0

    @classmethod
    async def read(cls, camera: Camera) -> Expected:
        wheel = await camera.get_filter_settings()
        return cls(
            {name: await writable(getattr(camera, name)) for name in CCDS},
            dict(wheel.names),
            asdict(await camera.get_fits_settings()),
            wheel.current,
        )


async def writable(ccd: Ccd) -> dict[str, Any]:
    found = await ccd.get_settings()
    fields = [row.field for row in ccd._table.values() if row.write and row.field in found]
    return {name: getattr(found, name) for name in fields if name != "fan_power_percent"}


async def perform(camera: Camera, action: Action, expected: Expected) -> None:
    match action:
        case Action("frame", str(name), numbers):
            changes = await fitting_frame(getattr(camera, name), *numbers)
            await getattr(camera, name).set_settings(**changes)
            expected.ccds[name] |= changes
        case Action("set", str(name), values):
            await getattr(camera, name).set_settings(**values)
            expected.ccds[name] |= values
        case Action("names", _, values):
            await camera.set_filter_names(values)
            expected.names |= values
        case Action("filter", _, slot):
            await camera.change_filter(slot)
            while await camera.filter_state() is FilterState.MOVING:
                pass
            expected.current_filter = slot
        case Action("fits", _, values):
            await camera.set_fits_settings(**values)
            expected.fits |= values
        case Action("pulse", x, y):
            await camera.pulse_guide(RelayPulse(x, 0.02), y)
        case Action("ao", _, (x, y)):
            await camera.ao_guide(x, y)


async def fitting_frame(
    ccd: Ccd, left: float, top: float, width: float, height: float, bin_x: int, bin_y: int
) -> dict[str, int]:
    sensor = await ccd.get_settings("sensor_width", "sensor_height")
    start_x = round(left * (sensor.sensor_width - 1))
    start_y = round(top * (sensor.sensor_height - 1))
    return {
        "start_x": start_x,
        "start_y": start_y,
        "num_x": 1 + round(width * (sensor.sensor_width - start_x - 1)),
        "num_y": 1 + round(height * (sensor.sensor_height - start_y - 1)),
        "bin_x": bin_x,
        "bin_y": bin_y,
    }


@pytest.fixture(params=["document", "newer"])
def simulator(request: pytest.FixtureRequest) -> Iterator[SimulatorThread]:
    key = "table" if request.param == "document" else "example"
    options = SimulatorOptions(firmware=request.param, filter_name_key=key, **FAST)
    with SimulatorThread(options) as running:
        yield running


@settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
    max_examples=20,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(st.lists(actions, min_size=30, max_size=30))
def test_every_readable_setting_agrees(simulator: SimulatorThread, requested: list[Action]) -> None:
    async def run() -> None:
        async with client(simulator) as camera:
            expected = await Expected.read(camera)
            known = set(expected.ccds["imager"])
            for action in requested:
                await perform(camera, action, expected)
            expected.ccds["imager"] = {
                name: value for name, value in expected.ccds["imager"].items() if name in known
            }
            assert await Expected.read(camera) == expected

    asyncio.run(run())


# --- a night in short -----------------------------------------------------------------------------


async def expose(camera: Camera, ccd: Ccd, geometry: Geometry) -> bytes:
    await ccd.set_geometry(geometry)
    await ccd.start_exposure(0.5, FrameType.LIGHT)
    while await ccd.state() is not CcdState.IDLE:
        pass
    assert await ccd.image_ready()
    async with ccd.open_data(geometry.data_bytes) as chunks:
        return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("name", CCDS)
async def test_each_ccd_delivers_its_frame(simulator: SimulatorThread, name: str) -> None:
    geometry = Geometry(3, 5, 101, 67, 2, 3)
    async with client(simulator) as camera:
        ccd: Ccd = getattr(camera, name)
        data = await expose(camera, ccd, geometry)
        assert len(data) == 50 * 22 * 2
        async with ccd.open_data(geometry.data_bytes) as chunks:
            again = b"".join([chunk async for chunk in chunks])
        assert again == data
        async with ccd.open_fits() as chunks:
            fits = b"".join([chunk async for chunk in chunks])
        assert fits.startswith(b"SIMPLE  =")
        assert len(fits) % 2880 == 0


async def test_camera_that_pads_and_misnames_its_texts(simulator: SimulatorThread) -> None:
    async with client(simulator) as camera:
        expected = await Expected.read(camera), await camera.description()
        for fault in ("padded-text", "text-as-html", "ascom-states"):
            simulator.add_fault(fault)
        assert (await Expected.read(camera), await camera.description()) == expected
        assert not await camera.is_pulse_guiding()
        await camera.pulse_time_remaining()
        geometry = Geometry(0, 0, 20, 10)
        await camera.guider.set_geometry(geometry)
        await camera.guider.expose_and_wait(1.0)
        assert len(await camera.guider.download_bytes(geometry)) == geometry.data_bytes


async def test_identity(simulator: SimulatorThread) -> None:
    async with client(simulator) as camera:
        assert await camera.description() == "SBIG STX-16803"
        versions = await camera.version_numbers()
        is_newer = simulator.options.firmware == "newer"
        assert (versions.serial is not None) == is_newer
        found = await camera.imager.get_settings("fan_state", "bin_x", "overscan_on")
        assert ("fan_state" in found) == ("overscan_on" in found) == is_newer
        assert "bin_x" in found


async def test_relays_and_mirror(simulator: SimulatorThread) -> None:
    async with client(simulator) as camera:
        pulse = RelayPulse(RelayDirection.MINUS, 600)
        await camera.pulse_guide(x=pulse)
        assert await camera.is_pulse_guiding()
        assert 0 < (await camera.pulse_time_remaining()).x_minus_s <= 600
        await camera.ao_guide(0, 100)
        await camera.ao_status()
        await camera.pulse_guide(x=RelayPulse(RelayDirection.MINUS, 0.01))


async def test_names_that_look_like_markup_are_names(simulator: SimulatorThread) -> None:
    async with client(simulator) as camera:
        await camera.set_fits_settings(object_name="<", observer="<3 M31")
        settings = await camera.get_fits_settings()
        assert (settings.object_name, settings.observer) == ("<", "<3 M31")
        await camera.set_filter_names({1: "<H-alpha>"})
        assert (await camera.get_filter_settings()).names[1] == "<H-alpha>"


# --- pace -----------------------------------------------------------------------------------------


async def busy_evening(camera: Camera) -> None:
    async with camera, asyncio.TaskGroup() as group:
        group.create_task(expose(camera, camera.imager, Geometry(0, 0, 500, 500)))
        group.create_task(expose(camera, camera.guider, Geometry(0, 0, 300, 300)))
        for _ in range(5):
            group.create_task(camera.ao_guide(50, 50))
            impatient = group.create_task(camera.description())
            await asyncio.sleep(0.03)
            impatient.cancel()


async def test_camera_never_sees_two_commands_within_50_ms(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    options = SimulatorOptions(time_scale=1000.0, request_log=log)
    with SimulatorThread(options) as running:
        await busy_evening(Camera(running.host, running.port))
    arrivals = sorted(json.loads(line)["t"] for line in log.read_text().splitlines())
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert len(gaps) > 12
    assert min(gaps) >= 0.05
