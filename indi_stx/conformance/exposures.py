"""Rows on exposures of the three CCDs: parameters, errors, busy, abort, date.

Exposures are the shortest possible of a small frame; the long ones are aborted at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from indi_stx.conformance.calls import BY_ID
from indi_stx.conformance.rows import Step, ask, rows, sequence
from indi_stx.conformance.session import BINARY, Session, expect, shown_code
from indi_stx.conformance.settings import SMALL, set_frame
from indi_stx.conformance.tables import BAD_PARAMETER, CAMERA_BUSY, CCDS, FRAME_TYPES, Ccd

SHORTEST = "Duration=0.01&FrameType=0"
_DATES = {"colons": "2026-01-02T03:04:05.678", "dots": "2026-01-02T03.04.05.678"}
_DEFAULT_DATE = "2008-01-01T00:00:00.000"


def stop(ccd: Ccd, session: Session) -> str:
    """Abort an exposure and wait until the CCD is idle."""
    session.insist(lambda: session.answered(ccd.uri("AbortExposure.cgi")))
    return session.insist(lambda: _until(ccd, "0", session))


def finish(ccd: Ccd, session: Session) -> str:
    """Wait for the end of an exposure that was just started, and for its image."""
    started_at, seen = time.monotonic(), _until(ccd, "0", session)
    while seen == "states 0" and time.monotonic() < started_at + session.pace.latency_s:
        # It may not have begun yet, or it was over before the first question.
        seen = _until(ccd, "0", session)
    ready = session.until(BY_ID[f"{ccd.name}.image-ready"], "1")
    session.begun.discard(ccd.uri("StartExposure.cgi"))
    return f"{seen}, image ready {' '.join(ready)}"


def _until(ccd: Ccd, state: str, session: Session) -> str:
    return f"states {' '.join(session.until(BY_ID[f'{ccd.name}.state'], state))}"


def expose(session: Session, ccd: Ccd, query: str, frame: Mapping[str, str] = SMALL) -> str:
    """Take an exposure to its end and return what was seen."""
    set_frame(session, ccd, frame)
    session.answered(ccd.uri("StartExposure.cgi", query))
    return finish(ccd, session)


def download(session: Session, ccd: Ccd, file: str) -> bytes:
    """Return the last image as "Data.bin" or ".FIT"."""
    return session.answer(ccd.uri(file), kind=BINARY).body


def _frame(ccd: Ccd, frame: Mapping[str, str], session: Session) -> str:
    set_frame(session, ccd, frame)
    return f"{dict(frame)}"


def _trials(ccd: Ccd) -> Iterator[tuple[str, str, Sequence[Step]]]:
    """Yield the end of each row's id, its statement, and what is done."""

    def start(query: str, *codes: int | None) -> Step:
        return ask(ccd.uri("StartExposure.cgi", query), *codes)

    small: Step = partial(_frame, ccd, SMALL)
    finished: Step = partial(finish, ccd)
    aborted: list[Step] = [
        small,
        start("Duration=300&FrameType=0"),
        partial(_until, ccd, "2"),
        partial(stop, ccd),
    ]
    for number, name in FRAME_TYPES.items():
        text = f"a {name} frame of 0.01 s, from start to image ready"
        steps = [small, start(f"Duration=0.01&FrameType={number}"), finished]
        yield f"start.frame-type-{number}", text, steps
    steps = [small, start(f"{SHORTEST}&NoSuchParameter=1"), finished]
    yield "start.unknown-ignored", "an unknown name is ignored", steps
    for duration in ("0", "0.009"):
        text = f"Duration={duration}, below 0.01: refused, or accepted as real cameras do"
        steps = [small, start(f"Duration={duration}&FrameType=2", None, BAD_PARAMETER)]
        yield f"start.duration-{duration}", text, steps
    example = f"Duration={ccd.example_duration}&FrameType=1"
    text = f"?{example} is accepted, and aborted here"
    yield "start.example", text, [small, start(example)]
    for axis in "XY":
        text = f"Num{axis} no longer fits after Start{axis} was changed: Bad parameter"
        steps = [partial(_frame, ccd, {f"Start{axis}": "1"}), start(SHORTEST, BAD_PARAMETER)]
        yield f"start.Num{axis}", text, steps
    text = "while it exposes, another start is 0x80001008"
    yield "start.busy", text, [*aborted[:-1], start(SHORTEST, CAMERA_BUSY)]
    yield "abort.running", "an exposure ends, the CCD is idle again", aborted
    text = "after an abort the next exposure succeeds"
    yield "abort.again", text, [*aborted, start(SHORTEST), finished]
    steps = [ask(ccd.uri("AbortExposure.cgi"))]
    yield "abort.idle", "without an exposure it is ignored", steps


_TRIALS = [(f"{ccd.name}.{row}", *more) for ccd in CCDS for row, *more in _trials(ccd)]
rows("{0}", each=_TRIALS)(sequence)


@rows("{0.name}.start.date", each=CCDS)
def _date(session: Session, ccd: Ccd) -> str:
    """DateTime with dots (pattern) or colons (default) reaches the FITS header."""
    seen = {how: _try_date(session, ccd, date) for how, date in _DATES.items()}
    expect(any("in the header" in one for one in seen.values()), f"{seen}")
    return "; ".join(f"{how}: {one}" for how, one in seen.items())


def _try_date(session: Session, ccd: Ccd, date: str) -> str:
    set_frame(session, ccd, SMALL)
    query = f"Duration=0.01&FrameType=1&DateTime={date.replace(':', '%3A')}"
    if (code := session.code(ccd.uri("StartExposure.cgi", query))) is not None:
        return f"refused with {shown_code(code)}"
    finish(ccd, session)
    header = download(session, ccd, ".FIT")[:28_800]
    found = next((one for one in _DATES.values() if one.encode() in header), None)
    return f"{found} is in the header" if found else "accepted, not found in the file"


@rows("{0.name}.start.date-default", each=CCDS)
def _default_date(session: Session, ccd: Ccd) -> str:
    """Without DateTime the FITS header says 2008-01-01T00:00:00.000."""
    expose(session, ccd, "Duration=0.01&FrameType=1")
    expect(
        _DEFAULT_DATE.encode() in download(session, ccd, ".FIT")[:28_800], "not found in the file"
    )
    return _DEFAULT_DATE
