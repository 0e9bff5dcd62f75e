"""Simulated cameras, each in a process of its own: they take no interpreter from what is measured.

They run in real time. Their frames are the same simple noise each time, because to simulate stars
and electrons costs processor time that no real camera takes from the computer.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import cast

import numpy as np

from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.exposure import Exposure, Frame
from indi_stx.simulator.geometry import Window
from indi_stx.simulator.models import MODELS
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.request_log import RequestRecord
from indi_stx.simulator.sensor import Pixels
from indi_stx.simulator.thread import SimulatorThread

REAL = "STX-16803"
FAST, LARGE = "STX-16803, read out in 0.6 s", "64 megapixels, read out in 2 s"
"""An STX-16803 needs 2.1 s for a frame; nothing measured here depends on that."""
LINK_BYTES_PER_S = 12.5e6
"""Of the 100 Mbit/s network of a camera."""

_SENSOR = replace(MODELS[REAL].imager, read_out_pixels_per_s=40e6, read_out_overhead_s=0.1)
MODELS[FAST] = replace(MODELS[REAL], name=FAST, imager=_SENSOR)
MODELS[LARGE] = replace(MODELS[REAL], name=LARGE, imager=replace(_SENSOR, columns=8192, rows=8192))


@dataclass(frozen=True)
class FrameTimes:
    """When the last frame of a CCD came about, on the machine's monotonic clock."""

    shutter_closed_s: float
    ready_s: float


@dataclass(frozen=True)
class Request:
    """What was asked of a camera; times on the machine's monotonic clock.

    Attributes:
        ended_s: when the last byte of the answer was given to the network.
    """

    uri: str
    arrived_s: float
    ended_s: float


class Camera:
    """A running simulated camera, seen from outside its process.

    Attributes:
        host, port: where it listens.
    """

    host = "127.0.0.1"

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port = cast(int, pipe.recv())

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def frame_times(self, ccd: str = "imager") -> FrameTimes:
        """Return when the last frame came about."""
        return cast(FrameTimes, self._ask("frame_times", ccd))

    def requests(self, since_s: float = 0.0) -> list[Request]:
        """Return what was asked of it and has been answered, in the order in which it came."""
        return cast("list[Request]", self._ask("requests", since_s))

    def limit_link(self, bytes_per_s: float | None) -> None:
        """Slow its network link down, or not."""
        self._ask("limit_link", bytes_per_s)

    def _ask(self, what: str, argument: object) -> object:
        self._pipe.send((what, argument))
        return self._pipe.recv()


@contextlib.contextmanager
def simulated_camera(model: str = FAST, bytes_per_s: float | None = None) -> Iterator[Camera]:
    """Run a camera until the end of the block."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_run, args=(its, SimulatorOptions(model=model)), daemon=True)
    process.start()
    its.close()
    try:
        camera = Camera(ours)
        camera.limit_link(bytes_per_s)
        yield camera
    finally:
        ours.close()
        process.join()


class _Served:
    """The other end of a `Camera`."""

    def __init__(self, simulator: SimulatorThread) -> None:
        self._simulator = simulator
        self._requests: list[Request] = []
        simulator.camera.requests.on_finished = self._note

    def _note(self, record: RequestRecord) -> None:
        self._requests.append(Request(record.uri, record.t, time.monotonic()))

    def frame_times(self, ccd: str) -> FrameTimes:
        return self._simulator.call(lambda camera: _times(camera.ccds[ccd], camera.time.machine_s))

    def requests(self, since_s: float) -> list[Request]:
        found = self._simulator.call(
            lambda _: [r for r in self._requests if r.arrived_s >= since_s]
        )
        return sorted(found, key=lambda request: request.arrived_s)

    def limit_link(self, bytes_per_s: float | None) -> None:
        self._simulator.clear_fault("slow-link")
        if bytes_per_s is not None:
            self._simulator.add_fault(f"slow-link={bytes_per_s:.0f}")


def _times(ccd: Ccd, machine_s: Callable[[float], float]) -> FrameTimes:
    frame = ccd.frame()
    assert frame is not None
    assert ccd.ready_at is not None
    return FrameTimes(machine_s(frame.exposure.shutter_closes_at), ccd.ready_at)


def _run(pipe: Connection, options: SimulatorOptions) -> None:
    """Serve until the other end of the pipe is closed."""
    with SimulatorThread(options) as simulator, contextlib.suppress(EOFError, KeyboardInterrupt):
        for ccd in simulator.camera.ccds.values():
            _simplify(ccd)
        served = _Served(simulator)
        pipe.send(simulator.port)
        while True:
            what, argument = pipe.recv()
            pipe.send(getattr(served, what)(argument))


def _simplify(ccd: Ccd) -> None:
    """Let a CCD have the same noise in each frame, so that it is there before the read-out ends."""
    noise = np.random.default_rng(1).integers(900, 1100, 1 << 16, dtype="<u2")
    kept: dict[Window, Pixels] = {}

    def develop(exposure: Exposure) -> Frame:
        window = exposure.window
        if window not in kept:
            kept.clear()
            kept[window] = np.resize(noise, (window.height, window.width))
        return Frame(exposure, kept[window], 0.0)

    ccd.develop = develop  # type: ignore[method-assign]
