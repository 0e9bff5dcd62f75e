"""All rows, and a run of them: what is allowed, in which order, and everything restored."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from indi_stx.conformance import (
    exposures,
    filters,
    fits,
    frames,
    guiding,
    kinds,
    newer,
    protocol,
    settings,
)
from indi_stx.conformance.expecting import Mismatch, Skipped
from indi_stx.conformance.restoring import Restoration, restore, take_snapshot
from indi_stx.conformance.rows import Needs, Outcome, Result, Row
from indi_stx.conformance.session import Session
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable

LOST_AFTER = 3
"""After so many rows in a row without any answer the camera is given up."""
RESTORED = "camera.restored"
RESTORED_ROW = Row(
    RESTORED,
    "After the run",
    "every setting has the value it had before this run",
    lambda _: "",
    Needs.WRITING,
)


@dataclass(frozen=True)
class RunOptions:
    """What a run may do.

    Attributes:
        fresh: the camera has its factory settings, so that defaults can be told.
        long_pulses: guide relays may be closed for more than 2 s.
        only: a pattern of row ids, such as `imager.*`.
    """

    write: bool = False
    flash: bool = False
    fresh: bool = False
    long_pulses: bool = False
    only: str = "*"

    def refusal(self, row: Row) -> str:
        """Return why a row is not run, "" when it is."""
        if row.needs is Needs.FLASH and not self.flash:
            return "writes to Flash memory: needs --flash"
        if row.needs_write and not self.write:
            return "changes the camera: needs --write"
        if row.fresh and not self.fresh:
            return "tells defaults: needs --fresh"
        if row.long_pulse and not self.long_pulses:
            return "may close a guide relay for minutes: needs --long-pulses"
        return ""


def all_rows() -> list[Row]:
    """Return every row in the order of a run: reading, writing, Flash."""
    parts = (protocol, kinds, settings, exposures, frames, filters, guiding, newer, fits)
    return sorted((row for part in parts for row in part.rows()), key=lambda row: row.needs)


class Run:
    """A run of rows; a run that writes ends with `restoration`, however it ends."""

    def __init__(self, session: Session, rows: Iterable[Row], options: RunOptions) -> None:
        self.restoration = Restoration()
        self._session = session
        self._options = options
        self._rows = [row for row in rows if fnmatchcase(row.id, options.only)]
        self._attendant = _Attendant(session)
        session.long_pulses = options.long_pulses

    def results(self) -> Generator[Result, None, None]:
        """Run the rows and yield a result for each, those not run included.

        Close it, or read it to its end: then everything is restored.
        """
        writing = []
        for row in self._rows:
            if refusal := self._options.refusal(row):
                yield Result(row, Outcome.SKIP, refusal)
            elif row.needs_write:
                writing.append(row)
            else:
                yield self._attendant.result(row)
        if not writing:
            return
        try:
            before = take_snapshot(self._session)
        except (Skipped, CameraError) as error:
            yield from (Result(row, Outcome.SKIP, str(error)) for row in writing)
            return
        self._session.cooling = before.ccds["Imager"]["CoolerState"] != "0"
        self._session.touched.clear()
        try:
            yield from (self._attendant.result(row) for row in writing)
        finally:
            self.restoration = restore(self._session, before, flash=self._options.flash)
        outcome = Outcome.FAIL if self.restoration.failed else Outcome.PASS
        yield Result(RESTORED_ROW, outcome, str(self.restoration))


class _Attendant:
    """Runs rows one by one and notices when the camera is gone."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._unanswered = 0

    def result(self, row: Row) -> Result:
        """Run a row; whatever the camera does, it ends in a result."""
        if self._unanswered >= LOST_AFTER:
            return Result(row, Outcome.SKIP, "the camera no longer answers")
        try:
            self._session.require(row.part)
            seen = row.check(self._session)
        except Skipped as reason:
            return Result(row, Outcome.SKIP, str(reason))
        except (CameraUnreachable, CameraTimeout) as error:
            self._unanswered += 1
            return Result(row, Outcome.FAIL, str(error))
        except (Mismatch, CameraError) as error:
            self._unanswered = 0
            return Result(row, Outcome.FAIL, str(error))
        except ValueError as error:
            self._unanswered = 0
            return Result(row, Outcome.FAIL, f"a number was expected: {error}")
        self._unanswered = 0
        return Result(row, Outcome.PASS, seen)
