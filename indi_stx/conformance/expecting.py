"""What a check raises: the camera did something else, or it cannot be tried."""

from __future__ import annotations

from indi_stx.errors import IndiStxError


class Mismatch(IndiStxError):
    """The camera did something else than the document says; the text is what it did."""


class Skipped(IndiStxError):
    """The row cannot be tried; the text says why."""


def expect(condition: bool, seen: str) -> None:
    """Raise Mismatch with what was seen unless the condition holds."""
    if not condition:
        raise Mismatch(seen)
