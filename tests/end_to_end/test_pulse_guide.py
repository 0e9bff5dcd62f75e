"""Guide pulses through a real indiserver, held against the relays of the simulated camera."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.relays import Relay
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import WireClient

STT = SimulatorOptions(model="STT-8300")
NS, WE = "TELESCOPE_TIMED_GUIDE_NS", "TELESCOPE_TIMED_GUIDE_WE"


def told(client: WireClient, name: str, since: int) -> list[tuple[State | None, list[object]]]:
    return [(m.state, [e.value for e in m.elements]) for m in client.sets(name, since)]


def closed_s(place: Observatory) -> dict[Relay, float]:
    """Return for how long each relay has been closed since the camera started."""
    return place.simulator.call(
        lambda c: {relay: c.relays.closed_s(relay, c.time.now()) for relay in Relay}
    )


def pulses(place: Observatory) -> list[str]:
    return [urlsplit(r.uri).query for r in place.requests() if "/PulseGuide.cgi" in r.uri]


async def pulse(place: Observatory, name: str, **values: float) -> int:
    """Send a pulse and wait for its end."""
    since = await place.client.numbers(name, **values)
    await place.client.update(name, State.IDLE, since=since)
    return since


async def test_the_four_directions(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(WE)
        since = await pulse(place, NS, TIMED_GUIDE_N=120, TIMED_GUIDE_S=0)
        assert told(place.client, NS, since) == [(State.BUSY, [120, 0]), (State.IDLE, [120, 0])]
        await pulse(place, NS, TIMED_GUIDE_N=0, TIMED_GUIDE_S=150)
        since = await pulse(place, WE, TIMED_GUIDE_W=180, TIMED_GUIDE_E=0)
        assert told(place.client, WE, since) == [(State.BUSY, [180, 0]), (State.IDLE, [180, 0])]
        await pulse(place, WE, TIMED_GUIDE_E=210)
        assert closed_s(place) == {
            Relay.Y_MINUS: pytest.approx(0.12),
            Relay.Y_PLUS: pytest.approx(0.15),
            Relay.X_MINUS: pytest.approx(0.18),
            Relay.X_PLUS: pytest.approx(0.21),
        }


async def test_no_pulse_and_too_short_and_too_long_ones(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        limits = (await place.client.defined(NS)).elements[0]
        assert (limits.min, limits.max, limits.step) == (0, 655350, 100)
        since = await place.client.numbers(NS, TIMED_GUIDE_N=0, TIMED_GUIDE_S=0)
        await place.client.update(NS, since=since)
        assert told(place.client, NS, since) == [(State.IDLE, [0, 0])]
        for impossible in (655351, -1):
            since = await place.client.numbers(NS, TIMED_GUIDE_N=impossible, TIMED_GUIDE_S=0)
            await place.client.update(NS, State.ALERT, since=since)
        assert pulses(place) == []
        since = await pulse(place, NS, TIMED_GUIDE_N=1, TIMED_GUIDE_S=0)
        assert pulses(place) == ["DirectionY=1&DurationY=0.01"]
        both = await pulse(place, NS, TIMED_GUIDE_N=50, TIMED_GUIDE_S=70)
        assert told(place.client, NS, both)[0] == (State.BUSY, [50, 0]), "north wins"
        assert place.client.texts_said(since) == []


async def test_a_second_pulse_starts_the_time_again(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(NS)
        since = await place.client.numbers(NS, TIMED_GUIDE_N=60_000, TIMED_GUIDE_S=0)
        await place.client.update(NS, State.BUSY, since=since)
        await place.client.numbers(NS, TIMED_GUIDE_N=0, TIMED_GUIDE_S=0)
        await place.client.numbers(NS, TIMED_GUIDE_N=300, TIMED_GUIDE_S=0)
        await place.client.update(NS, State.IDLE, since=since)
        assert told(place.client, NS, since) == [
            (State.BUSY, [60_000, 0]),
            (State.BUSY, [0, 0]),
            (State.BUSY, [300, 0]),
            (State.IDLE, [300, 0]),
        ]
        assert not place.simulator.call(lambda c: c.relays.any_closed())


async def test_a_reversal_opens_the_other_relay_first(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(NS)
        await place.client.numbers(NS, TIMED_GUIDE_N=60_000, TIMED_GUIDE_S=0)
        await pulse(place, WE, TIMED_GUIDE_W=10, TIMED_GUIDE_E=0)
        before = len(pulses(place))
        await pulse(place, NS, TIMED_GUIDE_N=0, TIMED_GUIDE_S=300)
        assert pulses(place)[before:] == [
            "DirectionY=1&DurationY=0.01",
            "DirectionY=0&DurationY=0.3",
        ]
        assert closed_s(place)[Relay.Y_PLUS] == pytest.approx(0.3)
        assert not place.simulator.call(lambda c: c.relays.any_closed())


async def test_the_directions_are_independent(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(WE)
        since = await place.client.numbers(NS, TIMED_GUIDE_N=600, TIMED_GUIDE_S=0)
        await place.client.numbers(WE, TIMED_GUIDE_W=100, TIMED_GUIDE_E=0)
        await place.client.update(WE, State.IDLE, since=since)
        assert told(place.client, NS, since) == [(State.BUSY, [600, 0])]
        await place.client.update(NS, State.IDLE, since=since)
        assert closed_s(place)[Relay.Y_MINUS] == pytest.approx(0.6)


async def test_relays_can_be_mapped_and_the_mapping_is_saved(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined("GUIDE_RELAYS")
        for element in ("SWAP_AXES", "REVERSE_NS"):
            since = await place.client.switch("GUIDE_RELAYS", element)
            await place.client.update("GUIDE_RELAYS", State.OK, since=since)
        since = await place.client.numbers(NS, TIMED_GUIDE_N=200, TIMED_GUIDE_S=0)
        await place.client.update(NS, State.BUSY, since=since)
        since = await place.client.switch("GUIDE_RELAYS", "REVERSE_WE")
        await place.client.update("GUIDE_RELAYS", State.ALERT, since=since)
        await place.client.update(NS, State.IDLE, since=since)
        assert pulses(place) == ["DirectionX=0&DurationX=0.2"]
    async with observatory(tmp_path, STT) as place:
        mapping = await place.client.defined("GUIDE_RELAYS")
        assert [e.value for e in mapping.elements] == [True, True, False]


@pytest.mark.parametrize("fault", ["hang", "garble-text", "reset"])
async def test_a_pulse_ends_even_if_the_camera_does_not_confirm_it(
    tmp_path: Path, fault: str
) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(NS)
        place.simulator.add_fault(f"{fault}=path=PulseGuideGetTimeRemaining")
        since = await pulse(place, NS, TIMED_GUIDE_N=100, TIMED_GUIDE_S=0)
        await pulse(place, NS, TIMED_GUIDE_N=100, TIMED_GUIDE_S=0)
        warnings = [t for t in place.client.texts_said(since) if "did not confirm" in t]
        assert len(warnings) == 1, "once, not at every pulse"


async def test_a_pulse_that_the_camera_does_not_take_is_an_alert(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined(NS)
        place.simulator.add_fault("garble-text=path=/PulseGuide.cgi,times=1")
        place.simulator.add_fault("reset=path=/PulseGuide.cgi,times=1")
        since = await place.client.numbers(NS, TIMED_GUIDE_N=100, TIMED_GUIDE_S=0)
        await place.client.update(NS, State.ALERT, since=since)
        assert "The guide pulse failed." in place.client.texts_said(since)[0]
        await pulse(place, NS, TIMED_GUIDE_N=100, TIMED_GUIDE_S=0)
