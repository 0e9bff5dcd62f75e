"""Filter and exposure in order, and what a header says of what changed; without indiserver."""

from __future__ import annotations

import pytest

from indi_stx.indi import Kind, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.desk import CameraDesk, camera_desk

REAL_TIME = SimulatorOptions(model="STT-8300")
SLOT = {"FILTER_SLOT_VALUE": 3.0}


async def named_filters(desk: CameraDesk) -> None:
    names = {f"FILTER_SLOT_NAME_{slot}": f"F{slot}" for slot in range(1, 9)}
    await desk.write_texts("FILTER_NAME", **names)
    await desk.small_frames()


async def test_filter_and_exposure_in_order(subtests: pytest.Subtests) -> None:
    async with camera_desk(REAL_TIME) as desk:
        await named_filters(desk)
        with subtests.test("a slot and an exposure sent together"):
            since = len(desk.said)
            await desk.put(Kind.NUMBER, "FILTER_SLOT", **SLOT)
            header = await desk.header()
            assert header["FILTER"] == "F3"
            assert desk.value("FILTER_SLOT", "FILTER_SLOT_VALUE") == 3
            assert any("when the filter wheel rests" in t for t in desk.texts(since))
        with subtests.test("a slot sent during an exposure waits for its end"):
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1.5)
            await desk.put(Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=4)
            await desk.state("CCD_EXPOSURE", since, State.OK)
            header = await desk.frame_taken()
            assert header["FILTER"] == "F3"
            assert (await desk.state("FILTER_SLOT", since, State.OK)).elements[0].value == 4
            assert not [t for t in desk.texts(since) if t.startswith("[WARNING]")]
        with subtests.test("an abort does not wait for the wheel, and nothing begins after it"):
            await desk.put(Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=5)
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
            await desk.switch("CCD_ABORT_EXPOSURE", "ABORT")
            assert desk.last("FILTER_SLOT").state is State.BUSY
            await desk.state("FILTER_SLOT", since, State.OK)
            frames = len(desk.server.channel.attached)
            assert (await desk.header())["FILTER"] == "F5"
            assert len(desk.server.channel.attached) == frames + 1
        with subtests.test("a fast sequence that is switched off while it waits begins nothing"):
            await desk.switch("CCD_FAST_TOGGLE", "INDI_ENABLED")
            await desk.put(Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=4)
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
            await desk.switch("CCD_FAST_TOGGLE", "INDI_DISABLED")
            await desk.state("FILTER_SLOT", since, State.OK)
            assert desk.last("CCD_EXPOSURE").state is State.IDLE
        with subtests.test("a new exposure replaces one that a change waits for"):
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=600)
            await desk.state("CCD_EXPOSURE", since, State.BUSY)
            await desk.put(Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=6)
            assert (await desk.header())["FILTER"] == "F6"


async def test_a_filter_that_is_unknown_has_no_card(subtests: pytest.Subtests) -> None:
    async with camera_desk(REAL_TIME) as desk:
        await named_filters(desk)
        await desk.numbers("POLLING_PERIOD", PERIOD_MS=100)
        with subtests.test("somebody else changes it during the exposure"):
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=2)
            await desk.state("CCD_EXPOSURE", since, State.BUSY)
            desk.simulator.call(lambda camera: camera.wheel.move(2))
            await desk.state("CCD_EXPOSURE", since, State.OK)
            header = await desk.frame_taken()
            assert "FILTER" not in header
            assert any("Filter changed during the exposure" in c for c in header["COMMENT"])
            assert any("Filter changed" in t for t in desk.texts(since))
        with subtests.test("the wheel is jammed"):
            desk.simulator.add_fault("filter-jammed")
            assert (await desk.numbers("FILTER_SLOT", **SLOT)).state is State.ALERT
            assert "FILTER" not in await desk.header()
            desk.simulator.clear_fault("filter-jammed")
            await desk.numbers("FILTER_SLOT", **SLOT)
            assert (await desk.header())["FILTER"] == "F3"
        with subtests.test("a guide frame does not wait"):
            await desk.put(Kind.NUMBER, "FILTER_SLOT", FILTER_SLOT_VALUE=6)
            header = await desk.header(head="GUIDER")
            assert "FILTER" not in header
            assert desk.last("FILTER_SLOT").state is State.BUSY


async def test_neighbours_that_move_during_an_exposure(subtests: pytest.Subtests) -> None:
    mount, focuser, rotator = "Telescope Simulator", "Focuser Simulator", "Rotator Simulator"
    async with camera_desk(REAL_TIME) as desk:
        await desk.small_frames()
        await desk.hear_numbers(mount, "EQUATORIAL_EOD_COORD", RA=5.5, DEC=-5)
        await desk.hear_numbers(focuser, "ABS_FOCUS_POSITION", FOCUS_ABSOLUTE_POSITION=5000)
        await desk.hear_numbers(focuser, "FOCUS_TEMPERATURE", TEMPERATURE=4)
        await desk.hear_numbers(rotator, "ABS_ROTATOR_ANGLE", ANGLE=359.98)
        with subtests.test("nothing moves"):
            header = await desk.header()
            assert {"RA", "FOCUSPOS", "ROTATANG", "FOCUSTEM"} <= set(header)
            assert header["TELESCOP"] == mount
        with subtests.test("all of it moves"):
            since = await desk.put(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=2)
            await desk.state("CCD_EXPOSURE", since, State.BUSY)
            await desk.hear_numbers(mount, "EQUATORIAL_EOD_COORD", RA=5.6, DEC=-5)
            await desk.hear_numbers(focuser, "ABS_FOCUS_POSITION", FOCUS_ABSOLUTE_POSITION=5010)
            await desk.hear_numbers(focuser, "FOCUS_TEMPERATURE", TEMPERATURE=2)
            await desk.hear_numbers(rotator, "ABS_ROTATOR_ANGLE", ANGLE=2)
            await desk.state("CCD_EXPOSURE", since, State.OK)
            header = await desk.frame_taken()
            assert not {"RA", "OBJCTRA", "FOCUSPOS", "ROTATANG"} & set(header)
            assert header["FOCUSTEM"] == 3.0, "the mean"
            notes = [c for c in header["COMMENT"] if "during the exposure" in c]
            assert len(notes) == 3
            assert "Focuser moved during the exposure: 5000 to 5010" in notes
            assert len([t for t in desk.texts(since) if "during the exposure" in t]) == 3
