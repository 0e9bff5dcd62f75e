"""The suite is careful: what it may not touch it leaves alone, what it touched it restores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from indi_stx.conformance.calls import BY_ID, READING_PATHS
from indi_stx.conformance.checks import RESTORED, Run, RunOptions, all_rows
from indi_stx.conformance.rows import Outcome
from tests.conformance.running import EVERYTHING, results_of, session_with, simulated, url_of

pytestmark = pytest.mark.timeout(240)

ODD_SETTINGS = (
    "/api/ImagerSetSettings.cgi?BinX=3&BinY=2&CCDTemperatureSetpoint=-12.5&FanState=1&FanPower=40",
    "/api/ImagerSetSettings.cgi?NumX=1000&NumY=900",
    "/api/GuiderSetSettings.cgi?StartX=7",  # NumX, still the whole width, fits no longer
    "/api/ExtGuiderSetSettings.cgi?StartY=9&NumY=11",
    "/api/SetFilterName.cgi?Filter1Name=Lum%20%26%201",
    "/api/SetFITSSetting.cgi?ObjectName=O%27Neill%3F&FL=1234.50",
)
ASKED = (
    "/api/ImagerGetSettings.cgi?BinX&BinY&CoolerState&CCDTemperatureSetpoint&StartX&StartY&NumX"
    "&NumY&FanState&FanPower&OverScan",
    "/api/GuiderGetSettings.cgi?BinX&BinY&StartX&StartY&NumX&NumY",
    "/api/ExtGuiderGetSettings.cgi?BinX&BinY&StartX&StartY&NumX&NumY",
    "/api/GetFilterSetting.cgi?CurrentFilter&Filter1Name&Filter2Name&Filter8Name",
    "/api/GetFITSSetting.cgi?ObjectName&Observer&Telescope&FL&Aperture&Area",
)


def read_all(session):
    return [session.lines(uri) for uri in ASKED]


@pytest.fixture
def camera():
    with simulated(firmware="newer") as running:
        yield running


def test_without_write_only_reading_calls_are_made(tmp_path: Path):
    log = tmp_path / "requests.jsonl"
    with simulated(request_log=log) as camera:
        results = results_of(url_of(camera), RunOptions(fresh=True))
    paths = {json.loads(line)["uri"].split("?")[0] for line in log.read_text().splitlines()}
    strangers = paths - READING_PATHS
    assert strangers == {"/api/NoSuchCall.cgi", "/no/such/page"}
    assert not any("=" in json.loads(line)["uri"] for line in log.read_text().splitlines())
    skipped = [r for r in results.values() if r.outcome is Outcome.SKIP and r.row.needs_write]
    assert len(skipped) == len([row for row in all_rows() if row.needs_write])


def test_without_flash_nothing_is_written_to_flash(camera):
    before = camera.camera.flash.writes
    results = results_of(url_of(camera), RunOptions(write=True, only="f*"))
    assert camera.camera.flash.writes == before
    assert results["fits.set.example"].seen == "writes to Flash memory: needs --flash"
    assert results["filter.default.Filter1Name"].seen == "tells defaults: needs --fresh"


def test_settings_are_restored_even_unusual_ones(camera):
    session = session_with(url_of(camera))
    for uri in ODD_SETTINGS:
        session.answered(uri)
    session.answered("/api/ChangeFilter.cgi?NewPosition=3")
    session.until(BY_ID["filter.state"])
    before = read_all(session)
    results = results_of(url_of(camera), replace(EVERYTHING, fresh=False))
    assert results[RESTORED].outcome is Outcome.PASS, results[RESTORED].seen
    assert not [r.row.id for r in results.values() if r.outcome is Outcome.FAIL]
    assert read_all(session) == before


def test_a_run_that_is_given_up_restores_too(camera):
    session = session_with(url_of(camera))
    for uri in ODD_SETTINGS:
        session.answered(uri)
    before = read_all(session)
    running = Run(session, all_rows(), RunOptions(write=True, only="*set*")).results()
    for result in running:
        if result.row.id == "guider.set.StartX.maximum":
            break
    assert read_all(session) != before
    running.close()
    assert read_all(session) == before


def test_a_running_cooler_is_left_alone(camera):
    session = session_with(url_of(camera))
    session.answered("/api/ImagerSetSettings.cgi?CoolerState=1&CCDTemperatureSetpoint=5.0")
    results = results_of(url_of(camera), RunOptions(write=True, only="imager.set.C*"))
    reasons = {r.seen for r in results.values() if r.row.id != RESTORED}
    assert reasons == {"the cooler is on"}
    asked = "/api/ImagerGetSettings.cgi?CoolerState&CCDTemperatureSetpoint"
    assert session.lines(asked) == ["1", "5.00"]


def test_a_camera_at_work_is_only_read(camera):
    session = session_with(url_of(camera))
    session.answered("/api/GuiderStartExposure.cgi?Duration=3600&FrameType=1")
    results = results_of(url_of(camera), replace(EVERYTHING, only="*guider.[sa]*"))
    done = {r.row.id for r in results.values() if r.outcome is not Outcome.SKIP}
    assert done == {"guider.state", "extguider.state"}
    assert results["guider.start.example"].seen == "the Guider CCD is at work (state 2)"
    assert session.line("/api/GuiderState.cgi") == "2"
