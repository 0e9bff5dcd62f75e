"""Moves of the filter wheel when something gets in their way, on a clock that moves at our word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

from indi_stx.camera.features.filter_wheel import FilterWheel
from indi_stx.camera.repeating import PATIENCE_S
from indi_stx.driver.device import Host
from indi_stx.errors import CameraBusy, CameraUnreachable
from indi_stx.indi import Kind, Message, State
from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.filter_wheel import FilterWheel as SimulatedWheel
from indi_stx.stx.filters import SLOTS, FilterSettings, FilterState
from tests.harness.bench import Bench
from tests.harness.fake_clock import FakeClock
from tests.harness.toy import ToyServer, running

ANSWER_S = 0.05


class Camera:
    """The simulator's own wheel, behind a line that can be cut."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.wheel = SimulatedWheel(CameraTime(clock), 8)
        self.sent: list[int] = []
        self.hears: Callable[[str], bool] = lambda call: True
        self.is_heard: Callable[[str], bool] = lambda call: True

    async def _call(self, name: str) -> None:
        await self.clock.sleep(ANSWER_S)
        if not self.hears(name):
            raise CameraUnreachable("Lost on the way.", request=name)

    def _answer(self, name: str) -> None:
        if not self.is_heard(name):
            raise CameraUnreachable("Lost on the way back.", request=name)

    async def change_filter(self, position: int) -> None:
        await self._call("change")
        self.sent.append(position)
        code = self.wheel.move(position)
        self._answer("change")
        if code is not None:
            raise CameraBusy(request="change", code=int(code), text="Busy.", advice="")

    async def filter_state(self) -> FilterState:
        await self._call("state")
        return FilterState(self.wheel.state())

    async def get_filter_settings(self, slots: object = SLOTS) -> FilterSettings:
        await self._call("settings")
        return FilterSettings(self.wheel.position(), "Red", {})

    async def aclose(self) -> None:
        pass


class Place:
    """The bench, the wire and the time."""

    def __init__(self, server: ToyServer, clock: FakeClock) -> None:
        self.server = server
        self.clock = clock
        self.camera = cast(Camera, cast(Bench, server.runtime.devices[0]).camera)

    async def move(self, slot: int) -> None:
        await self.server.write("Bench", Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=slot)

    @property
    def told(self) -> list[tuple[State | None, object]]:
        return [(m.state, m.elements[0].value) for m in self.server.sets("FILTER_SLOT")]

    @property
    def said(self) -> list[str]:
        return [m.text for m in self.server.channel.said if isinstance(m, Message)]


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Place]:
    clock = FakeClock()

    def build(host: Host) -> Bench:
        return Bench(host, Camera(clock), lambda session: [FilterWheel(session)])

    async with running(build, clock) as server:
        device = cast(Bench, server.runtime.devices[0])
        connecting = asyncio.create_task(device.connect())
        await clock.advance(1)
        await connecting
        yield Place(server, clock)
        await device.end_session()


async def test_a_wheel_that_moves_already_is_waited_for_and_sent_on() -> None:
    async with bench() as place:
        place.camera.wheel.move(5)
        await place.move(2)
        await place.clock.advance(3)
        assert place.told == [(State.BUSY, 1)]
        await place.clock.advance(10)
        assert place.told == [(State.BUSY, 1), (State.OK, 2)]
        assert place.camera.wheel.position() == 2
        assert place.said == []


async def test_a_wheel_that_never_stops_is_an_alert() -> None:
    async with bench() as place:
        place.camera.wheel._depart(5, 1000.0)
        await place.move(2)
        await place.clock.advance(100)
        assert place.told == [(State.BUSY, 1), (State.ALERT, 1)]
        assert "has not arrived" in place.said[-1]


async def test_a_move_whose_answer_is_lost_is_not_made_twice() -> None:
    async with bench() as place:
        lost = [True]
        place.camera.is_heard = lambda call: not lost or not lost.pop()
        await place.move(4)
        await place.clock.advance(20)
        assert place.told == [(State.BUSY, 1), (State.OK, 4)]
        assert place.camera.sent == [4, 4], "the second one met a wheel that was moving"


async def test_a_move_that_is_lost_is_sent_again() -> None:
    async with bench() as place:
        lost = [True]
        place.camera.hears = lambda call: call != "change" or not lost or not lost.pop()
        await place.move(4)
        await place.clock.advance(20)
        assert place.told == [(State.BUSY, 1), (State.OK, 4)]


async def test_seconds_without_an_answer_are_no_failure() -> None:
    async with bench() as place:
        await place.move(4)
        await place.clock.advance(0.3)
        place.camera.hears = lambda call: False
        await place.clock.advance(PATIENCE_S - 1)
        place.camera.hears = lambda call: True
        await place.clock.advance(2)
        assert place.told == [(State.BUSY, 1), (State.OK, 4)]


async def test_silence_for_longer_is_one() -> None:
    async with bench() as place:
        await place.move(4)
        await place.clock.advance(0.3)
        place.camera.hears = lambda call: False
        await place.clock.advance(PATIENCE_S + 3)
        assert place.told == [(State.BUSY, 1), (State.ALERT, 1)]


async def test_a_camera_that_restarts_during_a_move_is_sent_on() -> None:
    async with bench() as place:
        await place.move(4)
        await place.clock.advance(1)
        place.camera.hears = lambda call: False
        await place.clock.advance(2)
        place.camera.wheel.home()
        place.camera.hears = lambda call: True
        await place.clock.advance(20)
        assert place.told == [(State.BUSY, 1), (State.OK, 4)]


async def test_another_place_without_a_reason_is_an_alert() -> None:
    async with bench() as place:
        await place.move(4)
        await place.clock.advance(0.2)
        place.camera.wheel._target = 3  # somebody else's move
        await place.clock.advance(20)
        assert (State.ALERT, 1) in place.told
        assert "stopped at 3, not at 4" in place.said[-1]
