"""When pulses leave, end and are confirmed, on a clock that moves at our word."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from indi_stx.camera.features import pulse_guide
from indi_stx.camera.features.pulse_guide import PulseGuide, pulse_s, relay_for
from indi_stx.camera.features.pulse_guide.relays import Axis, Relay
from indi_stx.driver.device import Host
from indi_stx.errors import CameraRefused, CameraUnreachable
from indi_stx.indi import Kind, Message, SetVector, State
from indi_stx.stx import CommandTiming, RelayDirection, RelayPulse, RelayTimes
from indi_stx.stx.timing import Stamp
from tests.harness.bench import Bench
from tests.harness.fake_clock import FakeClock
from tests.harness.toy import ToyServer, running

NS, WE = "TELESCOPE_TIMED_GUIDE_NS", "TELESCOPE_TIMED_GUIDE_WE"
PLUS, MINUS = RelayDirection.PLUS, RelayDirection.MINUS
LATENCY_S = 0.04
LOST = CameraUnreachable("Lost.", request="/x")
NO_MAPPING = {"SWAP_AXES": False, "REVERSE_NS": False, "REVERSE_WE": False}


class Camera:
    """Relays that close when a request arrives, half way between its beginning and its answer."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.requests: list[dict[str, RelayPulse]] = []
        self.opens_at: dict[tuple[str, RelayDirection], float] = {}
        self.refusing = False
        self.stuck_s = 0.0
        self.loses: list[str] = []
        """What gets lost of each pulse that comes next: "request" or "answer"."""
        self.is_gone = False

    async def pulse_guide(self, **pulses: RelayPulse) -> CommandTiming:
        sent = Stamp.now(self.clock)
        await self.clock.sleep(LATENCY_S / 2)
        loss = self.loses.pop(0) if self.loses else ""
        if loss == "request":
            raise LOST
        self.requests.append(pulses)
        if self.refusing:
            raise CameraRefused(request="/x", code=0x80001009, text="Bad parameter.", advice="")
        for axis, pulse in pulses.items():
            self.opens_at[axis, pulse.direction] = self.clock.monotonic() + pulse.duration_s
        if loss:
            raise LOST
        await self.clock.sleep(LATENCY_S / 2)
        return CommandTiming.between(sent, Stamp.now(self.clock))

    async def pulse_time_remaining(self) -> RelayTimes:
        await self.clock.sleep(LATENCY_S)
        if self.is_gone:
            raise LOST
        return RelayTimes(*(self.left_s(a, d) for a in "xy" for d in (PLUS, MINUS)))

    def left_s(self, axis: str, direction: RelayDirection) -> float:
        opens_at = self.opens_at.get((axis, direction), 0.0)
        return max(0.0, opens_at - self.clock.monotonic(), self.stuck_s)

    async def aclose(self) -> None:
        pass


def bench(host: Host) -> Bench:
    """Return a camera of which nothing but the guide port is there."""
    return Bench(host, Camera(cast(FakeClock, host.clock)), lambda session: [PulseGuide(session)])


class Mount:
    """The bench, the wire and the time."""

    def __init__(self, server: ToyServer, clock: FakeClock) -> None:
        self.server = server
        self.clock = clock
        self.camera = cast(Camera, cast(Bench, server.runtime.devices[0]).camera)

    async def pulse(self, name: str, **values: float) -> None:
        await self.server.write("Bench", Kind.NUMBER, name, **values)

    def said(self) -> list[str]:
        return [m.text for m in self.server.channel.said if isinstance(m, Message)]

    def states(self, name: str) -> list[State | None]:
        return [m.state for m in self.server.sets(name)]

    def last(self, name: str) -> SetVector:
        return self.server.sets(name)[-1]


@contextlib.asynccontextmanager
async def mount() -> AsyncIterator[Mount]:
    clock = FakeClock()
    async with running(bench, clock) as server:
        device = cast(Bench, server.runtime.devices[0])
        await device.connect()
        yield Mount(server, clock)
        await device.end_session()


async def test_both_directions_written_together_leave_together() -> None:
    async with mount() as m:
        m.server.channel.hear(
            b"<newNumberVector device='Bench' name='TELESCOPE_TIMED_GUIDE_NS'>"
            b"<oneNumber name='TIMED_GUIDE_N'>500</oneNumber></newNumberVector>"
            b"<newNumberVector device='Bench' name='TELESCOPE_TIMED_GUIDE_WE'>"
            b"<oneNumber name='TIMED_GUIDE_W'>200</oneNumber></newNumberVector>"
        )
        await m.clock.advance(0.01)
        await m.clock.advance(0.05)
        assert m.camera.requests == [{"y": RelayPulse(MINUS, 0.5), "x": RelayPulse(MINUS, 0.2)}]
        await m.clock.advance(0.3)
        assert (m.states(NS), m.states(WE)) == ([State.BUSY], [State.BUSY, State.IDLE])


async def test_busy_until_the_relay_is_open_and_no_poll_longer() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_S=800)
        await m.clock.advance(0.8)
        assert m.camera.left_s("y", PLUS) > 0
        assert m.states(NS) == [State.BUSY]
        await m.clock.advance(0.2)
        assert m.states(NS) == [State.BUSY, State.IDLE]


async def test_a_relay_that_opens_late_is_waited_for() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_S=500)
        m.camera.stuck_s = 0.1
        await m.clock.advance(0.7)
        assert m.states(NS) == [State.BUSY]
        m.camera.stuck_s = 0.0
        await m.clock.advance(0.3)
        assert m.states(NS) == [State.BUSY, State.IDLE]


async def test_a_relay_that_never_opens_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_guide, "CONFIRM_LIMIT_S", 0.0)
    async with mount() as m:
        m.camera.stuck_s = 100.0
        await m.pulse(NS, TIMED_GUIDE_S=100)
        await m.clock.advance(1)
        assert m.states(NS) == [State.BUSY, State.IDLE]
        said = [s.text for s in m.server.channel.said if isinstance(s, Message)]
        assert any("did not confirm" in text for text in said)


async def test_a_refused_pulse_is_an_alert_and_the_next_one_works() -> None:
    async with mount() as m:
        m.camera.refusing = True
        await m.pulse(NS, TIMED_GUIDE_N=100)
        await m.clock.advance(0.1)
        assert m.states(NS) == [State.BUSY, State.ALERT]
        m.camera.refusing = False
        await m.pulse(NS, TIMED_GUIDE_N=100)
        await m.clock.advance(0.3)
        assert m.states(NS)[2:] == [State.BUSY, State.IDLE]


async def test_what_a_write_leaves_out_is_not_the_pulse_before() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_N=100)
        await m.clock.advance(0.3)
        await m.pulse(NS, TIMED_GUIDE_S=50)
        await m.clock.advance(0.3)
        assert [e.value for e in m.last(NS).elements] == [0, 50]
        assert m.camera.requests[-1] == {"y": RelayPulse(PLUS, 0.05)}


async def test_a_reversal_does_not_delay_the_other_axis() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_N=5000)
        await m.clock.advance(0.01)
        await m.pulse(NS, TIMED_GUIDE_S=300)
        await m.pulse(WE, TIMED_GUIDE_E=100)
        await m.clock.advance(1)
        assert m.camera.requests == [
            {"y": RelayPulse(MINUS, 5.0)},
            {"y": RelayPulse(MINUS, 0.01), "x": RelayPulse(PLUS, 0.1)},
            {"y": RelayPulse(PLUS, 0.3)},
        ]
        assert (m.states(NS)[-1], m.states(WE)[-1]) == (State.IDLE, State.IDLE)


@pytest.mark.parametrize(
    ("asked_ms", "sent_s"), [(0.1, 0.01), (9, 0.01), (14, 0.01), (16, 0.02), (655_350, 655.35)]
)
def test_pulses_are_hundredths_of_a_second(asked_ms: float, sent_s: float) -> None:
    assert pulse_s(asked_ms) == sent_s


def test_mapping() -> None:
    swapped = {**NO_MAPPING, "SWAP_AXES": True, "REVERSE_WE": True}
    assert relay_for("TIMED_GUIDE_N", NO_MAPPING) == Relay(Axis.Y, MINUS)
    assert relay_for("TIMED_GUIDE_E", NO_MAPPING) == Relay(Axis.X, PLUS)
    assert relay_for("TIMED_GUIDE_N", swapped) == Relay(Axis.X, MINUS)
    assert relay_for("TIMED_GUIDE_E", swapped) == Relay(Axis.Y, MINUS)


# --- answers that get lost ------------------------------------------------------------------------


async def test_a_pulse_whose_answer_is_lost_is_found_under_way() -> None:
    async with mount() as m:
        m.camera.loses = ["answer"]
        await m.pulse(NS, TIMED_GUIDE_N=800)
        await m.clock.advance(0.7)
        assert m.states(NS) == [State.BUSY]
        await m.clock.advance(0.3)
        assert m.states(NS) == [State.BUSY, State.IDLE]
        assert m.camera.requests == [{"y": RelayPulse(MINUS, 0.8)}], "never sent twice"


async def test_a_pulse_that_never_began_is_an_alert_and_the_next_one_works() -> None:
    async with mount() as m:
        m.camera.loses = ["request"]
        await m.pulse(NS, TIMED_GUIDE_N=800)
        await m.clock.advance(0.5)
        assert m.states(NS) == [State.BUSY, State.ALERT]
        assert m.said()[-1] == "[ERROR] The guide pulse failed. Lost."
        await m.pulse(NS, TIMED_GUIDE_S=300)
        await m.clock.advance(0.5)
        assert m.states(NS)[-1] is State.IDLE
        assert m.camera.requests == [{"y": RelayPulse(PLUS, 0.3)}], "north never closed"


@pytest.mark.parametrize("loss", ["answer", "request"])
async def test_a_pulse_that_may_be_over_is_an_alert_that_says_so(loss: str) -> None:
    async with mount() as m:
        m.camera.loses = [loss]
        await m.pulse(NS, TIMED_GUIDE_N=20)
        await m.clock.advance(0.5)
        assert m.states(NS) == [State.BUSY, State.ALERT]
        assert "not known whether the mount has moved" in m.said()[-1]
        assert len(m.camera.requests) == (1 if loss == "answer" else 0)


async def test_a_lost_pulse_is_not_taken_for_the_one_before() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_N=800)
        await m.clock.advance(0.3)
        m.camera.loses = ["request"]
        await m.pulse(NS, TIMED_GUIDE_N=900)
        await m.clock.advance(0.2)
        assert m.states(NS) == [State.BUSY, State.BUSY, State.ALERT]


@pytest.mark.parametrize(("before", "after"), [(300, 900), (900, 300)])
async def test_a_pulse_that_takes_over_is_found_by_its_time(before: int, after: int) -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_N=before)
        await m.clock.advance(0.1)
        m.camera.loses = ["answer"]
        await m.pulse(NS, TIMED_GUIDE_N=after)
        await m.clock.advance(0.15)
        assert m.states(NS) == [State.BUSY, State.BUSY]
        await m.clock.advance(after / 1000 + 0.1)
        assert m.states(NS) == [State.BUSY, State.BUSY, State.IDLE]


async def test_a_camera_that_is_gone_leaves_the_pulse_in_doubt() -> None:
    async with mount() as m:
        m.camera.loses = ["answer"]
        m.camera.is_gone = True
        await m.pulse(NS, TIMED_GUIDE_N=800)
        await m.clock.advance(pulse_guide.relays.ASK_LIMIT_S + 2)
        assert m.states(NS) == [State.BUSY, State.ALERT]
        assert "not known whether the mount has moved" in m.said()[-1]


async def test_a_reversal_whose_answer_is_lost_goes_on() -> None:
    async with mount() as m:
        await m.pulse(NS, TIMED_GUIDE_N=5000)
        await m.clock.advance(0.3)
        m.camera.loses = ["answer"]
        await m.pulse(NS, TIMED_GUIDE_S=300)
        await m.clock.advance(1)
        assert m.states(NS) == [State.BUSY, State.BUSY, State.IDLE]
        assert m.camera.requests[-1] == {"y": RelayPulse(PLUS, 0.3)}
