"""The filter wheel through a real indiserver: moves, names, troubles, other clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from indi_stx.indi import DefVector, DelProperty, Message, SetVector, State
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, connect_camera, observatory
from tests.harness.wire_client import DEVICE, WireClient

FAST = SimulatorOptions(model="STT-8300", time_scale=10)
SLOT = ("FILTER_SLOT", "FILTER_SLOT_VALUE")


def slots_told(client: WireClient, since: int) -> list[tuple[State | None, float]]:
    return [(m.state, m.elements[0].value) for m in client.sets("FILTER_SLOT", since)]


async def move(client: WireClient, slot: float) -> int:
    return await client.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=slot)


def flash_writes(place: Observatory) -> int:
    return place.simulator.call(lambda c: c.flash.writes)


async def poll_quickly(client: WireClient) -> None:
    since = await client.numbers("POLLING_PERIOD", PERIOD_MS=200)
    await client.update("POLLING_PERIOD", State.OK, since=since)


async def test_a_move_is_busy_until_the_wheel_rests(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        since = await move(place.client, 3)
        await place.client.update("FILTER_SLOT", State.OK, since=since)
        assert slots_told(place.client, since) == [(State.BUSY, 1), (State.OK, 3)]
        assert place.simulator.call(lambda c: c.wheel.position()) == 3


async def test_moves_wait_for_each_other(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        since = await move(place.client, 2)
        await move(place.client, 5)
        await place.client.until(
            lambda m: (
                isinstance(m, SetVector) and slots_told(place.client, since)[-1:] == [(State.OK, 5)]
            ),
            since=since,
        )
        assert slots_told(place.client, since) == [
            (State.BUSY, 1),
            (State.OK, 2),
            (State.BUSY, 2),
            (State.OK, 5),
        ]


async def test_slots_that_do_not_exist_are_refused(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    async with observatory(tmp_path, FAST) as place:
        for slot in (0, 9, -1, 2.5):
            with subtests.test(slot=slot):
                since = await move(place.client, slot)
                await place.client.update("FILTER_SLOT", State.ALERT, since=since)
                assert slots_told(place.client, since) == [(State.ALERT, 1)]
                assert place.client.texts_said(since)[0].startswith("[ERROR] ")
                assert not [r for r in place.requests() if "ChangeFilter" in r.uri]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("filter-missing", "0x8000100c"),
        ("filter-communication", "0x8000100d"),
        ("filter-jammed", "jammed"),
    ],
)
async def test_troubles_are_told(tmp_path: Path, fault: str, said: str) -> None:
    async with observatory(tmp_path, FAST) as place:
        place.simulator.add_fault(fault)
        since = await move(place.client, 4)
        await place.client.until(
            lambda m: isinstance(m, Message) and said in m.text, since=since, what=said
        )
        failed = await place.client.update("FILTER_SLOT", State.ALERT, since=since)
        assert failed.elements[0].value != 4
        place.simulator.clear_fault(fault)
        since = await move(place.client, 2)
        told = await place.client.update("FILTER_SLOT", State.OK, since=since)
        assert told.elements[0].value == 2, "and it works again"


async def test_a_wheel_in_motion_moves_on_when_it_has_stopped(tmp_path: Path) -> None:
    slow = SimulatorOptions(model="STT-8300", time_scale=2)
    async with observatory(tmp_path, slow) as place:
        place.simulator.call(lambda c: c.wheel.move(4))
        since = await move(place.client, 2)
        await place.client.update("FILTER_SLOT", State.OK, since=since)
        assert {state for state, _ in slots_told(place.client, since)} == {State.BUSY, State.OK}
        assert slots_told(place.client, since)[-1] == (State.OK, 2)
        assert place.client.texts_said(since) == []


async def test_a_missing_wheel_is_told_when_connecting(tmp_path: Path) -> None:
    options = SimulatorOptions(model="STT-8300", faults=("filter-missing",))
    async with observatory(tmp_path, options) as place:
        slot = await place.client.defined("FILTER_SLOT")
        assert (slot.state, slot.elements[0].value) == (State.ALERT, 0)
        assert any("filter wheel" in t for t in place.client.texts_said())


def stand_at_six(camera: SimulatedCamera) -> None:
    camera.wheel._position = camera.wheel._target = 6


async def test_the_true_slot_is_in_the_definition(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST, connect=False) as place:
        place.simulator.call(stand_at_six)
        await connect_camera(place)
        slot = await place.client.defined("FILTER_SLOT")
        assert (slot.state, slot.elements[0].value) == (State.IDLE, 6)


async def test_another_clients_move_is_noticed(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        await poll_quickly(place.client)
        since = len(place.client.seen)
        place.simulator.call(lambda c: c.wheel.move(5))
        await place.client.until(
            lambda m: (
                isinstance(m, SetVector)
                and m.name == "FILTER_SLOT"
                and (m.state, m.elements[0].value) == (State.OK, 5)
            ),
            since=since,
            what="the move of another client",
        )


async def test_initializing_leaves_no_filter_in_the_beam(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        since = await place.client.switch("FILTER_INITIALIZE", "INITIALIZE")
        done = await place.client.update("FILTER_INITIALIZE", State.OK, since=since)
        assert done.elements[0].value is False
        assert slots_told(place.client, since) == [(State.BUSY, 1), (State.OK, 0)]
        since = await move(place.client, 1)
        await place.client.update("FILTER_SLOT", State.OK, since=since)


async def test_names_live_in_the_cameras_flash(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        names = await place.client.defined("FILTER_NAME")
        assert [(e.name, e.label, e.value) for e in names.elements][:2] == [
            ("FILTER_SLOT_NAME_1", "Filter#1", "Empty"),
            ("FILTER_SLOT_NAME_2", "Filter#2", "Empty"),
        ]
        since = await place.client.texts(
            "FILTER_NAME", FILTER_SLOT_NAME_2="Red & hot", FILTER_SLOT_NAME_3="Empty"
        )
        told = await place.client.update("FILTER_NAME", State.OK, since=since)
        assert [e.value for e in told.elements] == ["Empty", "Red & hot"] + ["Empty"] * 6
        assert flash_writes(place) == 1
        (request,) = [r.uri for r in place.requests() if "SetFilterName" in r.uri]
        assert request.endswith("?Filter2Name=Red%20%26%20hot"), "only what differs"
        since = await place.client.texts("FILTER_NAME", FILTER_SLOT_NAME_2="Red & hot")
        await place.client.update("FILTER_NAME", State.OK, since=since)
        assert flash_writes(place) == 1


async def test_names_that_the_camera_cannot_keep_are_refused(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    async with observatory(tmp_path, FAST) as place:
        for name in ("seventeen letters", "H\N{GREEK SMALL LETTER ALPHA}", ""):
            with subtests.test(name=name):
                since = await place.client.texts("FILTER_NAME", FILTER_SLOT_NAME_1=name)
                told = await place.client.update("FILTER_NAME", State.ALERT, since=since)
                assert told.elements[0].value == "Empty"
                assert "name" in place.client.texts_said(since)[0].lower()
                assert flash_writes(place) == 0


async def test_another_clients_name_is_noticed(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        await poll_quickly(place.client)
        since = len(place.client.seen)
        place.simulator.call(lambda c: c.flash.filter_names.__setitem__(7, "SII"))
        told = await place.client.update("FILTER_NAME", since=since)
        assert told.elements[7].value == "SII"


async def test_the_number_of_slots_is_a_saved_setting(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        await place.client.defined("FILTER_NAME")
        since = await place.client.numbers("FILTER_SLOTS", SLOTS=5)
        await place.client.until(
            lambda m: isinstance(m, DefVector) and m.name == "FILTER_NAME", since=since
        )
        life = [
            (type(s.message).__name__, s.message.name)
            for s in place.client.seen[since:]
            if isinstance(s.message, DefVector | DelProperty)
            and s.message.device == DEVICE
            and (s.message.name or "").startswith("FILTER_")
        ]
        assert life == [
            ("DelProperty", "FILTER_SLOT"),
            ("DelProperty", "FILTER_NAME"),
            ("DefVector", "FILTER_SLOT"),
            ("DefVector", "FILTER_NAME"),
        ]
        assert len(place.client.properties[DEVICE, "FILTER_NAME"].elements) == 5
        assert place.client.properties[DEVICE, "FILTER_SLOT"].elements[0].max == 5
        since = await place.client.numbers("FILTER_SLOTS", SLOTS=5)
        await place.client.update("FILTER_SLOTS", State.OK, since=since)
    async with observatory(tmp_path, FAST) as place:
        assert len((await place.client.defined("FILTER_NAME")).elements) == 5


async def test_loading_a_configuration_moves_the_wheel_and_spares_the_flash(
    tmp_path: Path,
) -> None:
    async with observatory(tmp_path, FAST) as place:
        since = await move(place.client, 3)
        await place.client.update("FILTER_SLOT", State.OK, since=since)
        since = await place.client.switch("CONFIG_PROCESS", "CONFIG_SAVE")
        await place.client.update("CONFIG_PROCESS", State.OK, since=since)
        since = await move(place.client, 2)
        await place.client.update("FILTER_SLOT", State.OK, since=since)
        since = await place.client.switch("CONFIG_PROCESS", "CONFIG_LOAD")
        told = await place.client.update("FILTER_SLOT", State.OK, since=since)
        assert told.elements[0].value == 3
        assert flash_writes(place) == 0


async def test_a_lost_look_is_not_a_failed_move(tmp_path: Path) -> None:
    async with observatory(tmp_path, FAST) as place:
        place.simulator.add_fault("reset=path=FilterState,times=1")
        since = await move(place.client, 5)
        told = await place.client.update("FILTER_SLOT", State.OK, since=since)
        assert told.elements[0].value == 5
