"""Rows on exposures of the three CCDs: parameters, errors, busy, abort, date.

Exposures are the shortest possible of a small frame; the long ones are aborted at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial

from indi_stx.conformance import tables
from indi_stx.conformance.calls import BY_ID, SHORTEST
from indi_stx.conformance.camera_tables import encoded
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.kinds import answered, refusal_rows
from indi_stx.conformance.rows import Check, Needs, Row, check_of
from indi_stx.conformance.session import BINARY, Session, shown_code
from indi_stx.conformance.settings import set_uri, whole_sensor
from indi_stx.conformance.tables import (
    BAD_PARAMETER,
    CAMERA_BUSY,
    CCD_STATES,
    CcdTables,
)

_DATES = {"colons": "2026-01-02T03:04:05.678", "dots": "2026-01-02T03.04.05.678"}


def rows() -> Iterator[Row]:
    """Make the rows."""
    for ccd in tables.CCDS:
        name = ccd.prefix.lower()
        around = partial(_small_frame_aborted_on_failure, ccd=ccd)
        yield from refusal_rows(BY_ID[f"{name}.start"], around)
        row = partial(Row, needs=Needs.WRITING, part=ccd.prefix)
        for identity, text, check in _start_rows(ccd):
            section = f"{ccd.title} Start Exposure"
            yield row(f"{name}.start.{identity}", section, text, check)
        for identity, text, check in (
            ("running", "an exposure ends, the CCD is idle again", _abort_running(ccd)),
            ("idle", "without an exposure it is ignored", answered(abort_uri(ccd), None)),
            ("again", "after an abort the next exposure succeeds", _after_abort(ccd)),
        ):
            yield row(f"{name}.abort.{identity}", f"{ccd.title} Abort Exposure", text, check)


def _start_rows(ccd: CcdTables) -> Iterator[tuple[str, str, Check]]:
    for axis in "XY":
        text = f"Num{axis} no longer fits after Start{axis} was changed: Bad parameter"
        yield f"Num{axis}", text, _bad_frame(ccd, axis)
    for number, name in tables.FRAME_TYPES.items():
        text = f"a {name} frame of 0.01 s, from start to image ready"
        yield f"frame-type-{number}", text, _complete(ccd, f"{SHORTEST}&FrameType={number}")
    check = _complete(ccd, f"{SHORTEST}&FrameType=0&NoSuchParameter=1")
    yield "unknown-ignored", "an unknown name is ignored", check
    for duration in ("0", "0.009"):
        text = f"Duration={duration}, below 0.01: refused, or accepted as real cameras do"
        yield f"duration-{duration}", text, _too_short(ccd, duration)
    query = f"Duration={ccd.example_duration}&FrameType=1"
    yield "example", f"?{query} is accepted, and aborted here", _example(ccd, query)
    yield "busy", "while it exposes, another start is 0x80001008", _busy(ccd)
    text = "DateTime with dots (pattern) or colons (default) reaches the FITS header"
    yield "date", text, _date(ccd)
    text = f"without DateTime the FITS header says {tables.DEFAULT_DATE_TIME}"
    yield "date-default", text, _default_date(ccd)


def start_uri(ccd: CcdTables, query: str) -> str:
    """Return the URI of a Start Exposure call."""
    return f"/api/{ccd.prefix}StartExposure.cgi?{query}"


def abort_uri(ccd: CcdTables) -> str:
    """Return the URI of an Abort Exposure call."""
    return f"/api/{ccd.prefix}AbortExposure.cgi"


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
    session.insist(lambda: session.accepted(abort_uri(ccd)))
    session.insist(lambda: session.until(uri, "0", CCD_STATES, limit_s))


@contextlib.contextmanager
def _small_frame_aborted_on_failure(session: Session, ccd: CcdTables) -> Iterator[None]:
    small_frame(session, ccd)
    with aborted_on_failure(session, ccd):
        yield


@check_of
def _bad_frame(session: Session, ccd: CcdTables, axis: str) -> str:
    whole_sensor(session, ccd)
    session.accepted(set_uri(ccd, **{f"Start{axis}": 1}))
    with aborted_on_failure(session, ccd):
        return session.refused(start_uri(ccd, f"{SHORTEST}&FrameType=0"), BAD_PARAMETER)


@check_of
def _complete(session: Session, ccd: CcdTables, query: str) -> str:
    small_frame(session, ccd)
    return expose(session, ccd, query)


@check_of
def _too_short(session: Session, ccd: CcdTables, duration: str) -> str:
    small_frame(session, ccd)
    with aborted_after(session, ccd):
        code = session.code(start_uri(ccd, f"Duration={duration}&FrameType=2"))
    expect(code in (None, BAD_PARAMETER), shown_code(code))
    return shown_code(code)


@check_of
def _example(session: Session, ccd: CcdTables, query: str) -> str:
    small_frame(session, ccd)
    with aborted_after(session, ccd):
        session.accepted(start_uri(ccd, query))
    return "accepted"


@contextlib.contextmanager
def _exposing(session: Session, ccd: CcdTables) -> Iterator[list[str]]:
    """Have a long exposure run inside; yields the states until it exposed."""
    small_frame(session, ccd)
    uri, limit_s = f"/api/{ccd.prefix}State.cgi", session.pace.settle_s
    with aborted_after(session, ccd):
        session.accepted(start_uri(ccd, "Duration=300&FrameType=0"))
        yield session.until(uri, "2", CCD_STATES, limit_s)


@check_of
def _busy(session: Session, ccd: CcdTables) -> str:
    with _exposing(session, ccd):
        return session.refused(start_uri(ccd, f"{SHORTEST}&FrameType=0"), CAMERA_BUSY)


@check_of
def _abort_running(session: Session, ccd: CcdTables) -> str:
    with _exposing(session, ccd) as seen:
        pass
    return f"states {' '.join(seen)}, then idle"


@check_of
def _after_abort(session: Session, ccd: CcdTables) -> str:
    with _exposing(session, ccd):
        pass
    return expose(session, ccd, f"{SHORTEST}&FrameType=0")


@check_of
def _date(session: Session, ccd: CcdTables) -> str:
    seen = {how: _try_date(session, ccd, date) for how, date in _DATES.items()}
    expect(any("in the header" in one for one in seen.values()), f"{seen}")
    return "; ".join(f"{how}: {one}" for how, one in seen.items())


def _try_date(session: Session, ccd: CcdTables, date: str) -> str:
    small_frame(session, ccd)
    query = f"{SHORTEST}&FrameType=1&DateTime={encoded(date)}"
    with aborted_on_failure(session, ccd):
        if (code := session.code(start_uri(ccd, query))) is not None:
            return f"refused with {shown_code(code)}"
        finish(session, ccd)
    header = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body[:28_800]
    found = next((one for one in _DATES.values() if one.encode() in header), None)
    return f"{found} is in the header" if found else "accepted, not found in the file"


@check_of
def _default_date(session: Session, ccd: CcdTables) -> str:
    small_frame(session, ccd)
    expose(session, ccd, f"{SHORTEST}&FrameType=1")
    header = session.answer(f"/api/{ccd.prefix}.FIT", kind=BINARY).body[:28_800]
    expect(tables.DEFAULT_DATE_TIME.encode() in header, "not found in the file")
    return tables.DEFAULT_DATE_TIME
