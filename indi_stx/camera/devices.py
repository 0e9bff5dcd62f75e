"""The INDI devices of one camera, put together."""

from __future__ import annotations

from indi_stx.camera.connection import Connection
from indi_stx.camera.cooler import Cooler
from indi_stx.camera.imager import Imager
from indi_stx.camera.stx_device import SimulatorFactory, StxDevice
from indi_stx.driver.device import Host

DEFAULT_NAME = "SBIG STX"
DRIVER_VERSION = "0.1"
INTERFACE_CCD = 2


class CameraDevice(StxDevice):
    """The camera with its imaging CCD and what is attached to it.

    The order of the subsystems is the order of definition: clients need CONNECTION before
    DRIVER_INFO.
    """

    def __init__(self, name: str, host: Host, simulator: SimulatorFactory | None = None) -> None:
        super().__init__(name, host, simulator)
        self.connection = Connection(self)
        self.cooler = Cooler(self)
        self.imager = Imager(self)
        self.subsystems = [
            self.connection,
            self.general,
            self.log,
            self.imager,
            self.cooler,
        ]
        self.general.driver_info.assign(
            {
                "DRIVER_NAME": name,
                "DRIVER_EXEC": self.executable,
                "DRIVER_VERSION": DRIVER_VERSION,
                "DRIVER_INTERFACE": str(INTERFACE_CCD),
            }
        )
