"""One night for all tests here: simulated camera, indiserver, a KStars whose Ekos is connected.

The mount points to the east of the meridian, so that it will not flip during the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indi_stx.indi import State
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.end_to_end.ekos.desktop import Desktop, desktop
from tests.end_to_end.ekos.ekos import Ekos
from tests.end_to_end.ekos.kstars import KStars, kstars, make_database
from tests.end_to_end.ekos.settings import NO_WALLET, Profile, add_profile, configuration
from tests.harness.servers import DEVICE, DRIVER, IndiServer, indiserver
from tests.harness.wire_client import tcp_client

MOUNT = "Telescope Simulator"
FILTERS = ["Luminance", "Red", "Green", "Blue", "H-alpha", "O III", "S II", "Clear"]
DECLINATION = 30.0
GUIDE_EXPOSURE_S = 1.0
OPTIONS = SimulatorOptions(
    model="STT-8300",
    cooler_time_constant_s=20,
    drift_x_arcsec_per_min=6,
    drift_y_arcsec_per_min=-4,
    periodic_error_arcsec=3,
    periodic_error_period_s=120,
    seeing_motion_arcsec=0.1,
)


@dataclass(frozen=True)
class Night:
    """What the tests work with."""

    simulator: SimulatorThread
    server: IndiServer
    kstars: KStars
    ekos: Ekos
    profile: Profile

    @property
    def desktop(self) -> Desktop:
        """Where KStars is to be seen."""
        return self.kstars.desktop

    @property
    def images(self) -> Path:
        """Where Ekos saves frames."""
        return images_below(self.desktop.work)


def images_below(work: Path) -> Path:
    """Return the folder for frames."""
    return work / "images"


@pytest.fixture(autouse=True)
def _nothing_left_over() -> None:
    """Stand in for the look at every test's end: the night outlasts its tests."""


@contextlib.contextmanager
def _nothing_left_of_the_night() -> Iterator[None]:
    threads, children = set(threading.enumerate()), _children()
    yield
    assert set(threading.enumerate()) <= threads
    assert _children() <= children


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Start everything and connect, once for the tests of a module."""
    work = tmp_path_factory.mktemp("ekos")
    with _nothing_left_of_the_night(), contextlib.ExitStack() as stack:
        simulator = stack.enter_context(SimulatorThread(OPTIONS))
        simulator.call(_name_filters)
        drivers = (DRIVER, "indi_simulator_telescope")
        server = stack.enter_context(indiserver(work / "indi", drivers))
        asyncio.run(_tell_address(server, simulator))
        profile = Profile(
            "Night", server.port, DEVICE, MOUNT, OPTIONS.focal_length_mm, OPTIONS.aperture_mm
        )
        screen = stack.enter_context(desktop(work))
        _furnish(screen, profile)
        program = stack.enter_context(kstars(screen))
        ekos = Ekos(program)
        try:
            ekos.connect(profile.name)
            ekos.slew(_east_of_the_meridian(), DECLINATION)
        except AssertionError:
            print(evidence(program))
            raise
        yield Night(simulator, server, program, ekos, profile)


def _name_filters(camera: SimulatedCamera) -> None:
    camera.flash.filter_names[:] = FILTERS


def _east_of_the_meridian() -> float:
    """Return the right ascension, in hours, that culminates at longitude 0 in one hour."""
    days = (datetime.now(UTC) - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400
    return (18.697 + 24.06570982 * days + 1) % 24


async def _tell_address(server: IndiServer, simulator: SimulatorThread) -> None:
    """Enter the camera's address, as a user does once."""
    async with tcp_client(server.port) as client:
        await client.ask()
        await client.defined("DEVICE_ADDRESS")
        since = await client.texts(
            "DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port)
        )
        await client.update("DEVICE_ADDRESS", State.OK, since=since)


def _furnish(screen: Desktop, profile: Profile) -> None:
    images = images_below(screen.work)
    images.mkdir()
    settings = configuration(profile, images, GUIDE_EXPOSURE_S)
    (screen.home / ".config/kwalletrc").write_text(NO_WALLET)
    kstarsrc = screen.home / ".config/kstarsrc"
    kstarsrc.write_text(settings)
    database = make_database(screen)
    kstarsrc.write_text(settings)
    add_profile(database, profile)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what KStars shows when a test fails."""
    report = yield
    place = getattr(item, "funcargs", {}).get("night")
    if report.failed and isinstance(place, Night):
        report.sections.append(("Ekos", evidence(place.kstars)))
    return report


def evidence(program: KStars) -> str:
    """Save a screenshot, and return where it and the logs are, with the end of KStars' log."""
    with contextlib.suppress(Exception):
        program.desktop.show("Ekos")
        program.desktop.screenshot("failure")
    lines = [line for line in program.log().splitlines() if line.startswith("org.kde")]
    return "\n".join([f"Screenshot and logs are in {program.desktop.work}", *lines[-40:]])
