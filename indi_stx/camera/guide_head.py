"""The external (remote) guide head: a second INDI device of the same process.

It appears when a camera that has one is connected and disappears with the connection. Its name
has no "Guider" in it: KStars would look for a guide chip in the device of such a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.camera.features.imager import Imager
from indi_stx.camera.features.upload import Upload
from indi_stx.camera.stx_device import StxDevice
from indi_stx.driver.config import ConfigFile
from indi_stx.driver.declarations import Sw, Switches, When, switch
from indi_stx.driver.groups import MAIN
from indi_stx.driver.subsystem import Subsystem
from indi_stx.errors import ValueRefused
from indi_stx.indi import DelProperty, State

if TYPE_CHECKING:
    from indi_stx.camera.facts import CameraFacts, CcdFacts
    from indi_stx.driver.device import Host
    from indi_stx.stx import Camera, Ccd

NAME_SUFFIX = " Remote Guide Head"


class HeadConnection(Subsystem):
    """CONNECTION of a device that lives by the connection of another one."""

    device: ExternalGuideHead

    connection = switch(
        "CONNECTION",
        "Connection",
        MAIN,
        {"CONNECT": Sw("Connect"), "DISCONNECT": Sw("Disconnect", True)},
        when=When.ALWAYS,
    )

    @connection.on_write
    async def _connection_requested(self, new: Switches) -> None:
        """Show or hide the head's properties; the camera stays connected."""
        if new["CONNECT"] == self.device.connected:
            self.connection.publish(state=State.OK if new["CONNECT"] else State.IDLE)
        elif new["DISCONNECT"]:
            await self.device.detach(keep=[self])
        elif not self.device.main.connected:
            raise ValueRefused(f"Connect {self.device.main.name} first; this head follows it.")
        else:
            await self.device.attach()


class ExternalCcd(Imager):
    """CCD1 of the external guide head."""

    @property
    def ccd(self) -> Ccd:
        """The external guide CCD's calls."""
        return self.device.camera.external_guider

    @property
    def sensor_facts(self) -> CcdFacts:
        """What the camera said of it when connecting."""
        facts = self.device.facts.external_guider
        assert facts is not None, "the device is attached only when the head is there"
        return facts


class ExternalGuideHead(StxDevice):
    """The second device; `main` is the camera it hangs on."""

    def __init__(self, main: StxDevice, host: Host) -> None:
        name = main.name + NAME_SUFFIX
        super().__init__(name, host, config=_config_beside(main.config, name))
        self.main = main
        self.visible = False
        self.connection = HeadConnection(self)
        self.ccd = ExternalCcd(self)
        self.subsystems = [
            self.connection,
            self.general,
            self.log,
            self.ccd,
            Upload(self, self.ccd),
            FastExposure(self, self.ccd),
        ]

    @property
    def camera_device(self) -> StxDevice:
        """The camera it hangs on."""
        return self.main

    @property
    def camera(self) -> Camera:
        """The HTTP client of the camera it hangs on."""
        return self.main.camera

    @property
    def facts(self) -> CameraFacts:
        """What the camera says of itself."""
        return self.main.facts

    async def appear(self) -> None:
        """Become known to clients, connected."""
        self.visible = True
        self.answer(None)
        await self.attach()

    async def disappear(self) -> None:
        """Let go, and become unknown to clients again."""
        if not self.visible:
            return
        await self.detach()
        self.visible = False
        for subsystem in self.subsystems:
            for p in subsystem.properties.values():
                p.defined = False
        self.send(DelProperty(self.name))

    async def attach(self) -> None:
        """Begin to show the head's properties."""
        for subsystem in self.existing:
            await subsystem.on_connect()
        self.connection.connection.select("CONNECT", State.OK)
        self.bring_up()

    async def detach(self, keep: list[Subsystem] | None = None) -> None:
        """Stop showing the head's properties."""
        if self.connected:
            self.connection.connection.select("DISCONNECT", State.IDLE)
            await self.take_down(keep=keep or [])


def _config_beside(main: ConfigFile, name: str) -> ConfigFile:
    """Keep the head's configuration beside the camera's, wherever that is."""
    return ConfigFile(main.path.with_name(f"{name}_config.xml"), name)
