"""A run that is ended, or whose answers are lost, leaves the camera as it was and says so.

The program is a real process. A server between it and the simulated camera lets the action through,
then sends the signal, or loses the answer: so the moment is always the same.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from indi_stx.conformance.calls import BY_ID
from tests.conformance.running import session_with, simulated, url_of
from tests.conformance.wrong_camera import forward, serving

pytestmark = pytest.mark.timeout(120)

# As a terminal starts it: whoever runs the tests in the background may have SIGINT ignored.
PROGRAM = """
import signal, sys
from indi_stx.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, {hangup})
sys.exit(main(sys.argv[1:]))
"""
QUICK = ("--gap-ms", "0", "--start-latency", "0.02")
ODD = "/api/ImagerSetSettings.cgi?BinX=2&CCDTemperatureSetpoint=-12.5&NumX=100"
SETTINGS = "/api/ImagerGetSettings.cgi?BinX&CCDTemperatureSetpoint&CoolerState&StartX&NumX"
ACTIONS = {
    "pulse of minutes": ("pulse.longest.XPlus", b"DurationX=655.35"),
    "pulse that must be refused": ("pulse.DurationX.655.36", b"DurationX=655.36"),
    "pulse": ("pulse.example", b"DurationY=10"),
    "exposure": ("imager.abort.running", b"ImagerStartExposure.cgi?Duration=300"),
    "exposure of the guider": ("guider.start.busy", b"GuiderStartExposure.cgi?Duration=300"),
    "filter": ("filter.change.4", b"NewPosition=4"),
    "set point": ("imager.set.CCDTemperatureSetpoint.minimum", b"Setpoint=-100"),
    "mirror": ("ao.highest", b"XPosition=100"),
}


@pytest.fixture
def camera():
    # In real time: what is left running is seen.
    with simulated(time_scale=1.0) as running:
        session = session_with(url_of(running))
        session.answered(ODD)
        session.answered("/api/ChangeFilter.cgi?NewPosition=2")
        session.until(BY_ID["filter.state"])
        yield running


@contextmanager
def between(port: int, at: bytes, happens: Callable[[], bool]) -> Iterator[str]:
    """Pass requests on; after each that has `at`, the answer is lost when `happens` says so."""

    def respond(request: bytes) -> bytes:
        request = request.replace(b"655.36", b"600.00")  # a camera that takes too long a pulse
        answer = forward(port, request)
        lost = at.replace(b"655.36", b"600.00") in request and happens()
        return b"" if lost else answer

    with serving(respond) as url:
        yield url


def command(url: str, *arguments: str, hangup: str = "signal.SIG_DFL") -> list[str]:
    program = PROGRAM.format(hangup=hangup)
    return [sys.executable, "-c", program, "conform", url, *QUICK, "--write", *arguments]


def begin(url: str, *arguments: str, hangup: str = "signal.SIG_DFL") -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(url, *arguments, hangup=hangup),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def state_of(camera) -> dict[str, object]:
    session = session_with(url_of(camera))
    return {
        "settings": session.lines(SETTINGS),
        "states": [session.line(f"/api/{ccd}State.cgi") for ccd in ("Imager", "Guider")],
        "filter": session.line("/api/GetFilterSetting.cgi?CurrentFilter"),
        "wheel": session.line("/api/FilterState.cgi"),
        "relay": session.line("/api/IsPulseGuiding.cgi"),
        "mirror": session.line("/api/AOStatus.cgi"),
    }


@pytest.mark.parametrize(
    ("action", "number"),
    [
        *((action, signal.SIGINT) for action in ACTIONS),
        ("pulse of minutes", signal.SIGTERM),
        ("pulse of minutes", signal.SIGHUP),
        ("exposure", signal.SIGTERM),
        ("exposure", signal.SIGHUP),
    ],
)
def test_a_signal_ends_a_run_and_everything_is_restored(action, number, camera):
    only, at = ACTIONS[action]
    before = state_of(camera)
    started = threading.Event()
    run: list[subprocess.Popen[str]] = []

    def send() -> bool:
        assert started.wait(60)
        run[0].send_signal(number)
        return False

    with between(camera.port, at, send) as url:
        run.append(begin(url, "--long-pulses", "--only", only))
        started.set()
        _, errors = run[0].communicate(timeout=100)
    assert state_of(camera) == before
    assert run[0].returncode == 128 + number
    assert "Ended early; restored: " in errors
    assert "all settings compared" in errors


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("action", ACTIONS)
def test_lost_answers_are_a_failed_row_and_everything_is_restored(action, lost, camera):
    only, at = ACTIONS[action]
    before = state_of(camera)
    left = [None] * lost

    with between(camera.port, at, lambda: bool(left) and left.pop() is None) as url:
        run = begin(url, "--long-pulses", "--only", only)
        printed, errors = run.communicate(timeout=100)
    assert state_of(camera) == before
    assert run.returncode == 1, errors
    assert f"FAIL  {only} " in printed
    assert "PASS  camera.restored" in printed


@pytest.mark.parametrize(
    ("at", "failed"), [(b"NewPosition=2", "filter wheel at 2"), (b"Setpoint=-12.5", "cooler")]
)
def test_a_part_that_is_not_restored_is_named_and_the_others_are_restored(at, failed, camera):
    before = state_of(camera)
    with between(camera.port, at, lambda: True) as url:
        run = begin(url, "--quiet", "--only", "[fi]*.[cs]*[4m]")
        printed, _ = run.communicate(timeout=100)
    assert run.returncode == 1
    assert "FAIL  camera.restored" in printed
    left, _, restored = printed.partition("NOT RESTORED: ")[2].partition("; restored: ")
    assert left.startswith(f"{failed} (")
    others = {"cooler", "Imager frame", "filter wheel at 2", "all settings compared"} - {failed}
    assert all(other in restored for other in others)
    assert state_of(camera) == before  # what was lost was the answers


@contextmanager
def away(port: int, at: bytes, happens: Callable[[int], bool]) -> Iterator[str]:
    """From a request with `at` on, answer none as long as `happens` says so of its number."""
    unanswered: list[bytes] = []

    def respond(request: bytes) -> bytes:
        if unanswered or at in request:
            unanswered.append(request)
            if happens(len(unanswered)):
                return b""
        return forward(port, request)

    with serving(respond) as url:
        yield url


def test_a_camera_that_is_away_for_a_while_is_restored_when_it_is_back(camera):
    before = state_of(camera)
    lasted: list[int] = []

    def happens(number: int) -> bool:
        lasted.append(number)
        return number <= 50

    # From the row on that sets 100 degrees.
    with away(camera.port, b"Setpoint=100", happens) as url:
        run = begin(url, "--only", "imager.set.C*.maximum")
        printed, errors = run.communicate(timeout=100)
    assert len(lasted) > 50, errors
    assert state_of(camera) == before
    assert "PASS  camera.restored" in printed


def test_a_signal_that_the_caller_ignores_ends_nothing(camera):
    """As under nohup, whose programs go on when the terminal is closed."""
    only, at = ACTIONS["filter"]
    started = threading.Event()
    run: list[subprocess.Popen[str]] = []

    def send() -> bool:
        assert started.wait(60)
        run[0].send_signal(signal.SIGHUP)
        return False

    with between(camera.port, at, send) as url:
        run.append(begin(url, "--only", only, hangup="signal.SIG_IGN"))
        started.set()
        _, errors = run[0].communicate(timeout=100)
    assert run[0].returncode == 0, errors


def test_a_second_signal_ends_the_waiting_for_a_camera_that_is_away(camera):
    run: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def happens(number: int) -> bool:
        assert started.wait(60)
        if number in (1, 30):
            run[0].send_signal(signal.SIGINT)
        return True

    with away(camera.port, b"Setpoint=100", happens) as url:
        run.append(begin(url, "--only", "imager.set.C*.maximum"))
        started.set()
        _, errors = run[0].communicate(timeout=45)
    assert "NOT RESTORED: cooler" in errors
    assert run[0].returncode == 128 + signal.SIGINT


def test_a_report_that_nobody_reads_any_more_is_told_and_the_camera_restored(camera):
    before = state_of(camera)
    read_end, write_end = os.pipe()
    open_ends = [read_end]

    def close() -> bool:
        if open_ends:
            os.close(open_ends.pop())
        return False

    with between(camera.port, b"NewPosition=4", close) as url:
        run = subprocess.Popen(
            command(url, "--only", "filter.change.[45]"),
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(write_end)
        _, errors = run.communicate(timeout=100)
    assert state_of(camera) == before
    assert run.returncode == 1, errors
    assert "Ended early; restored: filter wheel at 2" in errors
    assert "the report could not be written" in errors
    assert "Exception ignored" not in errors
