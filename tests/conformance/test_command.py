"""`indi-stx conform`: report, summary, JSON, exit status, and who is no camera."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from indi_stx.cli import main
from indi_stx.conformance.http import Address
from indi_stx.errors import ValueRefused
from tests.conformance.running import session_with, simulated, url_of
from tests.conformance.wrong_camera import Wrong, serving, wrong_camera

HTML = (
    b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 25\r\n\r\n"
    b"<html><body>Hi!</body></>"
)
NOTHING_TESTED = 3
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def conform(*arguments: str) -> int:
    return main(["conform", *arguments, "--gap-ms", "0", "--start-latency", "0.02"])


def test_a_right_camera_gives_0_and_a_line_for_each_row(capsys, tmp_path: Path):
    report = tmp_path / "report.json"
    with simulated() as camera:
        assert conform(url_of(camera), "--only", "guider.get.*", "--json", str(report)) == 0
    printed = capsys.readouterr().out
    assert "PASS  guider.get.MaxADU  [Guider Get Settings] MaxADU is an integer" in printed
    assert "seen: 65535" in printed
    last = printed.splitlines()[-1]
    assert last.startswith("SBIG STT-8300 at http://127.0.0.1:")
    assert " 0 failed, 0 skipped" in last
    written = json.loads(report.read_text())
    assert written["camera"] == "SBIG STT-8300"
    row = next(row for row in written["rows"] if row["id"] == "guider.get.MaxADU")
    assert row["outcome"] == "PASS"
    assert row["seen"] == "65535"
    assert row["needs_write"] is False


def test_a_wrong_camera_gives_1(capsys):
    with simulated(faults=("garble-text=path=/api/AOStatus.cgi",)) as camera:
        assert conform(url_of(camera), "--only", "ao.*", "--quiet") == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("FAIL  ao.status")
    assert "1 failed" in printed[-1]


def test_skipped_rows_are_counted_by_reason(capsys):
    with simulated() as camera:
        assert conform(url_of(camera), "--only", "newer.*") == NOTHING_TESTED
    last = capsys.readouterr().out.splitlines()[-1]
    assert "3 the firmware of the document" in last
    assert "needs --write" in last


@pytest.mark.parametrize("answer", [HTML, MISSING, b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_what_is_no_camera_gives_2(answer, capsys):
    with serving(lambda request: answer) as url:
        assert conform(url) == 2
    assert "not" in capsys.readouterr().err


def test_a_closed_port_gives_2(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert conform(f"http://127.0.0.1:{taken.getsockname()[1]}") == 2
    assert "Connection refused" in capsys.readouterr().err


def test_silence_gives_2(capsys):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert conform(url, "--timeout", "0.2") == 2
    assert "did not answer within 0.2 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("https://1.1.1.1",),
        ("http://1.1.1.1:x",),
        ("http://",),
        ("1.1.1.1", "--flash"),
        ("1.1.1.1", "--long-pulses"),
    ],
)
def test_impossible_arguments_give_2(arguments, capsys):
    assert conform(*arguments) == 2
    assert capsys.readouterr().err.startswith("indi-stx conform: ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("1.1.1.1", "http://1.1.1.1:80/"),
        ("http://camera:8080/", "http://camera:8080/"),
        ("http://[::1]:81", "http://[::1]:81/"),
    ],
)
def test_addresses(url, shown):
    assert str(Address.parse(url)) == shown


def test_a_url_of_a_call_is_no_address():
    with pytest.raises(ValueRefused):
        Address.parse("http://1.1.1.1/api/Description.cgi")


@pytest.mark.parametrize(
    ("busy", "reason"),
    [
        ("ImagerStartExposure.cgi?Duration=3600&FrameType=1", "the Imager CCD is at work"),
        ("PulseGuide.cgi?DirectionX=1&DurationX=600", "a guide relay is closed"),
        ("ChangeFilter.cgi?NewPosition=4", "the filter wheel moves"),
    ],
)
def test_a_camera_that_somebody_uses_is_not_written_to(busy, reason, capsys):
    with simulated(time_scale=0.01) as camera:
        session = session_with(url_of(camera))
        session.answered(f"/api/{busy}")
        assert conform(url_of(camera), "--write", "--only", "imager.set.*") == NOTHING_TESTED
        assert conform(url_of(camera), "--only", "imager.get.MaxADU") == 0
    assert reason in capsys.readouterr().err


def test_a_camera_whose_states_cannot_be_read_is_tested_but_not_written_to(capsys):
    wrong = Wrong(body=lambda body: body.removesuffix(b"\r\n"))
    with simulated() as camera, wrong_camera(camera.port, wrong) as url:
        assert conform(url, "--write", "--only", "imager.s*") == 1
    printed = capsys.readouterr().out
    assert "FAIL  imager.state" in printed
    assert "PASS" not in printed
    assert "could not be restored afterwards" in printed


def test_without_long_pulses_no_relay_closes_for_more_than_two_seconds(tmp_path: Path):
    log = tmp_path / "requests.jsonl"
    with simulated(request_log=log, time_scale=1.0) as camera:
        assert conform(url_of(camera), "--write", "--quiet", "--only", "pulse.*") == 0
    asked = " ".join(json.loads(line)["uri"] for line in log.read_text().splitlines())
    durations = [float(one) for one in re.findall(r"Duration[XY]=([0-9.-]+)", asked)]
    assert max(durations) == 2
    assert min(durations) == 0  # no negative one either: in 16 bits it is 655 s


def test_an_only_that_fits_no_row_tests_nothing(capsys):
    with simulated() as camera:
        assert conform(url_of(camera), "--only", "no.such.row") == NOTHING_TESTED
    assert "0 rows" in capsys.readouterr().out


def test_rows_on_what_the_camera_lacks_test_nothing(capsys):
    with simulated(faults=("no-guider",)) as camera:
        arguments = (url_of(camera), "--write", "--only", "guider.set.*")
        assert conform(*arguments) == NOTHING_TESTED
    assert "PASS  camera.restored" in capsys.readouterr().out


def test_the_help_tells_every_exit_status(capsys):
    with pytest.raises(SystemExit):
        main(["conform", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for text in ("0 all passed", "1 some failed", "2 no such", "3 nothing was tested", "128 + n"):
        assert text in printed


def test_a_camera_that_vanishes_is_not_asked_forever(capsys):
    with simulated() as camera:
        camera.add_fault("hang=path=/api/Imager")
        url = url_of(camera)
        status = conform(url, "--timeout", "0.2", "--only", "imager.get.*")
    assert status == 1
    assert "the camera no longer answers" in capsys.readouterr().out


def test_commands_keep_the_interval_of_the_document(tmp_path: Path):
    log = tmp_path / "requests.jsonl"
    with simulated(request_log=log) as camera:
        arguments = ["conform", url_of(camera), "--only", "ao.*"]
        assert main(arguments) == 0
    gaps = [json.loads(line)["gap_ms"] for line in log.read_text().splitlines()]
    assert len(gaps) > 3
    assert all(gap >= 50 for gap in gaps if gap is not None)
