"""The INDI devices of one camera, put together: this list of features is what a camera can do."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from typing import TYPE_CHECKING

from indi_stx import __version__
from indi_stx.camera.active_devices import ActiveDevices
from indi_stx.camera.connection import Connection
from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.facts import CameraFacts, Capability
from indi_stx.camera.features.adaptive_optics import AdaptiveOptics, MirrorPosition
from indi_stx.camera.features.camera_fits import CameraFitsSettings
from indi_stx.camera.features.camera_info import CameraInfo
from indi_stx.camera.features.cooler import Cooler, Destination
from indi_stx.camera.features.fan import Fan
from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.camera.features.filter_wheel import FilterWheel
from indi_stx.camera.features.fits_header import FitsHeader, UserCards
from indi_stx.camera.features.guide_temperature import GuiderTemperature
from indi_stx.camera.features.guider import Guider
from indi_stx.camera.features.imager import Imager
from indi_stx.camera.features.link_health import LinkHealth
from indi_stx.camera.features.overscan import Overscan
from indi_stx.camera.features.pulse_guide import PulseGuide
from indi_stx.camera.features.restart import Restart
from indi_stx.camera.features.upload import UnsavedFrames, Upload
from indi_stx.camera.guide_head import GuideHead, GuideHeadOfCamera
from indi_stx.camera.lasting import Lasting
from indi_stx.camera.link_watch import LinkWatch
from indi_stx.camera.session import CameraSession, Feature, open_client
from indi_stx.camera.simulation import RunningSimulator, SimulatorFactory
from indi_stx.camera.surroundings import HeaderSources
from indi_stx.camera.telemetry import SELDOM, Telemetry
from indi_stx.driver.device import Device, Host
from indi_stx.errors import SimulatorError

if TYPE_CHECKING:
    from indi_stx.stx import Camera

DEFAULT_NAME = "SBIG STX"
DRIVER_VERSION = ".".join(__version__.split(".")[:2])
"""PHD2 reads this as a number; from a driver with adaptive optics it wants at least 2.1."""
FEATURES: tuple[type[Feature], ...] = (
    CameraInfo,
    Imager,
    Overscan,
    Guider,
    GuiderTemperature,
    PulseGuide,
    Cooler,
    Fan,
    FitsHeader,
    Upload,
    FastExposure,
    AdaptiveOptics,
    FilterWheel,
    CameraFitsSettings,
    Restart,
    LinkHealth,
)
"""In the order in which their properties are defined."""
LASTING = (UserCards, Destination, MirrorPosition, UnsavedFrames)
"""What outlives a connection, in addition to properties declared as `lasting`."""


class Interface(enum.IntFlag):
    """What INDI clients look for in DRIVER_INFO."""

    CCD = 2
    GUIDER = 4
    FILTER = 16
    AO = 256


class CameraDevice(Device):
    """The camera with its imaging CCD and what is attached to it.

    The order of the subsystems is the order of definition: clients need CONNECTION before
    DRIVER_INFO.
    """

    executable = "indi_stx_ccd"

    def __init__(self, name: str, host: Host, simulator: SimulatorFactory | None = None) -> None:
        super().__init__(name, host)
        self.connection = Connection(self)
        self.active_devices = ActiveDevices(self)
        self.permanent = [self.connection, self.general, self.log, self.active_devices]
        self.guide_head = GuideHead(name, host, self.config)
        self.lasting = Lasting(LASTING)
        self.journal = Journal(
            self.config.place_beside(name, "_exposures.json"), self.clock, self.log
        )
        self._header_sources: HeaderSources | None = None
        self._simulator_factory = simulator
        self._simulator: RunningSimulator | None = None
        _introduce(self, Interface.CCD | Interface.GUIDER | Interface.FILTER | Interface.AO)
        _introduce(self.guide_head, Interface.CCD)

    # --- the connection --------------------------------------------------------------------------

    async def open_session(self, host: str, port: int) -> CameraFacts:
        """Connect to a camera and read what its definitions need; nothing is defined yet.

        Raises:
            CameraError: unreachable, or not a camera.
        """
        async with contextlib.AsyncExitStack() as resources:
            resources.push_async_callback(self._stop_simulator)
            link = LinkWatch(self.clock, self.log)
            camera, facts = await open_client(self, host, port, link, resources)
            # The simulated camera ends with this process, and its exposures with it.
            simulated = self.connection.simulation["ENABLE"]
            journal = Journal(None, self.clock, self.log) if simulated else self.journal
            await journal.open()
            session = self._new_session(camera, facts, f"{host}:{port}", journal, link)
            session.resources.push_async_exit(resources.pop_all())
        await self.begin_session(session)
        return facts

    def show_session(self) -> None:
        """Define the properties of the session, and show the external guide head if any."""
        super().show_session()
        session, sources = self.session, self._header_sources
        if isinstance(session, CameraSession) and sources and session.facts.external_guider:
            work = self.guide_head.appear(session, sources.of_guide_head)
            session.tasks.spawn(work, f"{self.guide_head.name} appears")

    async def close(self) -> None:
        """End everything; an exposure that is running goes on in the camera."""
        await self.connection.cancel()
        await super().close()
        await self.journal.close()
        await self._stop_simulator()

    def _new_session(
        self,
        camera: Camera,
        facts: CameraFacts,
        address: str,
        journal: Journal,
        link: LinkWatch,
    ) -> CameraSession:
        session = CameraSession(self, camera, facts, self.lasting, address, journal, link)
        there = facts.capabilities
        cooler = wheel = None
        if Capability.COOLER in there:
            cooler = Cooler(session, comes_back=lambda: self.connection.connects_by_itself)
        if Capability.FILTER_WHEEL in there:
            wheel = FilterWheel(session)
        cards = FitsHeader(session)
        guide_temperature = GuiderTemperature(session) if facts.guider is not None else None
        sources = HeaderSources(self.active_devices, cards, wheel, cooler, guide_temperature)
        self._header_sources = sources
        imager = Imager(
            session,
            camera.imager,
            facts.imager,
            journal=CcdJournal(journal, address, "imager"),
            surroundings=sources.of_imager,
            polling_s=lambda: self.general.polling_s,
        )
        if Capability.OVERSCAN in there:
            sources.overscan = overscan = Overscan(session, imager)
        else:
            overscan = None
        if wheel is not None:
            imager.beam = wheel
            wheel.shutter_is_open = lambda: imager.shutter_is_open
        restart = Restart(session, facts.imager)
        imager.delivery.store = upload = Upload(session, imager.send_file)
        imager.sequence = fast = FastExposure(session, imager)
        found: list[Feature] = [
            CameraInfo(session),
            imager,
            cards,
            upload,
            fast,
            CameraFitsSettings(session),
            *(f for f in (cooler, wheel, overscan, guide_temperature) if f is not None),
            *(kind(session) for kind in (PulseGuide, AdaptiveOptics, Fan) if kind.needs in there),
            restart,
            LinkHealth(session, lambda answers: self.connection.show_link(answers=answers)),
        ]
        if facts.guider is not None:
            found.append(
                Guider(
                    session,
                    camera.guider,
                    facts.guider,
                    journal=CcdJournal(journal, address, "guider"),
                    surroundings=sources.of_guider,
                    polling_s=lambda: self.general.polling_s,
                )
            )
        found.sort(key=lambda feature: FEATURES.index(type(feature)))
        of_imager = [f for f in found if isinstance(f, Imager | Cooler | Fan | Overscan | Restart)]
        session.subsystems = [
            GuideHeadOfCamera(session, self.guide_head),
            Telemetry(session, camera.imager, of_imager, restarted=restart.noticed),
            *found,
        ]
        if guide_temperature is not None:
            telemetry = Telemetry(session, camera.guider, [guide_temperature], SELDOM)
            session.subsystems.append(telemetry)
        return session

    # --- simulation ------------------------------------------------------------------------------

    async def start_simulator(self) -> tuple[str, int]:
        """Start the simulated camera and return its address.

        Raises:
            SimulatorError: it cannot start, or this driver was built without one.
        """
        await asyncio.to_thread(self._start_simulator)
        assert self._simulator is not None
        return self._simulator.host, self._simulator.port

    def _start_simulator(self) -> None:
        if self._simulator_factory is None:
            raise SimulatorError("This driver was started without a simulated camera.")
        if self._simulator is None:
            self._simulator = self._simulator_factory()

    async def _stop_simulator(self) -> None:
        simulator, self._simulator = self._simulator, None
        if simulator is not None:
            await asyncio.to_thread(simulator.stop)


def _introduce(device: Device, interface: Interface) -> None:
    """Fill in DRIVER_INFO: its first definition tells clients what kind of device this is."""
    device.general.driver_info.assign(
        {
            "DRIVER_NAME": device.name,
            "DRIVER_EXEC": device.executable,
            "DRIVER_VERSION": DRIVER_VERSION,
            "DRIVER_INTERFACE": str(interface.value),
        }
    )
