"""A simulated camera in a thread of its own, for the driver's SIMULATION switch and for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.server import SimulatorServer

Result = TypeVar("Result")


class SimulatorThread:
    """Run a SimulatorServer beside a program, as a context manager or by `start` and `stop`.

    `start` raises SimulatorError when the camera cannot be had, the port taken for instance. Read
    `camera` freely from other threads; change it through `call`.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options or SimulatorOptions()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._server: SimulatorServer | None = None
        self._failure: BaseException | None = None
        self._started = threading.Event()

    @property
    def server(self) -> SimulatorServer:
        """The running server."""
        if self._server is None:
            raise RuntimeError("The simulated camera is not running.")
        return self._server

    @property
    def host(self) -> str:
        """Where the camera listens."""
        return self.server.host

    @property
    def port(self) -> int:
        """The port it got."""
        return self.server.port

    @property
    def camera(self) -> SimulatedCamera:
        """The camera itself."""
        return self.server.camera

    def start(self) -> None:
        """Return once the camera listens."""
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="stx-simulator-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._server is None:
            self._thread.join()
            raise self._failure or RuntimeError("The simulated camera ended at once.")

    def stop(self) -> None:
        """End the camera and its thread; harmless when it does not run."""
        if self._loop and self._stop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._server = None

    def call(self, function: Callable[[SimulatedCamera], Result]) -> Result:
        """Run `function(camera)` on the camera's own loop and return what it returns."""

        async def run() -> Result:
            return function(self.camera)

        if self._loop is None:
            raise RuntimeError("The simulated camera is not running.")
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def add_fault(self, text: str) -> None:
        """Make a fault active, written as for `--fault`."""
        self.call(lambda camera: camera.faults.add(text))

    def clear_fault(self, name: str | None = None) -> None:
        """End one fault, or all."""
        self.call(lambda camera: camera.faults.clear(name))

    def __enter__(self) -> SimulatorThread:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with SimulatorServer(self.options) as server:
            self._server = server
            self._started.set()
            await self._stop.wait()
