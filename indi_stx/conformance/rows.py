"""What a row of the conformance test is, how one is declared, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import partial
from typing import Concatenate, ParamSpec

from indi_stx.conformance.calls import BY_ID
from indi_stx.conformance.session import Session

Arguments = ParamSpec("Arguments")


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


READING, WRITING, FLASH = Needs


@dataclass(frozen=True)
class Row:
    """One statement of the document.

    Attributes:
        id: stable name, such as `imager.get.BinX`; its first word is the device.
        section: of the document, where the statement is.
        check: returns what was seen, or raises Mismatch or Skipped.
        part: "guider", "extguider" or "filter" when it is about something a camera may lack.
        fresh: holds only for a camera as it comes from the factory, or was just started.
        long_pulse: may close a guide relay for minutes if the camera does not answer.
    """

    id: str
    section: str
    description: str
    check: Callable[[Session], str]
    needs: Needs = WRITING
    part: str = ""
    fresh: bool = False
    long_pulse: bool = False

    @property
    def needs_write(self) -> bool:
        """Whether it changes the camera."""
        return self.needs is not READING


@dataclass(frozen=True)
class Result:
    """How a row ended, and what was seen."""

    row: Row
    outcome: Outcome
    seen: str


_PARTS = {
    "guider.": "guider",
    "extguider.": "extguider",
    "filter.change.": "filter",
    "filter.current-name": "filter",
}
ROWS: list[Row] = []
"""All rows; each file of checks adds its own when it is imported."""
Check = Callable[Concatenate[Session, Arguments], str]


def rows(
    name: str,
    needs: Needs = WRITING,
    *,
    each: Iterable[object] = ((),),
    section: str = "",
    fresh: bool = False,
    long_pulse: bool = False,
) -> Callable[[Check[Arguments]], Check[Arguments]]:
    """Declare a check's rows: one for each of its arguments, or several in a tuple.

    The check's docstring is the statement. It, `name` and `section` are formatted with the
    arguments: "{0.name}.start.busy". Without `section` the call that `name` begins with tells it.
    """

    def declare(check: Check[Arguments]) -> Check[Arguments]:
        statement = " ".join((check.__doc__ or "").split()).removesuffix(".")
        for one in each:
            arguments = one if isinstance(one, tuple) else (one,)
            identity = name.format(*arguments)
            row = Row(
                identity,
                section.format(*arguments) or _section_of(identity),
                statement.format(*arguments),
                partial(_seen, check, arguments),
                needs,
                next((part for start, part in _PARTS.items() if identity.startswith(start)), ""),
                fresh,
                long_pulse,
            )
            ROWS.append(row)
        return check

    return declare


def _seen(check: Callable[..., str], arguments: tuple[object, ...], session: Session) -> str:
    return check(session, *arguments)


def _section_of(name: str) -> str:
    while name not in BY_ID:
        name = name.rpartition(".")[0]
    return BY_ID[name].section
