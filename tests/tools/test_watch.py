"""`indi-stx watch`: what it shows, how rarely it asks, and what it says of a silent camera."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from indi_stx.cli import main
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import BlockingCamera, RelayDirection, RelayPulse
from indi_stx.tools.address import Address
from indi_stx.tools.status import Watcher, watched
from indi_stx.tools.status_view import PLAIN_BLOCKS, View, sparkline
from tests.conformance.wrong_camera import serving
from tests.tools.cameras import READS, WEB_PAGE, requests_in, simulated, url_of


async def watch(camera: SimulatorThread, questions: int) -> None:
    """Ask a camera, more often than a user may, and show each answer."""
    address = Address(camera.host, camera.port)
    async with watched(address) as asked:
        watcher = Watcher(address, asked)
        await watcher.begin()
        with View() as view:
            for _ in range(questions):
                await watcher.ask_next()
                view.show(watcher.status)


async def test_all_parts_are_shown_line_by_line_in_a_pipe(capsys, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    with simulated(faults=("no-external-guider",), request_log=log, time_scale=1.0) as camera:
        with BlockingCamera(camera.host, camera.port) as other:
            other.imager.set_settings(setpoint_celsius=-10.0, cooler_on=True)
            other.imager.start_exposure(600, 1)
            other.pulse_guide(x=RelayPulse(RelayDirection.MINUS, 600))
        before = len(requests_in(log))
        await watch(camera, questions=34)  # twice all of them
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 10
    for part in (
        r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d  CCD: ",
        r"CCD: \d+\.\d C, set -10.0 C, ambient 15.0 C;",
        r"Cooler: on, \d+ %;",
        r"Imager: exposing;",
        r"Guider: idle;",
        r"Wheel: idle, filter 1 Empty;",
        r"Relays: X- for [\d.]+ s;",
        r"Link: \d+ ms, longest \d+ ms$",
    ):
        assert re.search(part, lines[-1]), part
    assert "External" not in lines[-1]
    asked = requests_in(log)[before:]
    assert not [uri for uri in asked if not READS.fullmatch(uri.partition("?")[0])]


def test_one_request_a_second_at_most(tmp_path: Path):
    log = tmp_path / "log.jsonl"
    with simulated(request_log=log) as camera:
        assert main(["watch", url_of(camera), "--seconds", "3"]) == 0
    gaps_ms = [json.loads(line)["gap_ms"] for line in log.read_text().splitlines()][1:]
    assert 1 <= len(gaps_ms) <= 3
    assert all(gap >= 1000 for gap in gaps_ms)


def test_a_wrong_address(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert main(["watch", f"http://127.0.0.1:{taken.getsockname()[1]}"]) == 1
    said = capsys.readouterr().err
    assert "refuses connections" in said
    assert "indi-stx find" in said


def test_a_web_server_that_is_no_camera(capsys):
    with serving(lambda request: WEB_PAGE) as url:
        assert main(["watch", url]) == 1
    assert "as no STX camera does" in capsys.readouterr().err


async def test_a_camera_that_falls_silent_is_asked_on(capsys):
    with simulated() as camera:
        camera.add_fault("reset=path=/api/ImagerGetSettings.cgi,times=2")
        await watch(camera, questions=10)
    said = capsys.readouterr().out
    assert "No answer: 127.0.0.1:" in said
    assert re.search(r"Link: .*, 2 of \d+ requests without an answer", said)


@pytest.mark.parametrize("option", ["--every=0.5", "--every=x", "--seconds=-1"])
def test_impossible_options_are_told_at_once(option: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["watch", "http://127.0.0.1", option])
    assert ended.value.code == 2
    assert "is not a number of seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "curve"),
    [
        ([], ""),
        ([5.0], "▅"),
        ([1.0, 1.0], "▅▅"),
        ([0.0, 7.0], "▁█"),
        ([-2.0, -1.0, 0.0, 5.0], "▁▂▃█"),
    ],
)
def test_a_curve_from_lowest_to_highest(values: list[float], curve: str):
    assert sparkline(values) == curve


def test_a_curve_without_unicode():
    assert sparkline([0.0, 1.0, 2.0, 3.0, 4.0], PLAIN_BLOCKS) == PLAIN_BLOCKS


def test_a_terminal_has_it_in_place_until_an_interrupt():
    terminal, end = pty.openpty()
    with simulated() as camera, open(terminal, "rb", buffering=0) as shown:
        command = [sys.executable, "-m", "indi_stx", "watch", url_of(camera)]
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        with subprocess.Popen(command, stdout=end, stderr=end, env=environment) as process:
            os.close(end)
            said = b""
            while "▅".encode() not in said:
                said += shown.read(4096)
            process.send_signal(signal.SIGINT)
            try:
                while more := shown.read(4096):
                    said += more
            except OSError:  # a terminal whose other end is closed
                pass
            assert process.wait(60) == 130
    assert b"Traceback" not in said
    assert b"SBIG STT-8300 at http://127.0.0.1:" in said
    assert b"Ctrl-C ends" in said
    assert "╭".encode() in said
    assert b"Stopped." in said
