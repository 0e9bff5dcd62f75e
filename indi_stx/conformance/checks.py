"""All rows, and a run of them: what is allowed, in which order, and everything restored."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from indi_stx.conformance import (
    exposures,
    filters,
    fits,
    frames,
    guiding,
    newer,
    protocol,
    reading,
    settings,
)
from indi_stx.conformance.restoring import Snapshot, restore, take_snapshot
from indi_stx.conformance.rows import Mismatch, Needs, Outcome, Result, Row, Skipped
from indi_stx.conformance.session import Session
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable

LOST_AFTER = 3
"""After so many rows in a row without any answer the camera is given up."""
RESTORED = "camera.restored"


@dataclass(frozen=True)
class Extent:
    """What a run may do.

    Attributes:
        fresh: the camera has its factory settings, so that defaults can be told.
        only: a pattern of row ids, such as `imager.*`.
    """

    write: bool = False
    flash: bool = False
    fresh: bool = False
    only: str = "*"

    def refusal(self, row: Row) -> str:
        """Return why a row is not run, "" when it is."""
        if row.needs is Needs.FLASH and not self.flash:
            return "writes to Flash memory: needs --flash"
        if row.needs_write and not self.write:
            return "changes the camera: needs --write"
        if row.fresh and not self.fresh:
            return "tells defaults: needs --fresh"
        return ""


def all_rows() -> list[Row]:
    """Return every row in the order of a run: reading, writing, Flash."""
    parts = (protocol, reading, settings, exposures, frames, filters, guiding, newer, fits)
    return sorted((row for part in parts for row in part.rows()), key=lambda row: row.needs)


def run_rows(
    session: Session, rows: Iterable[Row], extent: Extent
) -> Generator[Result, None, None]:
    """Run the rows that `extent` allows and yield a result for each, those not run included."""
    chosen = [row for row in rows if fnmatchcase(row.id, extent.only)]
    reading_rows = [row for row in chosen if not row.needs_write or extent.refusal(row)]
    writing_rows = [row for row in chosen if row.needs_write and not extent.refusal(row)]
    attendant = _Attendant(session)
    for row in reading_rows:
        refusal = extent.refusal(row)
        yield Result(row, Outcome.SKIP, refusal) if refusal else attendant.result(row)
    if not writing_rows:
        return
    try:
        before = take_snapshot(session)
    except (Skipped, CameraError) as error:
        yield from (Result(row, Outcome.SKIP, str(error)) for row in writing_rows)
        return
    yield from _write(session, writing_rows, before, extent, attendant)


def _write(
    session: Session,
    rows: list[Row],
    before: Snapshot,
    extent: Extent,
    attendant: _Attendant,
) -> Iterator[Result]:
    restored = False
    try:
        yield from (attendant.result(row) for row in rows)
        restored = True
        yield attendant.result(restored_row(before, flash=extent.flash))
    finally:
        if not restored:
            with contextlib.suppress(Mismatch, Skipped, CameraError):
                restore(session, before, flash=extent.flash)


def restored_row(before: Snapshot, *, flash: bool) -> Row:
    """Return the row that ends a writing run."""
    text = "every setting has the value it had before this run"
    return Row(
        RESTORED,
        "After the run",
        text,
        lambda session: restore(session, before, flash=flash),
        Needs.WRITING,
    )


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
