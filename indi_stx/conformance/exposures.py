"""Rows on exposures of the three CCDs: parameters, errors, busy, abort, date.

Exposures are the shortest possible of a small frame; the long ones are aborted at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial

from indi_stx.conformance import tables
from indi_stx.conformance.camera_tables import encoded
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.rows import Check, Needs, Row
from indi_stx.conformance.session import BINARY, Session, shown_code
from indi_stx.conformance.settings import set_uri, whole_sensor
from indi_stx.conformance.tables import (
    BAD_PARAMETER,
    CAMERA_BUSY,
    CCD_STATES,
    PARAMETERS_MISSING,
    CcdTables,
)

_SHORTEST = "Duration=0.01"
_BAD_DATES = ("yesterday", "2026-01-02")
_DATES = {"colons": "2026-01-02T03:04:05.678", "dots": "2026-01-02T03.04.05.678"}


def rows() -> Iterator[Row]:
    """Make the rows."""
    for ccd in tables.CCDS:
        row = partial(
            Row, section=f"{ccd.title} Start Exposure", needs=Needs.WRITING, part=ccd.prefix
        )
        yield from _refusal_rows(ccd, row)
        yield from _type_rows(ccd, row)
        yield from _running_rows(ccd, row)
        yield from _date_rows(ccd, row)


def start_uri(ccd: CcdTables, query: str) -> str:
    """Return the URI of a Start Exposure call."""
    return f"/api/{ccd.prefix}StartExposure.cgi?{query}"


def small_frame(session: Session, ccd: CcdTables) -> None:
    """Set a frame that is read out quickly."""
    whole_sensor(session, ccd)
    session.accepted(set_uri(ccd, NumX=32, NumY=24))


def expose(session: Session, ccd: CcdTables, query: str) -> str:
    """Take an exposure to its end and return what was seen."""
    with aborted_on_failure(session, ccd):
        session.accepted(start_uri(ccd, query))
        return finish(session, ccd)


@contextlib.contextmanager
def aborted_after(session: Session, ccd: CcdTables) -> Iterator[None]:
    """Abort what is started inside, also when the answer to the start was lost."""
    try:
        yield
    finally:
        stop(session, ccd)


@contextlib.contextmanager
def aborted_on_failure(session: Session, ccd: CcdTables) -> Iterator[None]:
    """Abort what is started inside unless it comes to its end."""
    with contextlib.ExitStack() as undo:
        undo.callback(stop, session, ccd)
        yield
        undo.pop_all()


def finish(session: Session, ccd: CcdTables) -> str:
    """Wait for the end of an exposure that was just started, and for its image."""
    started_at = time.monotonic()
    uri, limit_s = f"/api/{ccd.prefix}State.cgi", session.pace.settle_s
    seen = session.until(uri, "0", CCD_STATES, limit_s)
    while seen == ["0"] and time.monotonic() < started_at + session.pace.latency_s:
        # It may not have begun yet, or it was over before the first question.
        if (state := session.line(uri)) != "0":
            seen = [state, *session.until(uri, "0", CCD_STATES, limit_s)]
    ready = session.until(f"/api/{ccd.prefix}ImageReady.cgi", "1", tables.IMAGE_STATES, limit_s)
    return f"states {' '.join(seen)}, image ready {' '.join(ready)}"


def stop(session: Session, ccd: CcdTables) -> None:
    """Abort an exposure and wait until the CCD is idle."""
    uri, limit_s = f"/api/{ccd.prefix}State.cgi", session.pace.settle_s
    session.insist(lambda: session.accepted(f"/api/{ccd.prefix}AbortExposure.cgi"))
    session.insist(lambda: session.until(uri, "0", CCD_STATES, limit_s))


def _refusal_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.start"
    for name, query, code in (
        ("no-parameter", "", PARAMETERS_MISSING),
        ("no-duration", "FrameType=0", PARAMETERS_MISSING),
        ("no-frame-type", _SHORTEST, PARAMETERS_MISSING),
        ("frame-type-below", f"{_SHORTEST}&FrameType=-1", BAD_PARAMETER),
        ("frame-type-above", f"{_SHORTEST}&FrameType=4", BAD_PARAMETER),
        ("frame-type-text", f"{_SHORTEST}&FrameType=Dark", BAD_PARAMETER),
        ("duration-negative", "Duration=-1&FrameType=0", BAD_PARAMETER),
        ("duration-text", "Duration=long&FrameType=0", BAD_PARAMETER),
        *(
            (f"date-{one}", f"{_SHORTEST}&FrameType=0&DateTime={one}", BAD_PARAMETER)
            for one in _BAD_DATES
        ),
    ):
        yield row(
            id=f"{prefix}.{name}",
            description=f"?{query}: 0x{code:08x}",
            check=_refused(ccd, query, code),
        )
    for axis in "XY":
        text = f"Num{axis} no longer fits after Start{axis} was changed: Bad parameter"
        yield row(id=f"{prefix}.Num{axis}", description=text, check=_bad_frame(ccd, axis))


def _refused(ccd: CcdTables, query: str, code: int) -> Check:
    def check(session: Session) -> str:
        small_frame(session, ccd)
        found = _try_start(session, ccd, query)
        expect(found == code, f"{shown_code(found)} instead of {shown_code(code)}")
        return shown_code(found)

    return check


def _try_start(session: Session, ccd: CcdTables, query: str) -> int | None:
    """Return the code of a refused start; one that was accepted, or not answered, is aborted."""
    with aborted_on_failure(session, ccd):
        found = session.code(start_uri(ccd, query))
    if found is None:
        stop(session, ccd)
    return found


def _bad_frame(ccd: CcdTables, axis: str) -> Check:
    def check(session: Session) -> str:
        whole_sensor(session, ccd)
        session.accepted(set_uri(ccd, **{f"Start{axis}": 1}))
        found = _try_start(session, ccd, f"{_SHORTEST}&FrameType=0")
        whole_sensor(session, ccd)
        expect(found == BAD_PARAMETER, shown_code(found))
        return shown_code(found)

    return check


def _type_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.start"
    for number, name in tables.FRAME_TYPES.items():
        yield row(
            id=f"{prefix}.frame-type-{number}",
            description=f"a {name} frame of 0.01 s, from start to image ready",
            check=_complete(ccd, f"{_SHORTEST}&FrameType={number}"),
        )
    text = "an unknown name is ignored"
    check = _complete(ccd, f"{_SHORTEST}&FrameType=0&NoSuchParameter=1")
    yield row(id=f"{prefix}.unknown-ignored", description=text, check=check)
    for duration in ("0", "0.009"):
        text = f"Duration={duration}, below 0.01: refused, or accepted as real cameras do"
        yield row(
            id=f"{prefix}.duration-{duration}", description=text, check=_too_short(ccd, duration)
        )


def _complete(ccd: CcdTables, query: str) -> Check:
    def check(session: Session) -> str:
        small_frame(session, ccd)
        return expose(session, ccd, query)

    return check


def _too_short(ccd: CcdTables, duration: str) -> Check:
    def check(session: Session) -> str:
        small_frame(session, ccd)
        found = _try_start(session, ccd, f"Duration={duration}&FrameType=2")
        expect(found in (None, BAD_PARAMETER), shown_code(found))
        return shown_code(found)

    return check


def _running_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    name = ccd.prefix.lower()
    query = f"Duration={ccd.example_duration}&FrameType=1"
    yield row(
        id=f"{name}.start.example",
        description=f"?{query} is accepted, and aborted here",
        check=_example(ccd, query),
    )
    yield row(
        id=f"{name}.start.busy",
        description="while it exposes, another start is 0x80001008",
        check=_busy(ccd),
    )
    section = f"{ccd.title} Abort Exposure"
    for identity, text, check in (
        ("running", "an exposure ends, the CCD is idle again", _abort_running(ccd)),
        ("idle", "without an exposure it is ignored", _abort_idle(ccd)),
        ("again", "after an abort the next exposure succeeds", _after_abort(ccd)),
    ):
        yield row(id=f"{name}.abort.{identity}", section=section, description=text, check=check)


def _example(ccd: CcdTables, query: str) -> Check:
    def check(session: Session) -> str:
        small_frame(session, ccd)
        with aborted_after(session, ccd):
            session.accepted(start_uri(ccd, query))
        return "accepted"

    return check


@contextlib.contextmanager
def _exposing(session: Session, ccd: CcdTables) -> Iterator[list[str]]:
    """Have a long exposure run inside; yields the states until it exposed."""
    small_frame(session, ccd)
    uri, limit_s = f"/api/{ccd.prefix}State.cgi", session.pace.settle_s
    with aborted_after(session, ccd):
        session.accepted(start_uri(ccd, "Duration=300&FrameType=0"))
        yield session.until(uri, "2", CCD_STATES, limit_s)


def _busy(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        with _exposing(session, ccd):
            return session.refused(start_uri(ccd, f"{_SHORTEST}&FrameType=0"), CAMERA_BUSY)

    return check


def _abort_running(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        with _exposing(session, ccd) as seen:
            pass
        return f"states {' '.join(seen)}, then idle"

    return check


def _abort_idle(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        session.accepted(f"/api/{ccd.prefix}AbortExposure.cgi")
        return "ignored"

    return check


def _after_abort(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        with _exposing(session, ccd):
            pass
        return expose(session, ccd, f"{_SHORTEST}&FrameType=0")

    return check


def _date_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.start"
    yield row(
        id=f"{prefix}.date",
        description="DateTime with dots (pattern) or colons (default) reaches the FITS header",
        check=_date(ccd),
    )
    yield row(
        id=f"{prefix}.date-default",
        description=f"without DateTime the FITS header says {tables.DEFAULT_DATE_TIME}",
        check=_default_date(ccd),
    )


def _date(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        seen = {how: _try_date(session, ccd, date) for how, date in _DATES.items()}
        expect(any("in the header" in one for one in seen.values()), f"{seen}")
        return "; ".join(f"{how}: {one}" for how, one in seen.items())

    return check


def _try_date(session: Session, ccd: CcdTables, date: str) -> str:
    small_frame(session, ccd)
    query = f"{_SHORTEST}&FrameType=1&DateTime={encoded(date)}"
    with aborted_on_failure(session, ccd):
        if (code := session.code(start_uri(ccd, query))) is not None:
            return f"refused with {shown_code(code)}"
        finish(session, ccd)
    header = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body[:28_800]
    found = next((one for one in _DATES.values() if one.encode() in header), None)
    return f"{found} is in the header" if found else "accepted, not found in the file"


def _default_date(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        small_frame(session, ccd)
        expose(session, ccd, f"{_SHORTEST}&FrameType=1")
        header = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body[:28_800]
        expect(tables.DEFAULT_DATE_TIME.encode() in header, "not found in the file")
        return tables.DEFAULT_DATE_TIME

    return check
