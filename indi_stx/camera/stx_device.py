"""The INDI device that stands for one camera, and the base of its subsystems.

It owns the HTTP client while connected, and the simulated camera when there is one. The HTTP
library is imported at the first connection: the driver must be ready long before that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from indi_stx.driver.config import ConfigFile
from indi_stx.driver.device import Device, Host
from indi_stx.driver.subsystem import Subsystem
from indi_stx.errors import SimulatorError

if TYPE_CHECKING:
    from indi_stx.camera.active_devices import ActiveDevices
    from indi_stx.camera.capabilities import CameraFacts
    from indi_stx.camera.cooler import Cooler
    from indi_stx.camera.filter_wheel import FilterWheel
    from indi_stx.camera.fits_header import FitsHeader
    from indi_stx.stx import Camera


class RunningSimulator(Protocol):
    """A simulated camera that has been started."""

    @property
    def host(self) -> str:
        """Where it listens."""

    @property
    def port(self) -> int:
        """Where it listens."""

    def stop(self) -> None:
        """Stop it and wait until its thread has ended."""


SimulatorFactory = Callable[[], RunningSimulator]


class StxDevice(Device):
    """A device whose subsystems talk to a camera."""

    executable = "indi_stx_ccd"
    active_devices: ActiveDevices
    fits_header: FitsHeader
    filter_wheel: FilterWheel

    def __init__(
        self,
        name: str,
        host: Host,
        *,
        simulator: SimulatorFactory | None = None,
        config: ConfigFile | None = None,
    ) -> None:
        super().__init__(name, host, config)
        self.cooler: Cooler | None = None
        self._facts: CameraFacts | None = None
        self._simulator_factory = simulator
        self._simulator: RunningSimulator | None = None
        self._camera: Camera | None = None

    @property
    def camera_device(self) -> StxDevice:
        """The device that knows telescope and user: this one, or the one it hangs on."""
        return self

    @property
    def camera(self) -> Camera:
        """The HTTP client of the connected camera."""
        if self._camera is None:
            raise RuntimeError("a handler of the connection ran without a connection")
        return self._camera

    @property
    def facts(self) -> CameraFacts:
        """What the camera said of itself when it was connected."""
        if self._facts is None:
            raise RuntimeError("no camera has been connected yet")
        return self._facts

    def start_simulator(self) -> tuple[str, int]:
        """Start the simulated camera and return its address; blocks for a moment.

        Raises:
            SimulatorError: it cannot start, or this driver was built without one.
        """
        if self._simulator_factory is None:
            raise SimulatorError("This driver was started without a simulated camera.")
        if self._simulator is None:
            self._simulator = self._simulator_factory()
        return self._simulator.host, self._simulator.port

    async def open_camera(self, host: str, port: int) -> CameraFacts:
        """Connect the client and let every subsystem read what its definitions need.

        Raises:
            CameraError: unreachable, or not a camera; call `close_camera` then.
        """
        await asyncio.to_thread(_import_heavy)
        from indi_stx.camera.capabilities import CameraFacts
        from indi_stx.stx import Camera

        self._camera = Camera(host, port, clock=self.clock)
        self._facts = await CameraFacts.read(self._camera)
        self.capabilities = frozenset(self._facts.capabilities)
        for subsystem in self.existing:
            await subsystem.on_connect()
        return self._facts

    async def close_camera(self) -> None:
        """Let go of the camera, and stop the simulated one."""
        camera, self._camera = self._camera, None
        if camera is not None:
            await camera.aclose()
        simulator, self._simulator = self._simulator, None
        if simulator is not None:
            await asyncio.to_thread(simulator.stop)

    async def close(self) -> None:
        """End everything; an exposure goes on in the camera, for whoever comes next."""
        await super().close()
        await self.close_camera()


class CameraSubsystem(Subsystem):
    """A subsystem of a camera."""

    device: StxDevice

    def __init__(self, device: StxDevice) -> None:
        super().__init__(device)


def _import_heavy() -> None:
    """Import what only a connected camera needs, off the event loop."""
    import indi_stx.images.coordinates
    import indi_stx.images.frame
    import indi_stx.images.header
    import indi_stx.stx.api
    import indi_stx.stx.transport  # noqa: F401
