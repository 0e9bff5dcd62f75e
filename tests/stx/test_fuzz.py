"""A little of `tests.stx.fuzz` in every run, and the same replies each time."""

from __future__ import annotations

import pytest

from indi_stx.errors import CameraReplyInvalid
from indi_stx.stx import api
from indi_stx.stx.answers import Answer
from indi_stx.stx.link import Link
from indi_stx.stx.replies import refusal
from tests.stx.fuzz import run


async def test_damaged_replies_are_survived() -> None:
    outcomes = await run(500, seed=1)
    assert set(outcomes) >= {"a value", "CameraReplyInvalid", "CameraUnreachable", "CameraRefused"}


async def test_an_error_of_another_tree_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(_link: Link, answer: Answer, request: str, text: str) -> None:
        if answer.head.status != 200:
            raise {400: refusal(text, request=request)}[answer.head.status]

    monkeypatch.setattr(Link, "_check", careless)
    with pytest.raises(KeyError):
        await run(2000, seed=1)


async def test_an_error_that_quotes_everything_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wordy(text: str, *, request: str) -> str:
        raise CameraReplyInvalid(text * 100, request=request)

    monkeypatch.setattr(api, "single_line", wordy)
    with pytest.raises(AssertionError, match="quotes too much"):
        await run(5000, seed=1)
