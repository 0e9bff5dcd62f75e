"""What a row of the conformance test is, how one is declared, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import partial
from typing import Concatenate, ParamSpec

from indi_stx.conformance.calls import BY_ID
from indi_stx.conformance.session import Session

Arguments = ParamSpec("Arguments")
Check = Callable[Concatenate[Session, Arguments], str]
"""Returns what was seen, or raises Mismatch or Skipped."""
Step = Callable[[Session], str]


class Outcome(Enum):
    """How a row ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"


class Needs(IntEnum):
    """What a row does to the camera, or asks of it; rows run in this order."""

    READING = 0
    FRESH = 1  # reads, and holds for a camera with factory settings that was just started
    WRITING = 2
    MINUTES = 3  # may close a guide relay for minutes if the camera does not answer
    FLASH = 4


READING, FRESH, WRITING, MINUTES, FLASH = Needs


@dataclass(frozen=True)
class Row:
    """One statement of the document: a stable id, such as `imager.get.BinX`, and its section."""

    id: str
    section: str
    description: str
    check: Step
    needs: Needs

    @property
    def needs_write(self) -> bool:
        """Whether it changes the camera."""
        return self.needs >= WRITING

    @property
    def device(self) -> str:
        """What it is about: the first word of its id."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Result:
    """How a row ended, and what was seen."""

    row: Row
    outcome: Outcome
    seen: str


ROWS: list[Row] = []
"""All rows; each file of checks adds its own when it is imported."""


def rows(
    name: str, needs: Needs = WRITING, *, each: Iterable[object] = ((),), section: str = ""
) -> Callable[[Check[Arguments]], Check[Arguments]]:
    """Declare a check's rows: one for each of its arguments, or several in a tuple.

    The check's docstring is the statement. It, `name` and `section` are formatted with the
    arguments: "{0.name}.start.busy". Without `section` the call that `name` begins with tells it.
    """

    def declare(check: Check[Arguments]) -> Check[Arguments]:
        statement = " ".join((check.__doc__ or "").split()).removesuffix(".")
        for one in each:
            given = one if isinstance(one, tuple) else (one,)
            identity, text = name.format(*given), statement.format(*given)
            where = section.format(*given) or _section_of(identity)
            ROWS.append(Row(identity, where, text, partial(_run, check, given), needs))
        return check

    return declare


def _run(check: Callable[..., str], given: tuple[object, ...], session: Session) -> str:
    return check(session, *given)


def _section_of(name: str) -> str:
    while name not in BY_ID:
        name = name.rpartition(".")[0]
    return BY_ID[name].section


def sequence(session: Session, _row: str, _statement: str, steps: Sequence[Step]) -> str:
    """{1}."""
    return "; ".join(step(session) for step in steps)


def ask(uri: str, *codes: int | None) -> Step:
    """Make a step of a call that must be answered with one of `codes`, None for acceptance."""
    return lambda session: session.answered(uri, *codes)
