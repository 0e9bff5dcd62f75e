"""The AO mirror through a real indiserver: relative steps as PHD2 sends them."""

from __future__ import annotations

from pathlib import Path

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import WireClient

STT = SimulatorOptions(model="STT-8300")


def told(client: WireClient, name: str, since: int) -> list[tuple[State | None, list[object]]]:
    return [(m.state, [e.value for e in m.elements]) for m in client.sets(name, since)]


def mirror(place: Observatory) -> tuple[float, float]:
    return place.simulator.call(lambda c: c.mirror.position(c.time.now()))


async def step(place: Observatory, name: str, **steps: float) -> int:
    """Send steps and wait for the second answer, the one after Busy."""
    since = await place.client.numbers(name, **steps)
    await place.client.until(lambda _: len(place.client.sets(name, since)) == 2, since=since)
    return since


async def test_definitions(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined("AT_LIMIT")
        shapes = {
            name: [(e.name, e.label) for e in (await place.client.defined(name)).elements]
            for name in ("AO_NS", "AO_WE", "AO_CENTER")
        }
        assert shapes == {
            "AO_NS": [("AO_N", "North (steps)"), ("AO_S", "South (steps)")],
            "AO_WE": [("AO_E", "East (steps)"), ("AO_W", "West (steps)")],
            "AO_CENTER": [("CENTER", "Center")],
        }


async def test_steps_are_relative(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined("AO_POSITION")
        since = await step(place, "AO_NS", AO_N=10, AO_S=0)
        assert told(place.client, "AO_NS", since) == [(State.BUSY, [10, 0]), (State.OK, [0, 0])]
        assert mirror(place) == (50, 60)
        await step(place, "AO_NS", AO_N=0, AO_S=30)
        await step(place, "AO_WE", AO_E=20)
        since = await step(place, "AO_WE", AO_W=10)
        assert mirror(place) == (60, 30)
        assert told(place.client, "AO_POSITION", since)[-1] == (State.OK, [60, 30])
        for position in range(31, 37):
            await step(place, "AO_NS", AO_N=1)
            assert mirror(place) == (60, position), "whole steps reach every position"


async def test_limits_and_centre(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined("AT_LIMIT")
        since = await step(place, "AO_WE", AO_W=45)
        assert told(place.client, "AO_WE", since)[-1] == (State.OK, [0, 0]), "as far as PHD2 goes"
        since = await step(place, "AO_WE", AO_W=5)
        assert told(place.client, "AO_WE", since)[-1] == (State.OK, [0, 0]), "just not clipped"
        lamps = place.client.sets("AT_LIMIT", since)[-1].elements
        assert {e.name: e.value for e in lamps} == {
            "AT_LIMIT_N": State.OK,
            "AT_LIMIT_S": State.OK,
            "AT_LIMIT_E": State.OK,
            "AT_LIMIT_W": State.ALERT,
        }
        since = await step(place, "AO_WE", AO_W=1)
        assert told(place.client, "AO_WE", since)[-1] == (State.ALERT, [0, 0])
        assert mirror(place) == (0, 50)
        since = await place.client.switch("AO_CENTER", "CENTER")
        done = await place.client.update("AO_CENTER", State.OK, since=since)
        assert done.elements[0].value is False
        assert mirror(place) == (50, 50)
        assert told(place.client, "AO_WE", since) == [(State.IDLE, [0, 0])]
        lamps = place.client.sets("AT_LIMIT", since)[-1].elements
        assert {e.value for e in lamps} == {State.OK}


async def test_failures(tmp_path: Path) -> None:
    async with observatory(tmp_path, STT) as place:
        await place.client.defined("AT_LIMIT")
        place.simulator.add_fault("reset=path=AOGuide")
        since = await step(place, "AO_NS", AO_N=10, AO_S=0)
        assert told(place.client, "AO_NS", since)[-1] == (State.ALERT, [0, 0])
        assert mirror(place) == (50, 50)
        place.simulator.clear_fault()
        place.simulator.add_fault("hang=path=AOStatus,times=1")
        since = await step(place, "AO_NS", AO_N=10, AO_S=0)
        assert told(place.client, "AO_NS", since)[-1] == (State.OK, [0, 0])
        assert told(place.client, "AO_POSITION", since)[-1] == (State.ALERT, [50, 60])
        assert any("does not say" in t for t in place.client.texts_said(since))
        place.simulator.add_fault("hang=path=AOStatus,times=1")
        since = await place.client.switch("AO_CENTER", "CENTER")
        await place.client.update("AO_CENTER", State.ALERT, since=since)
        assert not any("centred" in t for t in place.client.texts_said(since))
