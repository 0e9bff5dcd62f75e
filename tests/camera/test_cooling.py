"""Ramps, threshold and the latch-up warning, on a clock that moves at our word."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from indi_stx.camera.features.cooler import Cooler
from indi_stx.camera.features.cooler.ramp import LatchUpWatch, ramp_step
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.telemetry import Telemetry
from indi_stx.driver.device import Host
from indi_stx.errors import CameraTimeout
from indi_stx.indi import Kind, Message, State
from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.thermal import Cooler as ThermalCooler
from indi_stx.stx import CcdSettings, Priority
from tests.harness.bench import Bench
from tests.harness.fake_clock import FakeClock
from tests.harness.toy import ToyServer, running

AMBIENT_CELSIUS = 15.0


class Imager:
    """The two calls that the cooler needs, before the simulator's own physics."""

    def __init__(self, clock: FakeClock) -> None:
        self.cooler = ThermalCooler(
            CameraTime(clock),
            ambient_celsius=AMBIENT_CELSIUS,
            delta_celsius=50.0,
            time_constant_s=180.0,
        )
        self.asked: list[Priority] = []
        self.setpoints: list[float] = []
        self.silent = False

    async def get_settings(self, *names: str, priority: Priority) -> CcdSettings:
        self.asked.append(priority)
        values = {
            "cooler_on": self.cooler.on,
            "temperature_celsius": self.cooler.temperature_celsius(),
            "setpoint_celsius": self.cooler.setpoint_celsius,
            "cooler_power_percent": self.cooler.power_percent(),
            "ambient_celsius": AMBIENT_CELSIUS,
        }
        return CcdSettings({name: values[name] for name in names})

    async def set_settings(self, **changes: Any) -> None:
        if self.silent:
            raise CameraTimeout("No answer.", request="/set")
        if "setpoint_celsius" in changes:
            self.setpoints.append(changes["setpoint_celsius"])
            self.cooler.aim(changes["setpoint_celsius"])
        self.cooler.switch(changes["cooler_on"])


class Camera:
    """As much of a client as is connected here."""

    def __init__(self, imager: Imager) -> None:
        self.imager = imager

    async def aclose(self) -> None:
        pass


def features(session: CameraSession) -> list[Feature]:
    """Return the cooler alone, with what polls it."""
    cooler = Cooler(session)
    return [Telemetry(session, session.camera.imager, [cooler]), cooler]


def bench(host: Host) -> Bench:
    """Return a camera of which nothing but the cooler is there."""
    return Bench(host, Camera(Imager(cast(FakeClock, host.clock))), features)


class Lab:
    """The bench, the wire and the time."""

    def __init__(self, server: ToyServer, clock: FakeClock) -> None:
        self.server = server
        self.clock = clock
        self.device = cast(Bench, server.runtime.devices[0])
        self.imager = cast(Camera, self.device.camera).imager

    @property
    def cooler(self) -> Cooler:
        assert self.device.session is not None
        _, cooler = self.device.session.subsystems
        assert isinstance(cooler, Cooler)
        return cooler

    async def cool(self, celsius: float) -> None:
        await self.server.write(
            "Bench", Kind.NUMBER, "CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=celsius
        )

    async def slope(self, celsius: float, threshold: float = 0.2) -> None:
        await self.server.write(
            "Bench", Kind.NUMBER, "CCD_TEMP_RAMP", RAMP_SLOPE=celsius, RAMP_THRESHOLD=threshold
        )

    @property
    def state(self) -> State:
        return self.cooler.temperature.state

    def said(self) -> list[str]:
        return [m.text for m in self.server.channel.said if isinstance(m, Message)]


@contextlib.asynccontextmanager
async def lab() -> AsyncIterator[Lab]:
    clock = FakeClock()
    async with running(bench, clock) as server:
        place = Lab(server, clock)
        await place.device.connect()
        yield place
        await place.device.end_session()


async def test_without_a_slope_the_camera_gets_the_target_at_once() -> None:
    async with lab() as place:
        await place.cool(-10)
        assert place.imager.setpoints == [-10]
        assert place.state is State.BUSY
        await place.clock.advance(600)
        assert place.state is State.OK
        assert place.imager.setpoints == [-10]


async def test_a_ramp_moves_the_set_point_once_a_minute() -> None:
    async with lab() as place:
        await place.slope(5)
        await place.cool(-8)
        await place.clock.advance(59)
        assert place.imager.setpoints == [10]
        assert place.state is State.BUSY, "the set point on the way is not the target"
        await place.clock.advance(240)
        assert len(place.imager.setpoints) == 5
        assert place.imager.setpoints == pytest.approx([10, 5, 0, -5, -8], abs=0.1)
        await place.clock.advance(120)
        assert place.state is State.OK
        assert place.imager.setpoints[-1] == -8
        assert len(place.imager.setpoints) == 5


async def test_a_ramp_also_warms_slowly() -> None:
    async with lab() as place:
        await place.cool(-10)
        await place.clock.advance(600)
        await place.slope(4)
        await place.cool(0)
        await place.clock.advance(400)
        assert place.imager.setpoints == pytest.approx([-10, -6, -2, 0], abs=0.1)
        assert place.state is State.OK


async def test_a_new_target_and_a_new_slope_take_the_ramp_over() -> None:
    async with lab() as place:
        await place.slope(2)
        await place.cool(-20)
        await place.clock.advance(30)
        await place.cool(5)
        await place.clock.advance(61)
        await place.slope(0)
        await place.clock.advance(2)
        assert place.imager.setpoints == pytest.approx([13, 11, 9, 5], abs=0.1)


async def test_a_ramp_ends_with_the_cooler() -> None:
    async with lab() as place:
        await place.slope(2)
        await place.cool(-20)
        await place.server.write("Bench", Kind.SWITCH, "CCD_COOLER", COOLER_OFF="On")
        await place.clock.advance(200)
        assert place.imager.setpoints == [13]
        assert place.state is State.IDLE


async def test_somebody_elses_set_point_ends_a_ramp() -> None:
    async with lab() as place:
        await place.slope(2)
        await place.cool(-20)
        await place.clock.advance(10)
        place.imager.cooler.aim(5.0)
        await place.clock.advance(900)
        assert place.imager.setpoints == [13]
        assert place.state is State.OK, "at the temperature that the camera was given"


async def test_a_cooler_that_somebody_switches_off_is_told() -> None:
    async with lab() as place:
        await place.slope(2)
        await place.cool(-20)
        place.imager.cooler.switch(False)
        await place.clock.advance(200)
        assert place.state is State.ALERT
        assert len([t for t in place.said() if "went off" in t]) == 1
        assert place.imager.setpoints == [13]


async def test_a_step_that_fails_is_tried_again() -> None:
    async with lab() as place:
        await place.slope(5)
        await place.cool(5)
        place.imager.silent = True
        await place.clock.advance(62)
        assert any("ramp waits" in text for text in place.said())
        place.imager.silent = False
        await place.clock.advance(2)
        assert place.imager.setpoints == pytest.approx([10, 5], abs=0.1)


async def test_the_threshold_decides_what_is_reached() -> None:
    async with lab() as place:
        await place.slope(0, threshold=2)
        await place.cool(-10)
        while place.state is State.BUSY:
            await place.clock.advance(1)
        assert -9 < place.cooler.ccd_celsius <= -8


async def test_warming_ends_where_the_surroundings_end_it() -> None:
    async with lab() as place:
        await place.cool(0)
        await place.clock.advance(300)
        await place.cool(30)
        await place.clock.advance(200)
        assert place.state is State.BUSY
        await place.clock.advance(1800)
        assert place.state is State.OK
        assert any("as warm as" in text for text in place.said())


async def test_one_request_a_poll_of_the_class_of_telemetry() -> None:
    async with lab() as place:
        before = len(place.imager.asked)
        await place.clock.advance(10)
        assert 10 <= len(place.imager.asked) - before <= 11
        assert set(place.imager.asked) == {Priority.TELEMETRY}


async def test_a_latched_up_cooler_is_told_once() -> None:
    async with lab() as place:
        await place.cool(-10)
        await place.clock.advance(600)
        place.imager.cooler.latch_up(True)
        await place.clock.advance(1200)
        assert len([t for t in place.said() if "latched up" in t]) == 1
        assert place.state is State.OK, "nobody waits for it any more"
        place.imager.cooler.latch_up(False)
        await place.clock.advance(1200)
        place.imager.cooler.latch_up(True)
        await place.clock.advance(1200)
        assert len([t for t in place.said() if "latched up" in t]) == 2


async def test_a_temperature_that_is_not_reached_is_not_waited_for_until_it_can_be() -> None:
    async with lab() as place:
        place.imager.cooler.latch_up(True)
        await place.cool(-10)
        await place.clock.advance(60)
        assert place.state is State.BUSY
        await place.clock.advance(300)
        assert place.state is State.ALERT, "not Busy for hours"
        await place.clock.advance(3600)
        assert place.state is State.ALERT
        place.imager.cooler.latch_up(False)
        await place.clock.advance(10)
        assert place.state is State.BUSY
        await place.clock.advance(1200)
        assert place.state is State.OK


async def test_off_is_idle_also_when_the_temperature_was_reached() -> None:
    async with lab() as place:
        await place.cool(-10)
        await place.clock.advance(1200)
        assert place.state is State.OK
        await place.server.write("Bench", Kind.SWITCH, "CCD_COOLER", COOLER_OFF="On")
        assert place.state is State.IDLE


async def test_full_power_on_the_way_down_is_no_failure() -> None:
    async with lab() as place:
        await place.cool(-30)
        await place.clock.advance(1200)
        assert place.state is State.OK
        assert not [t for t in place.said() if "latched up" in t]


def test_a_set_point_out_of_reach_is_told_too() -> None:
    watch = LatchUpWatch()
    told = [watch.look(s, -35.0, -50.0, 100.0) for s in range(0, 400, 10)]
    assert told.count(True) == 1
    assert told.index(True) == 18


@pytest.mark.parametrize(
    ("now", "target", "slope", "step"),
    [(15, -10, 0, -10), (15, -10, 5, 10), (-8, -10, 5, -10), (-10, 5, 3, -7), (5, 5, 3, 5)],
)
def test_ramp_steps(now: float, target: float, slope: float, step: float) -> None:
    assert ramp_step(now, target, slope) == step
