"""The camera without `await`: everywhere, interrupted, and with errors that can be read."""

from __future__ import annotations

import gc
import inspect
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.errors import (
    CameraError,
    CameraRefused,
    CameraUnreachable,
    ConnectionClosed,
    ValueRefused,
)
from indi_stx.simulator.exposure import CcdState as SimulatedState
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import (
    BlockingCamera,
    BlockingCcd,
    Camera,
    Ccd,
    CcdState,
    FrameType,
    Geometry,
    RelayDirection,
    RelayPulse,
)

SMALL = Geometry(100, 50, 301, 203, 3, 2)


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    options = SimulatorOptions(time_scale=20.0, overload_delay_s=0.0, model="STT-8300")
    with SimulatorThread(options) as running:
        yield running


def coroutines(kind: type) -> set[str]:
    methods = inspect.getmembers(kind, inspect.iscoroutinefunction)
    return {name for name, _ in methods if not name.startswith("_")}


@pytest.mark.parametrize(
    ("asynchronous", "blocking", "other_names"),
    [(Ccd, BlockingCcd, set()), (Camera, BlockingCamera, {"aclose"})],
)
def test_no_call_is_missing(asynchronous: type, blocking: type, other_names: set[str]) -> None:
    wanted = coroutines(asynchronous) - other_names
    assert wanted <= set(dir(blocking))
    for name in wanted:
        ours, theirs = getattr(blocking, name), getattr(asynchronous, name)
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert inspect.getdoc(ours) == inspect.getdoc(theirs)
        assert not inspect.iscoroutinefunction(ours)


def night(simulator: SimulatorThread, folder: Path) -> None:
    with BlockingCamera(simulator.host, simulator.port, command_gap_s=0.0) as camera:
        assert camera.description() == "SBIG STT-8300"
        assert camera.version_numbers().http_api == "1.00.1"
        camera.imager.set_geometry(SMALL)
        camera.imager.set_settings(cooler_on=True, setpoint_celsius=-5.0)
        assert camera.imager.get_settings("setpoint_celsius").setpoint_celsius == -5.0
        camera.imager.expose_and_wait(1.0, FrameType.LIGHT)
        pixels = camera.imager.download_array()
        with fits.open(camera.imager.save(folder / "frame.fits")) as opened:
            assert np.array_equal(opened[0].data, pixels)
        camera.set_filter_names({1: "Red"})
        camera.pulse_guide(x=RelayPulse(RelayDirection.PLUS, 0.01))
        camera.ao_guide(50, 50)
        assert camera.guider.state() is CcdState.IDLE
        with pytest.raises(ValueRefused):
            camera.change_filter(9)
        with pytest.raises(CameraRefused):
            camera.imager.set_settings(bin_x=100)


def test_a_night_in_a_script(simulator: SimulatorThread, tmp_path: Path) -> None:
    night(simulator, tmp_path)


async def test_a_night_where_a_loop_runs_as_in_a_notebook(
    simulator: SimulatorThread, tmp_path: Path
) -> None:
    night(simulator, tmp_path)


def test_closed_camera_says_so(simulator: SimulatorThread) -> None:
    camera = BlockingCamera(simulator.host, simulator.port)
    imager = camera.imager
    camera.close()
    camera.close()
    for call in (camera.description, imager.state):
        with pytest.raises(ConnectionClosed, match="closed"):
            call()


def test_forgotten_camera_ends_its_thread_and_a_used_one_does_not(
    simulator: SimulatorThread,
) -> None:
    def threads() -> int:
        gc.collect()
        return sum(thread.name == "stx camera" for thread in threading.enumerate())

    before = threads()
    imager = BlockingCamera(simulator.host, simulator.port).imager
    assert threads() == before + 1
    assert imager.state() is CcdState.IDLE
    del imager
    assert threads() == before


def test_closing_ends_a_call_of_another_thread(simulator: SimulatorThread) -> None:
    camera = BlockingCamera(simulator.host, simulator.port)
    raised: list[BaseException] = []

    def expose() -> None:
        try:
            camera.imager.expose_and_wait(60_000.0)
        except Exception as error:
            raised.append(error)

    exposing = threading.Thread(target=expose)
    exposing.start()
    while camera.imager.state() is not CcdState.EXPOSING:
        pass
    camera.close()
    exposing.join(20)
    assert isinstance(raised[0], CameraUnreachable | ConnectionClosed)


# --- programs -------------------------------------------------------------------------------------


def test_interrupt_aborts_the_exposure(simulator: SimulatorThread) -> None:
    program = (
        "from indi_stx.stx import BlockingCamera\n"
        f"with BlockingCamera({simulator.host!r}, {simulator.port}) as camera:\n"
        "    print('begun', flush=True)\n"
        "    camera.imager.expose_and_wait(60000.0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        imager = simulator.camera.imager
        while simulator.call(lambda _: imager.state()) is not SimulatedState.EXPOSING:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert simulator.call(lambda _: imager.state()) is SimulatedState.IDLE


# --- errors ---------------------------------------------------------------------------------------


def shown(error: BaseException) -> list[str]:
    return "".join(traceback.format_exception(error)).splitlines()


@pytest.fixture(params=["refuses connections", "gave no answer"])
def no_camera(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        if request.param == "gave no answer":
            bound.listen(16)
        yield bound.getsockname()[1], request.param


def test_error_is_told_in_its_sentence_and_little_else(
    no_camera: tuple[int, str], tmp_path: Path
) -> None:
    port, said = no_camera
    with BlockingCamera("127.0.0.1", port, timeout_s=0.05) as camera:
        for call in (
            camera.description,
            camera.imager.get_settings,
            partial(camera.imager.expose_and_wait, 1),
            partial(camera.imager.download_array, Geometry(0, 0, 4, 4)),
            partial(camera.guider.save, tmp_path / "x.fits"),
        ):
            with pytest.raises(CameraError, match=said) as caught:
                call()
            lines = shown(caught.value)
            assert len(lines) <= 10, lines
            assert said in lines[-1]


async def test_error_of_a_coroutine_is_no_story_of_httpx(no_camera: tuple[int, str]) -> None:
    port, said = no_camera
    async with Camera("127.0.0.1", port, timeout_s=0.05) as camera:
        for call, limit in (
            (camera.description(), 12),
            (camera.imager.expose_and_wait(1), 20),
            (camera.imager.download_array(Geometry(0, 0, 4, 4)), 50),
        ):
            with pytest.raises(CameraError, match=said) as caught:
                await call
            lines = shown(caught.value)
            assert len(lines) <= limit, lines
            assert said in lines[-1]
            assert not [
                line for line in lines if "During handling" in line or "direct cause" in line
            ]
            assert not [line for line in lines if line.startswith("httpx.")]


def test_everything_is_listed_before_it_is_used() -> None:
    program = "import indi_stx.stx as stx; print(set(stx.__all__) <= set(dir(stx)))"
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert listed.stdout == "True\n", listed
