"""The scripts of docs/library.md, run as printed against the simulated camera."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from astropy.io import fits

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread

LIBRARY = Path(__file__).parents[2] / "docs" / "library.md"
SCRIPTS = re.findall(r"```python\n(.*?)```", LIBRARY.read_text(encoding="utf-8"), re.DOTALL)


def run(number: int, address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "frame.py").write_text(SCRIPTS[number], encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY.parents[1])}
    return subprocess.run(
        [sys.executable, "frame.py", address],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_first_script_takes_and_saves_a_frame(tmp_path: Path) -> None:
    # The camera seems idle for a while after the start, as real ones do.
    options = SimulatorOptions(time_scale=20.0, faults=("start-latency=seconds=10",))
    with SimulatorThread(options) as simulator:
        ended = run(0, f"{simulator.host}:{simulator.port}", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("SBIG STX-16803\nCCD at 15.0 degrees Celsius\n320 x 240 pixels")
    assert ended.stdout.endswith("Saved frame.fits\n")
    with fits.open(tmp_path / "frame.fits") as opened:
        assert opened[0].data.shape == (240, 320)
        assert opened[0].data.std() > 0


def test_second_script_does_two_things_at_once(tmp_path: Path) -> None:
    with SimulatorThread(SimulatorOptions(time_scale=5.0, model="STT-8300")) as simulator:
        ended = run(1, f"{simulator.host}:{simulator.port}", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"(guide frame: .*\n){3}image: mean \d+ ADU\n", ended.stdout)


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_no_camera_is_one_sentence(number: int, tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        ended = run(number, f"127.0.0.1:{bound.getsockname()[1]}", tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert "refuses connections" in line
