"""A frame over a slow link: somebody who waits for it sees that it comes."""

from __future__ import annotations

from pathlib import Path

from indi_stx.indi import OneNumber, State
from indi_stx.simulator.options import SimulatorOptions
from tests.end_to_end.test_driver_death import bin_by_four
from tests.end_to_end.test_faults import arrives, start, works
from tests.harness.observatory import observatory

SLOW = SimulatorOptions(model="STT-8300", bandwidth_bytes_per_s=80_000)
"""A binned frame takes 13 s."""


async def test_a_slow_download_shows_how_far_it_is(tmp_path: Path) -> None:
    async with observatory(tmp_path, SLOW) as place:
        await bin_by_four(place)
        since = await start(place, 0.1)
        await arrives(place, since)
        reports = place.client.sets("CCD_DOWNLOAD", since)
        shown = [one.value for r in reports for one in r.elements if isinstance(one, OneNumber)]
        assert len(shown) > 5
        assert shown == sorted(shown)
        assert 0 < float(shown[0]) < float(shown[-1]) <= 100
        assert [r.state for r in reports][-1] is State.IDLE
        (text,) = [t for t in place.client.texts_said(since) if "Downloading" in t]
        assert "% of 1.0 MB, about" in text


async def test_a_fast_download_says_nothing(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        await bin_by_four(place)
        await works(place)
        assert not place.client.sets("CCD_DOWNLOAD")
