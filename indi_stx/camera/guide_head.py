"""The external (remote) guide head: a second INDI device of the same process.

It appears when a camera that has one is connected and disappears with the connection. Its name
does not contain "Guider", because KStars looks for a guide chip in a device with such a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.camera.facts import Capability
from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.camera.features.guide_temperature import HeadTemperature
from indi_stx.camera.features.imager import Imager
from indi_stx.camera.features.upload import UnsavedFrames, Upload
from indi_stx.camera.lasting import Lasting
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.telemetry import SELDOM, Telemetry
from indi_stx.driver.config import ConfigFile
from indi_stx.driver.declarations import Sw, Switches, switch
from indi_stx.driver.device import Device, Host
from indi_stx.driver.subsystem import Owner, Subsystem
from indi_stx.driver.tabs import MAIN
from indi_stx.errors import ConnectionClosed, ValueRefused
from indi_stx.indi import DelProperty, State

NAME_SUFFIX = " Remote Guide Head"
FEATURES: tuple[type[Feature], ...] = (Imager, HeadTemperature, Upload, FastExposure)
LASTING = (UnsavedFrames,)


class Attachable(Owner, Protocol):
    """A device that depends on the connection of another one."""

    @property
    def connected(self) -> bool:
        """Whether its properties are shown."""

    async def attach(self) -> None:
        """Begin to show its properties."""

    async def detach(self) -> None:
        """Stop showing its properties."""


class HeadConnection(Subsystem):
    """CONNECTION of a device that depends on the connection of another one."""

    device: Attachable

    connection = switch(
        "CONNECTION",
        "Connection",
        MAIN,
        {"CONNECT": Sw("Connect"), "DISCONNECT": Sw("Disconnect", True)},
    )

    def __init__(self, device: Attachable) -> None:
        super().__init__(device)

    @connection.on_write
    async def _connection_requested(self, new: Switches) -> None:
        """Show or hide the head's properties; the camera stays connected."""
        if new["CONNECT"] == self.device.connected:
            self.connection.publish(state=State.OK if new["CONNECT"] else State.IDLE)
        elif new["DISCONNECT"]:
            await self.device.detach()
        else:
            await self.device.attach()


class GuideHead(Device):
    """The second device.

    Args:
        camera_name: name of the device whose camera the head is plugged into.
        host: the process.
        config: of that device; the head's own file is in the same directory.
    """

    executable = "indi_stx_ccd"

    def __init__(self, camera_name: str, host: Host, config: ConfigFile) -> None:
        name = camera_name + NAME_SUFFIX
        super().__init__(name, host, config.beside(name))
        self.visible = False
        self.connection = HeadConnection(self)
        self.permanent = [self.connection, self.general, self.log]
        self._camera_name = camera_name
        self._lasting = Lasting(LASTING)
        self._camera_session: CameraSession | None = None
        self._surroundings: Callable[[], Surroundings] = Surroundings

    async def appear(
        self, camera_session: CameraSession, surroundings: Callable[[], Surroundings]
    ) -> None:
        """Become known to clients, connected, for as long as the camera's session lasts."""
        self._camera_session = camera_session
        self._surroundings = surroundings
        self.visible = True
        self.answer(None)
        await self.attach()

    async def disappear(self) -> None:
        """Disconnect, and delete the device from the clients.

        One message deletes all: libindi's clients complain of every property that is deleted from
        a device on its way out.
        """
        self._camera_session = None
        if not self.visible:
            return
        if self.session is not None:
            self.session.deletes_properties = False
        await self.detach()
        self.visible = False
        for subsystem in self.permanent:
            for p in subsystem.properties.values():
                p.defined = False
        self.send(DelProperty(self.name))

    async def attach(self) -> None:
        """Begin to show the head's properties.

        Raises:
            ValueRefused: the camera is not connected.
        """
        of_camera = self._camera_session
        if of_camera is None or of_camera.closed:
            raise ValueRefused(f"Connect {self._camera_name} first: the head is part of it.")
        session = self._new_session(of_camera)
        await self.begin_session(session)
        if self._camera_session is not of_camera:
            await self.end_session()
            raise ConnectionClosed(f"{self._camera_name} was disconnected meanwhile.")
        self.connection.connection.select("CONNECT", State.OK)
        self.show_session()

    async def detach(self) -> None:
        """Stop showing the head's properties."""
        if self.session is not None:
            self.connection.connection.select("DISCONNECT", State.IDLE)
            await self.end_session()

    def _new_session(self, of_camera: CameraSession) -> CameraSession:
        facts = of_camera.facts.external_guider
        assert facts is not None, "the device appears only when the head is there"
        session = CameraSession(
            self,
            of_camera.camera,
            of_camera.facts,
            self._lasting,
            of_camera.address,
            of_camera.journal,
            of_camera.link,
        )
        ccd = Imager(
            session,
            of_camera.camera.external_guider,
            facts,
            journal=CcdJournal(session.journal, session.address, "external guider"),
            surroundings=self._surroundings,
            polling_s=lambda: self.general.polling_s,
        )
        ccd.delivery.store = upload = Upload(session, ccd.send_file)
        ccd.sequence = fast = FastExposure(session, ccd)
        temperature = HeadTemperature(session)
        telemetry = Telemetry(session, of_camera.camera.external_guider, [temperature], SELDOM)
        session.subsystems = [telemetry, ccd, temperature, upload, fast]
        return session


class GuideHeadOfCamera(Feature):
    """Ends the guide head's device with the camera's session; has no properties itself."""

    needs = Capability.EXTERNAL_GUIDER

    def __init__(self, session: CameraSession, head: GuideHead) -> None:
        super().__init__(session)
        self._head = head

    def restarted(self) -> None:
        """Tell the features of the head's device."""
        session = self._head.session
        for subsystem in session.subsystems if session else ():
            if isinstance(subsystem, Feature):
                subsystem.restarted()

    async def end(self) -> None:
        """Disconnect the guide head and delete it from the clients."""
        await self._head.disappear()
