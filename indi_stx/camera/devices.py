"""The INDI devices of one camera, put together."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from indi_stx import __version__
from indi_stx.camera.active_devices import ActiveDevices
from indi_stx.camera.connection import Connection
from indi_stx.camera.facts import Capability
from indi_stx.camera.features.adaptive_optics import AdaptiveOptics
from indi_stx.camera.features.camera_fits import CameraFitsSettings
from indi_stx.camera.features.cooler import Cooler
from indi_stx.camera.features.fan import Fan
from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.camera.features.filter_wheel import FilterWheel
from indi_stx.camera.features.fits_header import FitsHeader
from indi_stx.camera.features.guider import Guider
from indi_stx.camera.features.imager import Imager
from indi_stx.camera.features.pulse_guide import PulseGuide
from indi_stx.camera.features.upload import Upload
from indi_stx.camera.guide_head import ExternalGuideHead
from indi_stx.camera.stx_device import SimulatorFactory, StxDevice
from indi_stx.driver.device import Host
from indi_stx.driver.subsystem import Subsystem

DEFAULT_NAME = "SBIG STX"
DRIVER_VERSION = ".".join(__version__.split(".")[:2])
"""PHD2 reads this as a number and wants at least 2.1 of a driver that has adaptive optics."""


class Interface(enum.IntFlag):
    """What INDI clients look for in DRIVER_INFO."""

    CCD = 2
    GUIDER = 4
    FILTER = 16
    AO = 256


class CameraDevice(StxDevice):
    """The camera with its imaging CCD and what is attached to it.

    The order of the subsystems is the order of definition: clients need CONNECTION before
    DRIVER_INFO.
    """

    def __init__(self, name: str, host: Host, simulator: SimulatorFactory | None = None) -> None:
        super().__init__(name, host, simulator=simulator)
        self.connection = Connection(self)
        fan = Fan(self)
        self.cooler = Cooler(self, fan)
        self.imager = Imager(self)
        self.guider = Guider(self)
        self.active_devices = ActiveDevices(self)
        self.fits_header = FitsHeader(self)
        self.filter_wheel = FilterWheel(self)
        self.guide_head = ExternalGuideHead(self, host)
        self.subsystems = [
            self.connection,
            self.general,
            self.log,
            self.active_devices,
            self.imager,
            self.guider,
            PulseGuide(self),
            self.cooler,
            fan,
            self.fits_header,
            Upload(self, self.imager),
            FastExposure(self, self.imager),
            AdaptiveOptics(self),
            self.filter_wheel,
            CameraFitsSettings(self),
        ]
        _introduce(self, Interface.CCD | Interface.GUIDER | Interface.FILTER | Interface.AO)
        _introduce(self.guide_head, Interface.CCD)

    def bring_up(self) -> None:
        """Define the properties of the connection, and show the external guide head if any."""
        super().bring_up()
        if Capability.EXTERNAL_GUIDER in self.capabilities:
            self.schedule.spawn(self.guide_head.appear(), f"{self.guide_head.name} appears")

    async def take_down(self, *, keep: Sequence[Subsystem] = ()) -> None:
        """End the connection; the external guide head goes with it."""
        await self.guide_head.disappear()
        await super().take_down(keep=keep)


def _introduce(device: StxDevice, interface: Interface) -> None:
    """Fill in DRIVER_INFO: clients decide by its first definition what the device is."""
    device.general.driver_info.assign(
        {
            "DRIVER_NAME": device.name,
            "DRIVER_EXEC": device.executable,
            "DRIVER_VERSION": DRIVER_VERSION,
            "DRIVER_INTERFACE": str(interface.value),
        }
    )
