"""Exposures and downloads in one call, with the simulated camera and with odd ones."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.errors import (
    CameraBusy,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ExposureFailed,
)
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import Camera, CcdState, FrameType, Geometry
from indi_stx.stx.waiting import Waiting
from tests.harness.fake_clock import FakeClock
from tests.stx.canned import CannedCamera, frame, ok

NAME = datetime(2026, 11, 22, 19, 3, 4, 56000, tzinfo=UTC)
OURS, OTHER = "2026-11-22T19:03:04.056", "2026-11-22T19:00:00.000"
SMALL = Geometry(100, 50, 301, 203, 3, 2)


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    options = SimulatorOptions(time_scale=20.0, overload_delay_s=0.0, model="STT-8300")
    with SimulatorThread(options) as running:
        yield running


@pytest.fixture
def stt(simulator: SimulatorThread) -> Camera:
    return Camera(simulator.host, simulator.port, command_gap_s=0.0)


# --- with the simulated camera --------------------------------------------------------------------


@pytest.mark.parametrize("ccd", ["imager", "guider", "external_guider"])
async def test_exposure_and_every_form_of_its_image(
    ccd: str, stt: Camera, simulator: SimulatorThread, tmp_path: Path
) -> None:
    async with stt as camera:
        chosen = getattr(camera, ccd)
        await chosen.set_geometry(SMALL)
        assert await chosen.get_geometry() == SMALL
        before = datetime.now(UTC)
        timing = await chosen.expose_and_wait(2.0)
        assert before <= timing.sent_utc <= datetime.now(UTC)
        pixels = await chosen.download_array()
        assert (pixels.shape, pixels.dtype) == ((101, 100), np.uint16)
        assert pixels.std() > 0
        assert (
            await chosen.download_bytes() == await chosen.download_bytes(SMALL) == pixels.tobytes()
        )
        file = await chosen.save(tmp_path / "frame.fits")
        with fits.open(file) as opened:
            assert np.array_equal(opened[0].data, pixels)
            date_obs = datetime.fromisoformat(opened[0].header["DATE-OBS"]).replace(tzinfo=UTC)
        assert abs((date_obs - before).total_seconds()) < 60
        with pytest.raises(CameraReplyInvalid, match="instead of"):
            await chosen.download_array(Geometry(0, 0, 10, 10))


async def test_files_are_whole_or_not_there(
    stt: Camera, simulator: SimulatorThread, tmp_path: Path
) -> None:
    file = tmp_path / "frame.fits"
    async with stt as camera:
        await camera.guider.set_geometry(SMALL)
        await camera.guider.expose_and_wait(0.1, FrameType.DARK, NAME)
        simulator.add_fault("reset-body=after=3000,times=1")
        with pytest.raises(CameraUnreachable):
            await camera.guider.save(file)
        assert os.listdir(tmp_path) == []
        await camera.guider.save(str(file))
        content = file.read_bytes()
        assert fits.getheader(io.BytesIO(content))["DATE-OBS"] == OURS
        with pytest.raises(FileExistsError, match="exists already"):
            await camera.guider.save(file)
        await camera.guider.expose_and_wait(0.1, FrameType.DARK)
        assert await camera.guider.save(file, overwrite=True) == file
        assert file.read_bytes() != content
        assert os.listdir(tmp_path) == ["frame.fits"]
        with pytest.raises(FileNotFoundError):
            await camera.guider.save(tmp_path / "no folder" / "frame.fits")


FAULTS = ["start-latency=seconds=20", "stale-ready", "ascom-states", "reset=path=State,times=3"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_image_is_of_this_exposure(
    fault: str, stt: Camera, simulator: SimulatorThread
) -> None:
    async with stt as camera:
        await camera.guider.set_geometry(SMALL)
        await camera.guider.expose_and_wait(1.0, FrameType.DARK)
        first = await camera.guider.download_bytes()
        simulator.add_fault(fault)
        await camera.guider.expose_and_wait(1.0, FrameType.DARK)
        assert await camera.guider.download_bytes() != first
        assert simulator.camera.guider.frame() is not None


async def test_exposure_that_ends_in_an_error(stt: Camera, simulator: SimulatorThread) -> None:
    async with stt as camera:
        await camera.guider.set_geometry(SMALL)
        simulator.add_fault("error-state")
        with pytest.raises(ExposureFailed, match="reports an error"):
            await camera.guider.expose_and_wait(1.0, FrameType.DARK)


@pytest.mark.parametrize(
    ("buffer", "said"), [("empty", "has no image"), ("previous", "stopped before")]
)
async def test_exposure_that_another_program_aborts(
    buffer: str, said: str, stt: Camera, simulator: SimulatorThread
) -> None:
    async with stt as camera:
        await camera.guider.set_geometry(SMALL)
        await camera.guider.expose_and_wait(1.0, FrameType.DARK)
        before = states_answered(simulator)
        exposing = asyncio.create_task(camera.guider.expose_and_wait(6000.0, FrameType.DARK))
        while states_answered(simulator) == before:  # then it has been seen at work
            await camera.imager.state()
        simulator.add_fault(f"foreign-abort=after=0,buffer={buffer}")
        with pytest.raises(ExposureFailed, match=said):
            await exposing


def states_answered(simulator: SimulatorThread) -> int:
    records = list(simulator.camera.requests.records)
    return sum(record.status == 200 and "GuiderState" in record.uri for record in records)


async def test_cancelled_exposure_is_aborted(stt: Camera, simulator: SimulatorThread) -> None:
    async with stt as camera:
        exposing = asyncio.create_task(camera.imager.expose_and_wait(6000.0))
        while await camera.imager.state() is not CcdState.EXPOSING:
            pass
        with pytest.raises(CameraBusy):
            await camera.imager.expose_and_wait(1.0)
        exposing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exposing
        assert await camera.imager.state() is CcdState.IDLE


async def test_what_is_no_fits_file(camera: Camera, canned: CannedCamera) -> None:
    whole = b"SIMPLE  =                    T".ljust(2880)
    canned.then(frame(b"BM" * 1440), frame(whole[:-1]), frame(whole), frame(b""))
    for _ in range(2):
        with pytest.raises(CameraReplyInvalid, match="FITS"):
            await camera.imager.download_fits()
    assert await camera.imager.download_fits() == whole
    with pytest.raises(CameraReplyInvalid, match="no image"):
        await camera.imager.download_bytes()


async def test_no_geometry_no_array(camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok("0\r\n0\r\n4\r\n3\r\n1\r\n1\r\n"), frame(bytes(range(24))))
    pixels = await camera.imager.download_array()
    assert pixels.shape == (3, 4)
    assert pixels[0, 1] == 0x0302


# --- odd cameras on a fake clock ------------------------------------------------------------------

Told = tuple[CcdState, bool, str | None]
NO_FILE = "no file"
GARBLED: Told = (CcdState.IDLE, False, "garbled")


class ToldCamera:
    """Says at each time what a table has; `None` is silence."""

    def __init__(self, clock: FakeClock, table: Callable[[float], Told | None]) -> None:
        self._clock, self._table = clock, table
        self._begin_s = clock.monotonic()
        self.is_closed = False

    def _now(self) -> Told:
        told = self._table(self._clock.monotonic() - self._begin_s)
        if told is None:
            raise CameraTimeout("silence", request="/")
        if told is GARBLED:
            raise CameraReplyInvalid("garbled", request="/")
        return told

    async def state(self) -> CcdState:
        return self._now()[0]

    async def image_ready(self) -> bool:
        return self._now()[1]

    async def image_date_obs(self) -> str | None:
        date_obs = self._now()[2]
        if date_obs == NO_FILE:
            raise CameraReplyInvalid("404", request="/")
        return date_obs


async def ends_after(table: Callable[[float], Told | None], duration_s: float = 10.0) -> float:
    """Return when an exposure of `duration_s` was believed to have ended."""
    clock = FakeClock()
    told = ToldCamera(clock, table)
    began = clock.monotonic()
    waiting = Waiting(told, clock, began, duration_s, NAME, "/")
    task = asyncio.create_task(waiting.end())
    while not task.done():
        await clock.advance(0.05)
    task.result()
    return clock.monotonic() - began


IDLE, BUSY = CcdState.IDLE, CcdState.EXPOSING


READING = CcdState.READING_OUT


def at(now: float, *steps: tuple[float, Told | None]) -> Told | None:
    """Return what holds at a time; each step holds until the time that it names."""
    return next(told for until, told in steps if now < until)


ALWAYS = float("inf")
GOOD: dict[str, tuple[Callable[[float], Told | None], float]] = {
    "as the document": (
        lambda now: at(
            now,
            (10, (BUSY, False, OTHER)),
            (12, (READING, False, OTHER)),
            (ALWAYS, (IDLE, True, OURS)),
        ),
        12,
    ),
    "looks idle at first, with the image before": (
        lambda now: at(
            now,
            (4, (IDLE, True, OTHER)),
            (14, (BUSY, False, OTHER)),
            (ALWAYS, (IDLE, True, OURS)),
        ),
        14,
    ),
    "begins after its time": (
        lambda now: at(
            now,
            (18, (IDLE, True, OTHER)),
            (18.05, (BUSY, False, OTHER)),
            (ALWAYS, (IDLE, True, OURS)),
        ),
        18,
    ),
    "never seen at work, but named": (
        lambda now: at(now, (10, (IDLE, True, OTHER)), (ALWAYS, (IDLE, True, OURS))),
        10,
    ),
    "no fraction in its time": (
        lambda now: at(now, (10, (IDLE, True, OTHER)), (ALWAYS, (IDLE, True, OURS[:19]))),
        10,
    ),
    "no name, never seen at work, but emptied": (
        lambda now: at(now, (11, (IDLE, False, None)), (ALWAYS, (IDLE, True, None))),
        11,
    ),
    "no name, seen at work": (
        lambda now: at(now, (11, (BUSY, False, None)), (ALWAYS, (IDLE, True, None))),
        11,
    ),
    "image a moment after idle": (
        lambda now: at(
            now,
            (11, (BUSY, False, None)),
            (13, (IDLE, False, None)),
            (ALWAYS, (IDLE, True, None)),
        ),
        13,
    ),
    "without FITS files": (
        lambda now: at(now, (11, (IDLE, False, NO_FILE)), (ALWAYS, (IDLE, True, NO_FILE))),
        11,
    ),
    "odd answers": (
        lambda now: at(
            now,
            (3, (BUSY, False, None)),
            (5, GARBLED),
            (11, (BUSY, False, None)),
            (12, GARBLED),
            (ALWAYS, (IDLE, True, OURS)),
        ),
        12,
    ),
    "silent for a while": (
        lambda now: at(now, (2, (BUSY, False, None)), (28, None), (ALWAYS, (IDLE, True, None))),
        28,
    ),
}


@pytest.mark.parametrize("case", GOOD)
async def test_image_is_believed(case: str) -> None:
    table, ends_s = GOOD[case]
    assert ends_s <= await ends_after(table) <= ends_s + 1.1


BAD: dict[str, tuple[Callable[[float], Told | None], str]] = {
    "never began": (lambda now: (IDLE, True, OTHER), "never began"),
    "never began, no image": (lambda now: (IDLE, False, None), "never began"),
    "never began, no names": (lambda now: (IDLE, True, None), "never began"),
    "error": (
        lambda now: at(now, (3, (BUSY, False, None)), (ALWAYS, (CcdState.ERROR, False, None))),
        "reports an error",
    ),
    "aborted": (
        lambda now: at(now, (3, (BUSY, False, None)), (ALWAYS, (IDLE, False, None))),
        "has no image",
    ),
    "aborted, with an older image": (
        lambda now: at(now, (3, (BUSY, False, None)), (ALWAYS, (IDLE, True, OTHER))),
        "before the exposure's end",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_there_is_no_image(case: str) -> None:
    table, said = BAD[case]
    with pytest.raises(ExposureFailed, match=said):
        await ends_after(table)


@pytest.mark.parametrize(("told", "error"), [(None, CameraTimeout), (GARBLED, CameraReplyInvalid)])
async def test_camera_that_stays_silent(told: Told | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        await ends_after(lambda now: at(now, (2, (BUSY, False, None)), (ALWAYS, told)))
