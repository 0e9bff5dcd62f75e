"""Each fault of the simulated camera: what the client raises, or shows when nothing is raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from indi_stx.errors import (
    CameraError,
    CameraRefused,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
)
from indi_stx.simulator.faults import FAULTS
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import (
    Camera,
    CcdState,
    FanState,
    FilterState,
    FrameType,
    Geometry,
)
from tests.harness.fake_clock import settle
from tests.stx.sinks import Read

SMALL = Geometry(0, 0, 200, 100)


@asynccontextmanager
async def camera_with(*faults: str, **options: object) -> AsyncIterator[Camera]:
    settings = SimulatorOptions(
        faults=faults,
        time_scale=1000.0,
        overload_delay_s=0.0,
        **options,  # type: ignore[arg-type]
    )
    with SimulatorThread(settings) as simulator:
        client = Camera(
            simulator.host,
            simulator.port,
            command_gap_s=0.0,
            connect_timeout_s=2.0,
            timeout_s=0.8,
            stall_timeout_s=1.0,
        )
        async with client:
            yield client


async def expose(camera: Camera, geometry: Geometry = SMALL) -> CcdState:
    await camera.imager.set_geometry(geometry)
    await camera.imager.start_exposure(0.5, FrameType.LIGHT)
    while (state := await camera.imager.state()) not in (CcdState.IDLE, CcdState.ERROR):
        pass
    return state


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("refuse", CameraUnreachable, "refuses connections"),
        ("hang", CameraTimeout, "no answer"),
        ("reset", CameraUnreachable, "before it answered"),
        ("truncate-text=3", CameraUnreachable, "in the middle"),
        ("stall-body=3", CameraTimeout, "did not complete"),
        ("reset-body=3", CameraUnreachable, "in the middle"),
        ("reboot=60", CameraUnreachable, "refuses connections"),
    ],
)
async def test_command_fails(fault: str, error: type[CameraError], words: str) -> None:
    async with camera_with(fault) as camera:
        with pytest.raises(error, match=words):
            await camera.description()


async def test_garbled_text() -> None:
    async with camera_with("garble-text") as camera:
        with pytest.raises(CameraReplyInvalid):
            await camera.imager.state()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("reset-body=5000", CameraUnreachable, "in the middle"),
        ("stall-body=5000", CameraTimeout, "stopped sending"),
        ("short-frame=2", CameraReplyInvalid, "39998 bytes"),
    ],
)
async def test_download_fails_once_and_the_frame_is_still_there(
    fault: str, error: type[CameraError], words: str, read_all: Read
) -> None:
    async with camera_with(f"{fault},path=.bin,times=1") as camera:
        await expose(camera)
        with pytest.raises(error, match=words):
            await read_all(camera, SMALL.data_bytes)
        assert len(await read_all(camera, SMALL.data_bytes)) == SMALL.data_bytes


async def test_zero_frame_arrives_for_others_to_judge(read_all: Read) -> None:
    async with camera_with("zero-frame") as camera:
        await expose(camera)
        assert await read_all(camera, SMALL.data_bytes) == bytes(SMALL.data_bytes)


async def test_slow_link_is_no_stall(read_all: Read) -> None:
    async with camera_with("slow-link=100000") as camera:
        await expose(camera)
        assert len(await read_all(camera, SMALL.data_bytes)) == SMALL.data_bytes


async def test_commands_outlive_a_frame_on_a_single_connection(read_all: Read) -> None:
    """The frame takes longer than the time limit of the command that waits behind it."""
    large = Geometry(0, 0, 400, 200)
    async with camera_with("single-connection", bandwidth_bytes_per_s=100_000.0) as camera:
        await expose(camera, large)
        downloading = asyncio.create_task(read_all(camera, large.data_bytes))
        await settle()
        asking = asyncio.create_task(camera.description())
        assert len(await downloading) == large.data_bytes
        assert await asking == "SBIG STX-16803"


async def test_error_state() -> None:
    async with camera_with("error-state") as camera:
        assert await expose(camera) is CcdState.ERROR


async def test_stale_flag_is_shown_as_it_is() -> None:
    async with camera_with("stale-ready") as camera:
        await expose(camera)
        await camera.imager.start_exposure(100_000, FrameType.DARK)
        assert await camera.imager.state() is CcdState.EXPOSING
        assert await camera.imager.image_ready()


async def test_abort_fails() -> None:
    async with camera_with("abort-fails") as camera:
        await camera.imager.start_exposure(100_000, FrameType.DARK)
        with pytest.raises(CameraRefused, match="Abort failed") as caught:
            await camera.imager.abort_exposure()
        assert caught.value.code == 0x80001007


async def test_cooler_latch_up_is_visible() -> None:
    async with camera_with("cooler-latch-up") as camera:
        await camera.imager.set_settings(cooler_on=True, setpoint_celsius=-20)
        found = await camera.imager.get_settings("cooler_power_percent", "temperature_celsius")
        assert found.cooler_power_percent == 100
        assert found.temperature_celsius > -18


@pytest.mark.parametrize(
    ("fault", "code"), [("filter-missing", 0x8000100C), ("filter-communication", 0x8000100D)]
)
async def test_filter_wheel_that_is_not_there(fault: str, code: int) -> None:
    async with camera_with(fault) as camera:
        with pytest.raises(CameraRefused) as caught:
            await camera.change_filter(2)
        assert caught.value.code == code


async def test_jammed_filter_wheel() -> None:
    async with camera_with("filter-jammed") as camera:
        await camera.change_filter(5)
        while (state := await camera.filter_state()) is FilterState.MOVING:
            pass
        assert state is FilterState.ERROR


@pytest.mark.parametrize(
    ("fault", "name"), [("no-guider", "guider"), ("no-external-guider", "external_guider")]
)
async def test_missing_guide_ccd(fault: str, name: str) -> None:
    async with camera_with(fault) as camera:
        ccd = getattr(camera, name)
        found = await ccd.get_settings("sensor_width", "sensor_height")
        assert (found.sensor_width, found.sensor_height) == (0, 0)
        with pytest.raises(CameraRefused):
            await ccd.start_exposure(1, FrameType.LIGHT)


async def test_fan_that_does_not_obey() -> None:
    async with camera_with("fan-writes-ignored", firmware="newer") as camera:
        before = await camera.imager.get_settings("fan_state")
        await camera.imager.set_settings(fan_state=FanState.OFF)
        assert await camera.imager.get_settings("fan_state") == before


@pytest.mark.parametrize(
    ("how", "error"),
    [("reset", CameraUnreachable), ("close", CameraUnreachable), ("silence", CameraTimeout)],
)
@pytest.mark.parametrize(("fault", "width"), [("answer-lost", 2), ("request-lost", 1)])
async def test_what_is_lost_before_or_after_the_camera_obeys_looks_alike(
    fault: str, width: int, how: str, error: type[CameraError]
) -> None:
    async with camera_with(f"{fault}={how},path=SetSettings,times=1") as camera:
        with pytest.raises(error):
            await camera.imager.set_settings(bin_x=2)
        assert (await camera.imager.get_settings("bin_x")).bin_x == width


async def test_late_start_looks_idle_and_is_busy() -> None:
    async with camera_with("start-latency=100000") as camera:
        await camera.imager.start_exposure(1, FrameType.DARK)
        assert await camera.imager.state() is CcdState.IDLE
        with pytest.raises(CameraRefused, match="busy"):
            await camera.imager.start_exposure(1, FrameType.DARK)


async def test_exposure_ends_when_another_program_aborts_it() -> None:
    async with camera_with("foreign-abort=0.1") as camera:
        await camera.imager.start_exposure(1_000_000, FrameType.DARK)
        while await camera.imager.state() is not CcdState.IDLE:
            pass
        assert not await camera.imager.image_ready()


async def test_camera_that_another_program_uses_is_busy() -> None:
    async with camera_with("foreign-start=1000000,ccd=guider") as camera:
        assert await camera.guider.state() is CcdState.EXPOSING
        with pytest.raises(CameraRefused, match="busy"):
            await camera.guider.start_exposure(1, FrameType.DARK)


async def test_settings_of_another_program_are_read_back() -> None:
    async with camera_with("foreign-settings=BinX=3,CCDTemperatureSetpoint=-7.5") as camera:
        found = await camera.imager.get_settings("bin_x", "setpoint_celsius")
        assert (found.bin_x, found.setpoint_celsius) == (3, -7.5)


async def test_clock_of_the_camera_is_in_its_own_files_alone() -> None:
    """What the camera says about time is in its own FITS files, not in its frames."""
    async with camera_with("clock-jump=-1000000", date_obs="own") as camera:
        await expose(camera)
        async with camera.imager.open_data(SMALL.data_bytes) as chunks:
            assert sum([len(chunk) async for chunk in chunks]) == SMALL.data_bytes


@pytest.mark.parametrize("fault", ["padded-text", "text-as-html"])
async def test_texts_that_are_odd_say_the_same(fault: str) -> None:
    async with camera_with(fault) as camera:
        assert await camera.description() == "SBIG STX-16803"
        assert (await camera.version_numbers()).serial is None
        assert (await camera.get_filter_settings()).names[8] == "Empty"
        assert (await camera.get_fits_settings()).aperture_mm == 200.0
        assert await expose(camera) is CcdState.IDLE
        with pytest.raises(CameraRefused, match="NumX"):
            await camera.imager.set_settings(num_x=5000)


async def test_states_waiting_and_downloading() -> None:
    async with camera_with("ascom-states") as camera:
        await camera.imager.set_geometry(SMALL)
        await camera.imager.start_exposure(400.0, FrameType.LIGHT)
        seen = set()
        while (state := await camera.imager.state()) is not CcdState.IDLE:
            seen.add(state)
        assert seen & {CcdState.WAITING, CcdState.EXPOSING, CcdState.DOWNLOADING}


async def test_frame_of_another_shape_is_refused() -> None:
    async with camera_with("wrong-shape=rows=1") as camera:
        await expose(camera)
        with pytest.raises(CameraReplyInvalid, match="instead of"):
            await camera.imager.download_array(SMALL)
        whole = await camera.imager.download_bytes()
        assert len(whole) == SMALL.data_bytes - SMALL.cols * 2


async def test_first_frame_is_delivered_as_it_is() -> None:
    async with camera_with("bad-first-frame") as camera:
        await expose(camera)
        first = await camera.imager.download_array()
        await expose(camera)
        assert first.mean() > 5000 + (await camera.imager.download_array()).mean()


async def test_guide_frame_during_a_download_is_delivered_as_it_is() -> None:
    async with camera_with("guide-noise", bandwidth_bytes_per_s=200_000) as camera:
        large = Geometry(0, 0, 2000, 2000)
        await expose(camera, large)
        await camera.guider.set_geometry(SMALL)
        async with camera.imager.open_data(large.data_bytes) as chunks:
            await anext(chunks)
            await camera.guider.expose_and_wait(0.01, FrameType.DARK)
        assert (await camera.guider.download_array()).std() > 10_000


def test_every_fault_has_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}' not in source] == []
