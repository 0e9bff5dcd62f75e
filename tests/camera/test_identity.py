"""Names of exposures, and whose an image is by its DATE-OBS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indi_stx.camera.exposing.identity import Identity, Names, written

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@given(st.lists(st.integers(-3000, 3000), min_size=2, max_size=30))
def test_no_two_names_are_alike_whatever_the_clock_does(jumps_ms: list[int]) -> None:
    names, now, given_names = Names(), NOON, []
    for jump in jumps_ms:
        now += timedelta(milliseconds=jump, microseconds=7)
        given_names.append(written(names.new(now)))
    assert len(set(given_names)) == len(given_names)
    assert given_names == sorted(given_names)


def test_our_own_name_is_ours() -> None:
    names = Names()
    ours = names.new(NOON)
    assert names.judge("2026-11-25T12:00:00.000", ours) is Identity.OURS


def test_the_name_before_is_another_exposure() -> None:
    names = Names()
    before, ours = names.new(NOON), names.new(NOON + timedelta(seconds=9))
    assert names.judge(written(before), ours) is Identity.OTHER


@pytest.mark.parametrize("date_obs", [None, "2008-01-01T00:00:00.000", "2026-11-25T11:59:58.120"])
def test_a_camera_that_was_never_seen_to_echo_says_nothing(date_obs: str | None) -> None:
    names = Names()
    assert names.judge(date_obs, names.new(NOON)) is Identity.UNKNOWN


def test_a_strange_time_is_another_programs_once_the_camera_is_known_to_echo() -> None:
    names = Names()
    first = names.new(NOON)
    names.judge(written(first), first)
    ours = names.new(NOON + timedelta(seconds=9))
    assert names.judge("2026-11-25T11:59:58.120", ours) is Identity.OTHER


def test_a_camera_that_cuts_off_the_milliseconds() -> None:
    names = Names()
    before, ours = names.new(NOON), names.new(NOON + timedelta(seconds=3, milliseconds=250))
    assert names.judge("2026-11-25T12:00:03", ours) is Identity.OURS
    assert names.judge("2026-11-25T12:00:00", ours) is Identity.OTHER
    again = names.new(NOON + timedelta(seconds=3, milliseconds=900))
    assert names.judge("2026-11-25T12:00:03", again) is Identity.UNKNOWN
    assert names.judge("2026-11-25T12:00:00", before) is Identity.OURS
