"""Every row, one by one, against simulated cameras of both firmwares; and whole runs of others."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from indi_stx.conformance.calls import PATHS
from indi_stx.conformance.checks import RESTORED, Run, RunOptions, all_rows
from indi_stx.conformance.rows import Needs, Outcome
from tests.conformance.running import EVERYTHING, results_of, session_with, simulated, url_of

pytestmark = pytest.mark.timeout(240)

ROWS = [row.id for row in all_rows()]
FILTERS = RunOptions(write=True, flash=True, fresh=True, only="filter.*")
CAMERAS = {
    "document": {"model": "STT-8300", "firmware": "document"},
    "newer-odd-sensor": {"model": "STXL-6303", "firmware": "newer"},
}


@pytest.fixture(scope="module", params=CAMERAS.values(), ids=CAMERAS.keys())
def run(request, tmp_path_factory):
    """Return the results of all rows and the URIs that were asked for."""
    log = tmp_path_factory.mktemp("conformance") / "requests.jsonl"
    with simulated(request_log=log, **request.param) as camera:
        results = results_of(url_of(camera))
    return results, [json.loads(line)["uri"] for line in log.read_text().splitlines()]


@pytest.mark.parametrize("row", [*ROWS, RESTORED])
def test_row(run, row):
    result = run[0][row]
    if result.outcome is Outcome.SKIP:
        assert result.seen == "the firmware of the document: 0x80001000"
        assert row.startswith("newer.")
    else:
        assert result.outcome is Outcome.PASS, result.seen


def test_a_run_makes_each_of_the_37_calls(run):
    assert len(PATHS) == len(set(PATHS)) == 37
    assert set(PATHS) <= {uri.split("?")[0] for uri in run[1]}


def test_no_row_is_there_twice():
    assert len(set(ROWS)) == len(ROWS)


def _not_passed(results):
    return {
        row: f"{result.outcome.value}: {result.seen}"
        for row, result in results.items()
        if result.outcome is not Outcome.PASS
    }


def test_another_model_of_newer_firmware_passes_all_rows():
    with simulated(model="STX-16803", firmware="newer") as camera:
        assert _not_passed(results_of(url_of(camera))) == {}


@pytest.mark.parametrize("only", ["imager.*", "[eg]*", "[!eig]*"])
def test_no_row_needs_another_that_ran_before(only):
    options = replace(EVERYTHING, only=only)
    with simulated(firmware="newer", filter_name_key="example") as camera:
        session = session_with(url_of(camera))
        backwards = list(Run(session, all_rows()[::-1], options).results())
    by_row = {result.row.id: result for result in backwards}
    defaults = {row: result for row, result in by_row.items() if result.row.needs is Needs.FRESH}
    assert _not_passed(by_row) == {}
    assert defaults


@pytest.mark.parametrize("slots", [5, 7])
def test_a_small_wheel_may_refuse_the_filters_it_lacks(slots):
    with simulated(filter_slots=slots) as camera:
        results = results_of(url_of(camera), FILTERS)
    assert _not_passed(results) == {}
    assert "smaller wheel" in results[f"filter.change.{slots + 1}"].seen
    assert "smaller wheel" not in results[f"filter.change.{slots}"].seen


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("both", "Filter1Name and Filter1"),
        ("table", "Filter1Name"),
        ("example", "Filter1"),
    ],
)
def test_either_spelling_of_filter_names_passes_and_is_told(key, seen):
    with simulated(filter_name_key=key) as camera:
        results = results_of(url_of(camera), FILTERS)
    assert _not_passed(results) == {}
    assert results["filter.name.spelling"].seen == seen


@pytest.mark.parametrize(
    ("fault", "only", "rows"),
    [
        ("no-guider", "*r.[gs]*", ["guider."]),
        ("no-external-guider", "*r.[gs]*", ["extguider."]),
        ("filter-missing", "f*", ["filter.change.", "filter.current-name"]),
    ],
)
def test_what_a_camera_lacks_is_skipped_with_the_reason(fault, only, rows):
    with simulated(faults=(fault,), firmware="newer") as camera:
        options = RunOptions(write=True, flash=True, fresh=True, only=only)
        left = _not_passed(results_of(url_of(camera), options))
    assert left
    assert all(row.startswith(tuple(rows)) for row in left), left
    assert all(text.startswith(("SKIP: the camera has no", "SKIP: no")) for text in left.values())
