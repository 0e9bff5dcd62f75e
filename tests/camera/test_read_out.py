"""Learning how long a CCD reads out: few questions, and soon after the frame is there."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from indi_stx.camera.exposing.read_out import REMEMBERED, STEP_S, Looks, ReadOuts, Window, key
from indi_stx.stx.settings import Geometry

FRAME = Geometry(0, 0, 1000, 800)
ANSWER_S = 0.004


def fetch(read_outs: ReadOuts, true_s: float, late_s: float = 0.0) -> tuple[int, float]:
    """Ask for one frame; return how many questions it took, and how late it was asked for.

    Args:
        read_outs: learns.
        true_s: the read-out.
        late_s: by how much the exposure began later than the driver thinks.
    """
    looks, now_s, questions = Looks(read_outs.of(FRAME)), 0.0, 0
    while True:
        now_s += looks.pause_s(now_s)
        questions += 1
        assert questions < 10_000
        if now_s >= true_s + late_s:
            looks.there(now_s)
            read_outs.learn(FRAME, looks.window)
            return questions, now_s - true_s - late_s
        looks.not_there(now_s)
        now_s += ANSWER_S


@given(st.floats(0.2, 20))
def test_a_known_read_out_takes_three_questions_in_time(true_s: float) -> None:
    read_outs = ReadOuts({})
    for _ in range(12):
        fetch(read_outs, true_s)
    questions, late_s = fetch(read_outs, true_s)
    assert questions <= 3, "one that sees it reading out, one just before, one that finds it there"
    assert late_s < 0.016


@given(st.floats(0.2, 10), st.integers(0, 1000))
def test_a_start_that_varies_costs_little(true_s: float, seed: int) -> None:
    vary, read_outs = random.Random(seed), ReadOuts({})
    taken = [fetch(read_outs, true_s, vary.uniform(-0.004, 0.004)) for _ in range(40)][8:]
    assert sorted(questions for questions, _ in taken)[len(taken) // 2] <= 4
    assert sorted(late for _, late in taken)[len(taken) // 2] < 0.03
    assert max(late for _, late in taken) <= STEP_S + ANSWER_S


@given(st.floats(0.2, 3), st.floats(0.2, 3))
def test_a_camera_that_reads_out_differently_is_learnt_anew(first_s: float, then_s: float) -> None:
    read_outs = ReadOuts({})
    for _ in range(8):
        fetch(read_outs, first_s)
    for _ in range(20):
        fetch(read_outs, then_s)
    _, late_s = fetch(read_outs, then_s)
    assert late_s < 2 * STEP_S + 0.016, "a little shorter goes unnoticed"


def test_an_unknown_read_out_is_asked_for_closely() -> None:
    questions, late_s = fetch(ReadOuts({}), 1.0)
    assert 14 <= questions <= 18
    assert late_s <= STEP_S + ANSWER_S


def test_geometries_are_known_apart_and_old_ones_forgotten() -> None:
    known: dict[str, Window] = {}
    read_outs = ReadOuts(known)
    for width in range(1, REMEMBERED + 2):
        read_outs.learn(Geometry(0, 0, width, 1), Window(0.1, 0.2))
    assert len(known) == REMEMBERED
    assert read_outs.of(Geometry(0, 0, 1, 1)) is None
    assert key(Geometry(1, 2, 30, 40, 5, 6)) == "30x40+1+2 5x6"
