"""Rows on exposures of the three CCDs: parameters, errors, busy, abort, date.

Exposures are the shortest possible of a small frame; the long ones are aborted at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from itertools import product

from indi_stx.conformance.rows import rows
from indi_stx.conformance.session import BINARY, Session, expect, shown_code
from indi_stx.conformance.settings import SMALL, set_frame
from indi_stx.conformance.tables import (
    BAD_PARAMETER,
    CAMERA_BUSY,
    CCD_STATES,
    CCDS,
    DEFAULT_DATE_TIME,
    FRAME_TYPES,
    IMAGE_STATES,
    Ccd,
)

SHORTEST = "Duration=0.01&FrameType=0"
_LONG = "Duration=300&FrameType=0"
_DATES = {"colons": "2026-01-02T03:04:05.678", "dots": "2026-01-02T03.04.05.678"}


@contextlib.contextmanager
def exposing(
    session: Session, ccd: Ccd, frame: Mapping[str, str] = SMALL, *, always: bool = True
) -> Iterator[None]:
    """Set a frame, and abort what is started inside, also when the answer to the start was lost.

    Unless `always`, what comes to its end without a failure is not aborted.
    """
    set_frame(session, ccd, frame)
    with contextlib.ExitStack() as undo:
        undo.callback(stop, session, ccd)
        yield
        if not always:
            undo.pop_all()


def stop(session: Session, ccd: Ccd) -> None:
    """Abort an exposure and wait until the CCD is idle."""
    session.insist(lambda: session.answered(ccd.uri("AbortExposure.cgi")))
    session.insist(lambda: _until(session, ccd, "0"))


def expose(session: Session, ccd: Ccd, query: str, frame: Mapping[str, str] = SMALL) -> str:
    """Take an exposure to its end and return what was seen."""
    with exposing(session, ccd, frame, always=False):
        session.answered(ccd.uri("StartExposure.cgi", query))
        return _finish(session, ccd)


def fits_file(session: Session, ccd: Ccd) -> bytes:
    """Download the last image."""
    return session.answer(ccd.uri(".FIT"), kind=BINARY).body


def _until(session: Session, ccd: Ccd, state: str) -> list[str]:
    return session.until(ccd.uri("State.cgi"), state, CCD_STATES, session.pace.settle_s)


def _finish(session: Session, ccd: Ccd) -> str:
    """Wait for the end of an exposure that was just started, and for its image."""
    started_at = time.monotonic()
    seen = _until(session, ccd, "0")
    while seen == ["0"] and time.monotonic() < started_at + session.pace.latency_s:
        # It may not have begun yet, or it was over before the first question.
        seen = _until(session, ccd, "0")
    limit_s = session.pace.settle_s
    ready = session.until(ccd.uri("ImageReady.cgi"), "1", IMAGE_STATES, limit_s)
    return f"states {' '.join(seen)}, image ready {' '.join(ready)}"


_TYPES = [
    (ccd, f"frame-type-{number}", f"Duration=0.01&FrameType={number}", f"a {name} frame of 0.01 s")
    for ccd, (number, name) in product(CCDS, FRAME_TYPES.items())
]
_UNKNOWN = [
    (ccd, "unknown-ignored", f"{SHORTEST}&NoSuchParameter=1", "with an unknown name")
    for ccd in CCDS
]


@rows("{0.name}.start.{1}", each=_TYPES + _UNKNOWN)
def _complete(session: Session, ccd: Ccd, _row: str, query: str, _what: str) -> str:
    """{3}, from start to image ready."""
    return expose(session, ccd, query)


@rows("{0.name}.start.duration-{1}", each=product(CCDS, ("0", "0.009")))
def _too_short(session: Session, ccd: Ccd, duration: str) -> str:
    """Duration={1}, below 0.01: refused, or accepted as real cameras do."""
    uri = ccd.uri("StartExposure.cgi", f"Duration={duration}&FrameType=2")
    with exposing(session, ccd):
        return session.answered(uri, None, BAD_PARAMETER)


@rows("{0.name}.start.example", each=CCDS)
def _example(session: Session, ccd: Ccd) -> str:
    """?Duration={0.example_duration}&FrameType=1 is accepted, and aborted here."""
    query = f"Duration={ccd.example_duration}&FrameType=1"
    with exposing(session, ccd):
        return session.answered(ccd.uri("StartExposure.cgi", query))


@rows("{0.name}.start.Num{1}", each=product(CCDS, "XY"))
def _frame_too_large(session: Session, ccd: Ccd, axis: str) -> str:
    """Num{1} no longer fits after Start{1} was changed: Bad parameter."""
    with exposing(session, ccd, {f"Start{axis}": "1"}, always=False):
        return session.answered(ccd.uri("StartExposure.cgi", SHORTEST), BAD_PARAMETER)


@rows("{0.name}.start.busy", each=CCDS)
def _busy(session: Session, ccd: Ccd) -> str:
    """While it exposes, another start is 0x80001008."""
    with exposing(session, ccd):
        session.answered(ccd.uri("StartExposure.cgi", _LONG))
        _until(session, ccd, "2")
        return session.answered(ccd.uri("StartExposure.cgi", SHORTEST), CAMERA_BUSY)


@rows("{0.name}.abort.running", each=CCDS)
def _abort_running(session: Session, ccd: Ccd) -> str:
    """An exposure ends, the CCD is idle again."""
    with exposing(session, ccd):
        session.answered(ccd.uri("StartExposure.cgi", _LONG))
        seen = _until(session, ccd, "2")
    return f"states {' '.join(seen)}, then idle"


@rows("{0.name}.abort.again", each=CCDS)
def _again(session: Session, ccd: Ccd) -> str:
    """After an abort the next exposure succeeds."""
    return f"{_abort_running(session, ccd)}; {expose(session, ccd, SHORTEST)}"


@rows("{0.name}.abort.idle", each=CCDS)
def _abort_idle(session: Session, ccd: Ccd) -> str:
    """Without an exposure it is ignored."""
    return session.answered(ccd.uri("AbortExposure.cgi"))


@rows("{0.name}.start.date", each=CCDS)
def _date(session: Session, ccd: Ccd) -> str:
    """DateTime with dots (pattern) or colons (default) reaches the FITS header."""
    seen = {how: _try_date(session, ccd, date) for how, date in _DATES.items()}
    expect(any("in the header" in one for one in seen.values()), f"{seen}")
    return "; ".join(f"{how}: {one}" for how, one in seen.items())


def _try_date(session: Session, ccd: Ccd, date: str) -> str:
    query = f"Duration=0.01&FrameType=1&DateTime={date.replace(':', '%3A')}"
    with exposing(session, ccd, always=False):
        if (code := session.code(ccd.uri("StartExposure.cgi", query))) is not None:
            return f"refused with {shown_code(code)}"
        _finish(session, ccd)
    header = fits_file(session, ccd)[:28_800]
    found = next((one for one in _DATES.values() if one.encode() in header), None)
    return f"{found} is in the header" if found else "accepted, not found in the file"


@rows("{0.name}.start.date-default", each=CCDS)
def _default_date(session: Session, ccd: Ccd) -> str:
    """Without DateTime the FITS header says 2008-01-01T00:00:00.000."""
    expose(session, ccd, "Duration=0.01&FrameType=1")
    header = fits_file(session, ccd)[:28_800]
    expect(DEFAULT_DATE_TIME.encode() in header, "not found in the file")
    return DEFAULT_DATE_TIME
