"""A short form of the long night of `make soak`, the same in every run."""

from __future__ import annotations

from pathlib import Path

from tests.faults.soak import Soak


async def test_a_short_night(tmp_path: Path) -> None:
    soak = Soak(45, seed=3, one_in=4, most_growth=0.1)
    await soak.run(tmp_path)
    assert soak.tally.count["faults"] >= 3
    assert soak.tally.count["pulses"]
