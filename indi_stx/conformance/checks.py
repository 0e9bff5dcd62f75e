"""A run of the rows: what is allowed, in which order, and everything restored."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

# Each of these declares its rows when it is imported.
from indi_stx.conformance import (  # noqa: F401
    exposures,
    filters,
    frames,
    guiding,
    kinds,
    newer,
    protocol,
    settings,
)
from indi_stx.conformance.restoring import Restoration, end_begun, restore, take_snapshot
from indi_stx.conformance.rows import FLASH, FRESH, MINUTES, ROWS, WRITING, Outcome, Result, Row
from indi_stx.conformance.session import Mismatch, Session, Skipped
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable

LOST_AFTER = 3
"""After so many rows in a row without any answer the camera is given up."""
RESTORED = "camera.restored"
_DEVICES = (
    *("http", "conversation", "camera", "imager", "guider", "extguider"),
    *("filter", "pulse", "ao", "fits", "newer", "example-program"),
)
_STATEMENT = "every setting has the value it had before this run"
RESTORED_ROW = Row(RESTORED, "After the run", _STATEMENT, lambda _: "", WRITING)


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
        if row.needs is FLASH and not self.flash:
            return "writes to Flash memory: needs --flash"
        if row.needs_write and not self.write:
            return "changes the camera: needs --write"
        if row.needs is FRESH and not self.fresh:
            return "tells defaults: needs --fresh"
        if row.needs is MINUTES and not self.long_pulses:
            return "may close a guide relay for minutes: needs --long-pulses"
        return ""


def all_rows() -> list[Row]:
    """Return every row in the order of a run: reading, writing, Flash; each device by device."""
    return sorted(ROWS, key=lambda row: (row.needs, _DEVICES.index(row.device)))


class Run:
    """A run of rows; a run that writes ends with `restoration`, however it ends."""

    def __init__(self, session: Session, rows: Iterable[Row], options: RunOptions) -> None:
        self.restoration = Restoration()
        self._session = session
        self._options = options
        self._rows = [row for row in rows if fnmatchcase(row.id, options.only)]
        self._unanswered = 0
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
                yield self._result(row)
        if not writing:
            return
        try:
            before = take_snapshot(self._session)
        except (Skipped, CameraError) as error:
            yield from (Result(row, Outcome.SKIP, str(error)) for row in writing)
            return
        self._session.cooling = before.settings["imager.set"]["CoolerState"] != "0"
        self._session.touched.clear()
        try:
            yield from (self._result(row) for row in writing)
        finally:
            self.restoration = restore(self._session, before)
        outcome = Outcome.FAIL if self.restoration.failed else Outcome.PASS
        yield Result(RESTORED_ROW, outcome, str(self.restoration))

    def _result(self, row: Row) -> Result:
        """Run a row; whatever the camera does, it ends in a result."""
        if self._unanswered >= LOST_AFTER:
            return Result(row, Outcome.SKIP, "the camera no longer answers")
        if reason := self._missing(row):
            return Result(row, Outcome.SKIP, reason)
        unanswered, self._unanswered = self._unanswered, 0
        try:
            try:
                seen = row.check(self._session)
            finally:
                end_begun(self._session)
        except Skipped as error:
            self._unanswered = unanswered
            return Result(row, Outcome.SKIP, str(error))
        except (CameraUnreachable, CameraTimeout) as error:
            self._unanswered = unanswered + 1
            return Result(row, Outcome.FAIL, str(error))
        except (Mismatch, CameraError) as error:
            return Result(row, Outcome.FAIL, str(error))
        except ValueError as error:
            return Result(row, Outcome.FAIL, f"a number was expected: {error}")
        return Result(row, Outcome.PASS, seen)

    def _missing(self, row: Row) -> str:
        # Of a filter wheel that is missing, the settings and the state can be read.
        moving = row.id.startswith(("filter.change.", "filter.current-name"))
        return self._session.missing.get(row.device, "") if row.device != "filter" or moving else ""
