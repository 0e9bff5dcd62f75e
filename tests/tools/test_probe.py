"""`indi-stx probe`: what it shows of a camera, what it does not touch, and what trouble says."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from indi_stx.cli import main
from indi_stx.stx import BlockingCamera
from indi_stx.tools import findings
from tests.conformance.wrong_camera import serving
from tests.tools.cameras import READS, WEB_PAGE, requests_in, simulated, url_of


def take_guide_frame(host: str, port: int) -> None:
    with BlockingCamera(host, port) as camera:
        camera.guider.expose_and_wait(0.05)


def test_everything_is_shown_and_nothing_is_changed(capsys, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    with simulated(firmware="newer", bandwidth_bytes_per_s=1e6, request_log=log) as camera:
        take_guide_frame(camera.host, camera.port)
        before = len(requests_in(log))
        assert main(["probe", url_of(camera)]) == 0
    printed = capsys.readouterr()
    for row in (
        r"Model +SBIG STT-8300",
        r"Firmware profile +newer than the API document",
        r"Serial number +STX\d+",
        r"Imager +3326 x 2504 pixels of 5.4 x 5.4 um",
        r"Filters +1 Empty, 2 Empty",
        r"Guide relays +open",
        r"Adaptive optics +idle",
        r"FITS focal length +2000 mm",
        r"Round trip +\d+ ms \(\d+ ms to \d+ ms, 10 commands\)",
        r"Commands while a frame is sent +answered within \d+ ms",
        r"Cooler power +% +0 +0",
        r"Fan state +automatic",
        r"Gain +e-/ADU +0.37 +0.65 +0.65",
        r"Image ready +no +yes +no",
    ):
        assert re.search(row, printed.out), row
    assert printed.err == ""
    assert "\x1b" not in printed.out
    asked = requests_in(log)[before:]
    assert len(asked) > 25
    assert not [uri for uri in asked if not READS.fullmatch(uri.partition("?")[0])]


def test_json_has_all_of_it(capsys):
    with simulated(faults=("no-external-guider",)) as camera:
        assert main(["probe", url_of(camera), "--json", "--no-frame"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["description"] == "SBIG STT-8300"
    assert found["firmware_profile"] == "document"
    assert list(found["ccds"]) == ["imager", "guider"]
    imager = found["ccds"]["imager"]
    assert (imager["state"], imager["image_ready"]) == ("idle", False)
    assert imager["settings"]["sensor_width"] == 3326
    assert imager["settings"]["cooler_on"] is False
    assert found["filter_wheel"]["names"]["8"] == "Empty"
    assert found["guiding"]["relays"]["y_minus_s"] == 0
    assert len(found["link"]["round_trips_s"]) == 10
    assert found["link"]["while_streaming"] is None
    assert (found["remarks"], found["troubles"]) == ([], [])


def test_a_camera_that_answers_only_after_a_frame_is_found_out(capsys):
    with simulated(bandwidth_bytes_per_s=1e6, faults=("single-connection",)) as camera:
        take_guide_frame(camera.host, camera.port)
        assert main(["probe", url_of(camera)]) == 0
    assert "answered only after the frame" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_wrong_address(as_json: bool, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert main(["probe", url, *["--json"] * as_json]) == 1
    printed = capsys.readouterr()
    if as_json:
        [trouble] = json.loads(printed.out)["troubles"]
        assert "refuses connections" in trouble["message"]
        assert "indi-stx find" in trouble["hint"]
    else:
        assert printed.out == ""
        assert "refuses connections" in printed.err
        assert "indi-stx find" in printed.err


def test_a_web_server_that_is_no_camera(capsys):
    with serving(lambda request: WEB_PAGE) as url:
        assert main(["probe", url]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "as no STX camera does" in printed.err
    assert "indi-stx conform" in printed.err


def test_a_camera_at_work_is_told_of_and_its_frame_left_alone(capsys, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    with simulated(time_scale=1.0, request_log=log) as camera:
        with BlockingCamera(camera.host, camera.port) as other:
            other.imager.start_exposure(600, 1)
        assert main(["probe", url_of(camera)]) == 0
    printed = capsys.readouterr().out
    assert "The imager is at work for another program" in printed
    assert "not tried" in printed
    assert not [uri for uri in requests_in(log) if ".bin" in uri or ".FIT" in uri]


def test_what_fails_is_listed_and_the_rest_is_shown(capsys):
    with simulated(faults=("garble-text=path=/api/AOStatus.cgi", "filter-missing")) as camera:
        assert main(["probe", url_of(camera)]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("indi-stx probe: adaptive optics: ")
    assert "indi-stx conform" in printed.err
    assert "The filter wheel reports an error: none is connected, or it is jammed" in printed.out
    assert re.search(r"Adaptive optics +not known", printed.out)
    assert re.search(r"FITS focal length +2000 mm", printed.out)


def test_a_camera_that_falls_silent_is_not_asked_for_ever(capsys, monkeypatch):
    monkeypatch.setattr(findings, "ANSWER_LIMIT_S", 0.2)
    with simulated(faults=("hang=path=/api/Guider", "hang=path=/api/Ext")) as camera:
        camera.add_fault("hang=path=/api/Filter")
        assert main(["probe", url_of(camera)]) == 1
    printed = capsys.readouterr()
    assert "left 3 questions without an answer" in printed.err
    assert "adaptive optics" not in printed.err
    assert "SBIG STT-8300" in printed.out


@pytest.mark.parametrize(
    "url", ["https://1.1.1.1", "http://", "http://1.1.1.1:x", "http://1.1.1.1/api", "a b"]
)
def test_what_is_no_address_is_told_at_once(url: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["probe", url])
    assert ended.value.code == 2
    assert "write http://HOST or http://HOST:PORT" in capsys.readouterr().err


def test_texts_of_a_camera_cannot_command_the_terminal(capsys):
    evil = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n[red]SBIG\x1b[2J\r\n"
    with serving(lambda request: evil) as url:
        assert main(["probe", url]) == 1
    printed = capsys.readouterr()
    assert "[red]SBIG?[2J" in printed.out
    assert "\x1b" not in printed.out + printed.err


def test_colours_where_they_are_wanted(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with simulated() as camera:
        main(["probe", url_of(camera), "--no-frame"])
        assert "\x1b[1m" in capsys.readouterr().out
        monkeypatch.setenv("NO_COLOR", "1")
        with serving(lambda request: WEB_PAGE) as url:
            main(["probe", url])
    assert "\x1b[31m" not in capsys.readouterr().err
