"""Which neighbours are listened to, and what is believed of what they say; without a wire."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from indi_stx.camera.devices import CameraDevice
from indi_stx.camera.exposing.surroundings import Aim
from indi_stx.images.header_facts import PierSide, Site
from indi_stx.indi import (
    AnyMessage,
    DelProperty,
    GetProperties,
    Kind,
    Message,
    OneNumber,
    OneSwitch,
    OneText,
    SetVector,
    State,
)
from tests.harness.fake_clock import FakeClock
from tests.harness.toy import ToyServer, running

SCOPE = "Telescope Simulator"


class Desk:
    """The camera's device, and other devices that talk to it."""

    def __init__(self, server: ToyServer, clock: FakeClock) -> None:
        device = server.runtime.devices[0]
        assert isinstance(device, CameraDevice)
        self.server = server
        self.clock = clock
        self.device = device
        self.around = device.active_devices

    async def numbers(self, device: str, name: str, **values: float) -> None:
        ones = tuple(OneNumber(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.NUMBER, device, name, State.OK, ones))

    async def switches(self, device: str, name: str, **values: bool) -> None:
        ones = tuple(OneSwitch(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.SWITCH, device, name, State.OK, ones))

    async def texts(self, device: str, name: str, **values: str) -> None:
        ones = tuple(OneText(k, v) for k, v in values.items())
        await self.server.hear(SetVector(Kind.TEXT, device, name, State.OK, ones))

    async def choose(self, **names: str) -> list[AnyMessage]:
        return await self.server.write("SBIG STX", Kind.TEXT, "ACTIVE_DEVICES", **names)


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    clock = FakeClock()
    async with running(lambda runtime: CameraDevice("SBIG STX", runtime), clock) as server:
        await server.hear(GetProperties())
        yield Desk(server, clock)


def asked(messages: list[AnyMessage]) -> set[tuple[str | None, str | None]]:
    return {(m.device, m.name) for m in messages if isinstance(m, GetProperties)}


async def test_neighbours_are_asked_at_the_start_but_not_ourselves() -> None:
    async with desk() as d:
        questions = asked(d.server.channel.said)
        assert (SCOPE, "EQUATORIAL_EOD_COORD") in questions
        assert ("SQM", "SKY_QUALITY") in questions
        assert not {device for device, _ in questions} & {"SBIG STX", ""}


async def test_what_is_named_is_asked_again() -> None:
    """Its driver, or a server chained behind ours, may have come after the first question."""
    async with desk() as d:
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        questions = asked(await d.choose(ACTIVE_TELESCOPE=SCOPE))
        assert {device for device, _ in questions} == {SCOPE}
        assert (SCOPE, "EQUATORIAL_EOD_COORD") in questions
        assert d.around.aim == Aim(5.5, -5, True), "what it has told is kept"
        questions = asked(await d.choose(ACTIVE_TELESCOPE="Mount", ACTIVE_FOCUSER=""))
        assert {device for device, _ in questions} == {"Mount"}
        assert ("Mount", "TELESCOPE_PIER_SIDE") in questions


async def test_a_change_forgets_the_old_device() -> None:
    async with desk() as d:
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        await d.switches(SCOPE, "TELESCOPE_PIER_SIDE", PIER_WEST=True, PIER_EAST=False)
        assert d.around.aim == Aim(5.5, -5, True, PierSide.WEST)
        await d.choose(ACTIVE_TELESCOPE="Mount")
        assert d.around.aim is None
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        assert d.around.aim is None, "the old one still talks"
        await d.numbers("Mount", "EQUATORIAL_EOD_COORD", RA=1, DEC=2)
        assert d.around.aim == Aim(1, 2, True)


async def test_a_telescope_that_was_never_heard_has_no_name() -> None:
    async with desk() as d:
        assert d.around.telescope is None
        await d.numbers(SCOPE, "TELESCOPE_INFO", TELESCOPE_FOCAL_LENGTH=900)
        assert d.around.telescope == SCOPE


async def test_a_device_that_disconnects_is_forgotten() -> None:
    """Not every driver deletes its properties then."""
    async with desk() as d:
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        await d.switches(SCOPE, "CONNECTION", CONNECT=True, DISCONNECT=False)
        assert d.around.aim is not None
        await d.switches(SCOPE, "CONNECTION", CONNECT=False, DISCONNECT=True)
        assert d.around.aim is None
        assert d.around.telescope is None


async def test_a_device_that_has_died_is_found_out() -> None:
    """A mount that tracks may have no news for hours; one that is dead does not answer."""
    async with desk() as d:
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        await d.clock.advance(3600)
        d.around.check_that_all_live()
        before = len(d.server.channel.said)
        d.around.check_that_all_live()
        assert not d.server.channel.said[before:], "asked once"
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        await d.clock.advance(30)
        d.around.check_that_all_live()
        assert d.around.aim is not None, "it has answered"
        await d.clock.advance(61)
        d.around.check_that_all_live()
        assert (SCOPE, "EQUATORIAL_EOD_COORD") in asked(d.server.channel.said[before:])
        await d.clock.advance(6)
        for _ in range(2):
            d.around.check_that_all_live()
        assert d.around.aim is None
        said = [m.text for m in d.server.channel.said if isinstance(m, Message)]
        assert len([t for t in said if "does not answer" in t]) == 1


async def test_j2000_is_preferred_while_the_mount_keeps_it_up() -> None:
    async with desk() as d:
        await d.numbers(SCOPE, "EQUATORIAL_COORD", RA=5, DEC=-5)
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=5.1, DEC=-5.1)
        assert d.around.aim == Aim(5, -5, False)
        await d.clock.advance(60)
        await d.numbers(SCOPE, "EQUATORIAL_EOD_COORD", RA=6.1, DEC=-5.1)
        assert d.around.aim == Aim(6.1, -5.1, True), "the J2000 ones were a target once"


async def test_a_withdrawn_property_is_forgotten_and_the_rest_kept() -> None:
    async with desk() as d:
        await d.numbers(SCOPE, "GEOGRAPHIC_COORD", LAT=51.5, LONG=359.5)
        await d.numbers(SCOPE, "TELESCOPE_INFO", TELESCOPE_FOCAL_LENGTH=900, TELESCOPE_APERTURE=0)
        assert d.around.site == Site(51.5, -0.5)
        await d.server.hear(DelProperty(SCOPE, "GEOGRAPHIC_COORD"))
        assert d.around.site is None
        assert d.around.focal_length_mm == 900
        assert d.around.aperture_mm is None, "zero means unknown"


@pytest.mark.parametrize("nonsense", ["nan", "1e999", "", "north"])
async def test_nonsense_is_unknown(nonsense: str) -> None:
    async with desk() as d:
        await d.server.hear(
            f"<setNumberVector device='{SCOPE}' name='EQUATORIAL_EOD_COORD' state='Ok'>"
            f"<oneNumber name='RA'>{nonsense}</oneNumber><oneNumber name='DEC'>1</oneNumber>"
            "</setNumberVector>".encode()
        )
        await d.texts("Focuser Simulator", "ABS_FOCUS_POSITION", FOCUS_ABSOLUTE_POSITION="far")
        assert d.around.aim is None
        assert d.around.focuser_position is None


async def test_another_wheel_names_the_filter() -> None:
    async with desk() as d:
        await d.choose(ACTIVE_FILTER="EFW")
        assert d.around.filter_name is None
        await d.texts("EFW", "FILTER_NAME", FILTER_SLOT_NAME_1="L", FILTER_SLOT_NAME_2="Ha")
        await d.numbers("EFW", "FILTER_SLOT", FILTER_SLOT_VALUE=2)
        assert d.around.filter_name == "Ha"
        for state in (State.BUSY, State.ALERT):
            slot = (OneNumber("FILTER_SLOT_VALUE", 2),)
            await d.server.hear(SetVector(Kind.NUMBER, "EFW", "FILTER_SLOT", state, slot))
            assert d.around.filter_name is None, "on its way, or nobody knows where"
        await d.numbers("EFW", "FILTER_SLOT", FILTER_SLOT_VALUE=3)
        assert d.around.filter_name is None
