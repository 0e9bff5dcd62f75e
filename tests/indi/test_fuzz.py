"""A little of `tests.indi.fuzz` in every run, and the same bytes each time."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indi_stx.indi import framing
from tests.indi.fuzz import CASE_BYTES, SCRAPS, cases, check, traffic

pieces = st.one_of(
    st.sampled_from(SCRAPS),
    st.binary(max_size=20),
    st.builds(
        lambda whole, start, length: whole[start : start + length],
        st.sampled_from(traffic()),
        st.integers(0, 9000),
        st.integers(1, 500),
    ),
)
chunk_lengths = st.lists(st.integers(1, 200), min_size=1, max_size=4)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(pieces, max_size=12).map(b"".join), chunk_lengths)
def test_any_pieces_of_traffic_are_survived(damaged: bytes, chunk_bytes: list[int]) -> None:
    check(damaged, chunk_bytes)


def test_damaged_traffic_is_survived() -> None:
    checked = 0
    for damaged, chunk_bytes in islice(cases(seed=1), 50):
        check(damaged, chunk_bytes)
        checked += len(damaged)
    assert checked > 10 * CASE_BYTES


@pytest.mark.parametrize(
    ("damaged", "mistake", "pattern"),
    [
        (b"<!", "_IN_DECLARATION", rb">(?P<next>x)?"),
        (b"<setTextVector device='D'>", "_IN_BODY", rb"</(?P<closed>setTextVector)>"),
        (b"<message a='", "_IN_START_TAG", rb">"),
    ],
)
def test_a_parser_that_swallows_messages_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, damaged: bytes, mistake: str, pattern: bytes
) -> None:
    check(damaged, [7])
    monkeypatch.setattr(framing, mistake, re.compile(pattern))
    with pytest.raises(AssertionError, match="not found"):
        check(damaged, [7])
