"""The exposure state table and what an observed camera state means."""

from __future__ import annotations

import pytest

from indi_stx.camera.exposing.phases import (
    TRANSITIONS,
    Event,
    Exposure,
    ExposureLost,
    Phase,
    Verdict,
    next_phase,
)
from indi_stx.stx import CcdState


def walk(*events: Event) -> Phase:
    phase = Phase.IDLE
    for event in events:
        phase = next_phase(phase, event)
    return phase


def test_an_exposure_runs_through_all_phases() -> None:
    assert walk(Event.REQUESTED) is Phase.STARTING
    assert walk(Event.REQUESTED, Event.ACCEPTED) is Phase.EXPOSING
    assert walk(Event.REQUESTED, Event.ACCEPTED, Event.TIME_UP) is Phase.READING_OUT
    up_to_ready = (Event.REQUESTED, Event.ACCEPTED, Event.TIME_UP, Event.READY)
    assert walk(*up_to_ready) is Phase.DOWNLOADING
    assert walk(*up_to_ready, Event.RECEIVED) is Phase.IDLE


@pytest.mark.parametrize("phase", Phase)
def test_an_abort_ends_it_anywhere_and_a_failure_wherever_it_runs(phase: Phase) -> None:
    assert next_phase(phase, Event.ABORTED) is Phase.IDLE
    if phase is not Phase.IDLE:
        assert next_phase(phase, Event.FAILED) is Phase.IDLE


@pytest.mark.parametrize("phase", Phase)
def test_events_out_of_place_are_bugs(phase: Phase) -> None:
    for event in set(Event) - set(TRANSITIONS[phase]):
        with pytest.raises(KeyError):
            next_phase(phase, event)


@pytest.mark.parametrize(
    ("seen_running", "at", "state", "meaning"),
    [
        (False, 0.1, CcdState.IDLE, Verdict.WAIT),
        (False, 0.1, CcdState.EXPOSING, Verdict.WAIT),
        (True, 5.0, CcdState.EXPOSING, Verdict.WAIT),
        (True, 10.1, CcdState.EXPOSING, Verdict.WAIT),
        (True, 10.1, CcdState.READING_OUT, Verdict.WAIT),
        (False, 0.1, CcdState.WAITING, Verdict.WAIT),
        (True, 10.1, CcdState.WAITING, Verdict.WAIT),
        (True, 10.1, CcdState.DOWNLOADING, Verdict.WAIT),
        (True, 10.1, CcdState.IDLE, Verdict.DOUBT),
        (False, 10.1, CcdState.IDLE, Verdict.DOUBT),
        (True, 5.0, CcdState.IDLE, None),
        (True, 5.0, CcdState.ERROR, None),
        (False, 12.0, CcdState.ERROR, None),
    ],
)
def test_what_an_observation_means(
    seen_running: bool, at: float, state: CcdState, meaning: Verdict | None
) -> None:
    exposure = Exposure(duration_s=10, started_s=100, seen_running=seen_running)
    if meaning is None:
        with pytest.raises(ExposureLost):
            exposure.observe(state, 100 + at)
    else:
        assert exposure.observe(state, 100 + at) is meaning
    assert exposure.seen_running or state not in (CcdState.EXPOSING, CcdState.READING_OUT)


def test_a_frame_of_before_is_not_believed_while_this_exposure_should_run() -> None:
    """The camera may report the state of the frame before until the new exposure shows."""
    exposure = Exposure(duration_s=10, started_s=100)
    assert exposure.observe(CcdState.IDLE, 100.3) is Verdict.WAIT
    assert exposure.observe(CcdState.IDLE, 109.9) is Verdict.WAIT
    assert exposure.remaining_s(103) == 7
    assert exposure.remaining_s(120) == 0


@pytest.mark.parametrize(
    "seen",
    [
        [CcdState.READING_OUT],
        [CcdState.DOWNLOADING],
        [CcdState.READING_OUT, CcdState.DOWNLOADING, CcdState.WAITING],
    ],
)
def test_a_frame_that_was_seen_being_read_out_is_believed(seen: list[CcdState]) -> None:
    exposure = Exposure(duration_s=10, started_s=100)
    for state in seen:
        assert exposure.observe(state, 110.1) is Verdict.WAIT
    assert exposure.observe(CcdState.IDLE, 110.2) is Verdict.READY


def test_a_read_out_before_the_time_is_that_of_another_exposure() -> None:
    exposure = Exposure(duration_s=10, started_s=100)
    exposure.observe(CcdState.READING_OUT, 100.1)
    assert exposure.observe(CcdState.IDLE, 110.2) is Verdict.DOUBT


def test_an_exposure_after_the_read_out_casts_doubt() -> None:
    exposure = Exposure(duration_s=10, started_s=100)
    for state in (CcdState.READING_OUT, CcdState.EXPOSING, CcdState.READING_OUT):
        assert exposure.observe(state, 110.1) is Verdict.WAIT
    assert exposure.observe(CcdState.IDLE, 112) is Verdict.DOUBT
