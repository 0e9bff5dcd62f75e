"""What a row of the conformance test is, and how it can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import wraps
from typing import Concatenate, ParamSpec

from indi_stx.conformance.session import Session

Check = Callable[[Session], str]
"""Returns what was seen, or raises Mismatch or Skipped."""


Arguments = ParamSpec("Arguments")


def check_of(
    function: Callable[Concatenate[Session, Arguments], str],
) -> Callable[Arguments, Check]:
    """Turn `f(session, *about)` into `f(*about)`, which returns a check."""

    @wraps(function)
    def about(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Check:
        return lambda session: function(session, *args, **kwargs)

    return about


class Outcome(Enum):
    """How a row ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"


class Needs(IntEnum):
    """What a row does to the camera; rows run in this order."""

    READING = 0
    WRITING = 1
    FLASH = 2


@dataclass(frozen=True)
class Row:
    """One statement of the document.

    Attributes:
        id: stable name, such as `imager.get.BinX`.
        section: of the document, where the statement is.
        part: "Guider", "ExtGuider" or "Filter" when it is about something a camera may lack.
        fresh: holds only for a camera as it comes from the factory, or was just started.
        long_pulse: may close a guide relay for minutes if the camera does not answer.
    """

    id: str
    section: str
    description: str
    check: Check
    needs: Needs = Needs.READING
    part: str = ""
    fresh: bool = False
    long_pulse: bool = False

    @property
    def needs_write(self) -> bool:
        """Whether it changes the camera."""
        return self.needs is not Needs.READING


@dataclass(frozen=True)
class Result:
    """How a row ended, and what was seen."""

    row: Row
    outcome: Outcome
    seen: str
