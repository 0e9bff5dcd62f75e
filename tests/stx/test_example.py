"""The script of docs/library.md, run as printed against the simulated camera."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

thread = pytest.importorskip("indi_stx.simulator.thread")

LIBRARY = Path(__file__).parents[2] / "docs" / "library.md"


def script() -> str:
    [block] = re.findall(r"```python\n(.*?)```", LIBRARY.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


async def test_example_takes_a_frame(capsys: pytest.CaptureFixture[str]) -> None:
    from indi_stx.simulator.options import SimulatorOptions

    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(script(), str(LIBRARY), "exec"), names)
    with thread.SimulatorThread(SimulatorOptions(time_scale=20.0)) as simulator:
        image = await names["take_frame"](simulator.host, simulator.port)
    assert image.shape == (240, 320)
    assert image.std() > 0
    assert "SBIG STX-16803" in capsys.readouterr().out
