"""Which exposure the camera holds: answers that get lost, other programs, old frames."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.end_to_end.test_faults import arrives, is_lost, start, works
from tests.harness.observatory import Observatory, observatory

SMALL = SimulatorOptions(model="STT-8300")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, SMALL) as observed:
        since = await observed.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        await observed.client.update("CCD_BINNING", State.OK, since=since)
        yield observed


def starts(place: Observatory) -> int:
    return len([r for r in place.requests() if "ImagerStartExposure" in r.uri])


@pytest.mark.parametrize("how", ["reset", "close", "silence"])
@pytest.mark.parametrize("seconds", [0.05, 1.5])
async def test_a_start_whose_answer_is_lost_is_adopted(
    place: Observatory, how: str, seconds: float
) -> None:
    await works(place)
    before = starts(place)
    place.simulator.add_fault(f"answer-lost={how},path=StartExposure,times=1")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
    await arrives(place, since)
    assert starts(place) == before + 1, "it was not started twice"
    await works(place)


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_start_that_never_arrived_is_sent_again(place: Observatory, how: str) -> None:
    await works(place)
    place.simulator.add_fault(f"request-lost={how},path=StartExposure,times=1")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.2)
    await arrives(place, since)


@pytest.mark.parametrize("seconds", [0.05, 0.25, 2.0])
async def test_a_camera_that_looks_idle_after_a_start_gives_no_old_frame(
    place: Observatory, seconds: float
) -> None:
    await works(place)
    old = place.sensor_bytes()
    place.simulator.add_fault("start-latency=1.5,times=1")
    await arrives(place, await start(place, seconds))
    assert place.sensor_bytes() != old, "the simulated camera did take another one"


@pytest.mark.parametrize("busy_download", ["wait", "empty"])  # "previous" is above
async def test_what_a_busy_camera_sends_is_not_taken_for_the_frame(
    tmp_path: Path, busy_download: Literal["wait", "empty"]
) -> None:
    async with observatory(tmp_path, replace(SMALL, busy_download=busy_download)) as place:
        since = await place.client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        await place.client.update("CCD_BINNING", State.OK, since=since)
        for seconds in (0.05, 1.0):
            old = place.sensor_bytes() if seconds == 1.0 else b""
            place.simulator.add_fault("start-latency=1.5,times=1")
            await arrives(place, await start(place, seconds))
            assert place.sensor_bytes() != old
        assert [r for r in place.requests() if "Imager.FIT" in r.uri], "it asked while busy"


@pytest.mark.parametrize(("after_s", "seconds"), [(0.1, 0.25), (0.05, 0.1), (1.0, 3.0), (1.9, 2.0)])
async def test_an_abort_by_another_program_gives_no_old_frame(
    place: Observatory, after_s: float, seconds: float
) -> None:
    await works(place)
    place.simulator.add_fault(f"foreign-abort={after_s},buffer=previous,times=1")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
    assert "aborted by another program" in await is_lost(place, since)
    await works(place)


async def test_a_new_exposure_replaces_that_of_another_program(place: Observatory) -> None:
    await works(place)
    place.simulator.add_fault("foreign-start=600,ccd=imager,path=ImagerStartExposure,times=1")
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.2)
    await arrives(place, since)


@pytest.mark.parametrize("date_obs", ["own", "none"])
async def test_a_camera_that_does_not_echo_is_believed_and_the_header_says_so(
    tmp_path: Path, date_obs: str
) -> None:
    async with observatory(tmp_path, replace(SMALL, date_obs=date_obs)) as place:
        since = await start(place, 1)
        place.simulator.add_fault("reset=path=ImagerState,times=1")  # casts doubt
        blob = await arrives(place, since)
        assert isinstance(blob.content, bytes)
        assert b"did not confirm which exposure" in blob.content


@pytest.mark.parametrize("fault", ["answer-lost", "request-lost"])
async def test_an_abort_that_gets_lost_is_sent_again(place: Observatory, fault: str) -> None:
    since = await start(place, 60)
    place.simulator.add_fault(f"{fault}=reset,path=AbortExposure,times=2")
    await place.client.switch("CCD_ABORT_EXPOSURE", "ABORT")
    await place.client.update("CCD_EXPOSURE", State.IDLE, since=since)
    assert place.simulator.call(lambda camera: camera.imager.state()).name == "IDLE"
    await works(place)


async def test_an_outage_is_told_when_it_begins_and_when_it_ends(place: Observatory) -> None:
    since = await start(place, 0.3)
    place.simulator.add_fault("reset=path=ImagerData.bin,times=5")
    await arrives(place, since)
    told = [t for t in place.client.texts_said(since) if not t.startswith("[DEBUG]")]
    assert [t.split(" ")[0] for t in told] == ["[WARNING]", "[INFO]"], told
