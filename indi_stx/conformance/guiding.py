"""Rows on guide relays and the AO mirror.

Pulses last 0.01 s. The longer ones are ended at once by a second, short pulse to the same relay,
which the document promises, and again after the row, whatever happened in it. Pulses of minutes
need --long-pulses, and are tried only on a relay that was just seen to end a pulse of 10 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from indi_stx.conformance import camera_tables as camera
from indi_stx.conformance.calls import BY_ID
from indi_stx.conformance.expecting import Mismatch, Skipped, expect
from indi_stx.conformance.kinds import refusal_rows
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import Session
from indi_stx.errors import CameraError

_SHORT = camera.SHORTEST_PULSE
_EXAMPLE_PULSE = "10"
_RISKLESS_PULSE = "2"
"""The longest that a relay may stay closed without --long-pulses, in seconds."""
_OPEN_WITHIN_S = 15.0
_PULSE = "/api/PulseGuide.cgi"
_REMAINING = "/api/PulseGuideGetTimeRemaining.cgi"


def rows() -> Iterator[Row]:
    """Make the rows."""
    yield from refusal_rows(BY_ID["pulse"], _ended_after)
    yield from _pulse_rows()
    yield from refusal_rows(BY_ID["ao"])
    yield from _mirror_rows()


def _pulse_rows() -> Iterator[Row]:
    row = partial(Row, section="Pulse Guide", needs=Needs.WRITING)
    for number, relay in enumerate(camera.RELAYS):
        query = _pulse(relay[0], number % 2, _SHORT)
        text = f"{relay} for {_SHORT} s: closes and opens"
        yield row(id=f"pulse.shortest.{relay}", description=text, check=_passes(query))
    both = f"{_pulse('X', 0, _SHORT)}&{_pulse('Y', 1, _SHORT)}"
    yield row(id="pulse.both", description="X and Y in one call", check=_passes(both))
    text = "an unknown name is ignored"
    check = _passes(f"{_pulse('X', 1, _SHORT)}&NoSuchParameter=1")
    yield row(id="pulse.unknown-ignored", description=text, check=check)
    text = "DirectionY=1&DurationY=10 (2 without --long-pulses) closes Y-; a new 0.01 s ends it"
    yield row(id="pulse.example", description=text, check=_example)
    for number, relay in enumerate(camera.RELAYS):
        text = f"{relay} for {camera.LONGEST_PULSE} s: accepted, remaining; ended by a new time"
        check = _longest(relay, number % 2)
        yield row(id=f"pulse.longest.{relay}", description=text, check=check, long_pulse=True)


def _pulse(axis: str, direction: int, duration: str) -> str:
    return f"Direction{axis}={direction}&Duration{axis}={duration}"


def _open(session: Session) -> None:
    limit_s = min(_OPEN_WITHIN_S, session.pace.settle_s)
    session.until("/api/IsPulseGuiding.cgi", "0", camera.RELAY_STATES, limit_s)


def open_relays(session: Session) -> None:
    """End every pulse: each relay that is closed, or may be, gets a new time of 0.01 s."""
    try:
        left = session.read(_REMAINING, list(camera.RELAYS))
        closed = [relay for relay in camera.RELAYS if float(left[relay]) > 0]
    except (Mismatch, CameraError, ValueError):
        closed = sorted(session.relays_used)
    # One that fails must not keep the next one closed.
    refused = []
    for relay in closed:
        direction = 1 if relay.endswith("Minus") else 0
        try:
            session.accepted(f"{_PULSE}?{_pulse(relay[0], direction, _SHORT)}")
        except (Mismatch, CameraError) as error:
            refused.append(error)
    if refused:
        raise refused[0]
    _open(session)


@contextmanager
def _ended_after(session: Session) -> Iterator[None]:
    """End the pulses begun inside, also those whose answer was lost."""
    try:
        yield
    finally:
        session.insist(lambda: open_relays(session))


@check_of
def _passes(session: Session, query: str) -> str:
    with _ended_after(session):
        session.accepted(f"{_PULSE}?{query}")
        _open(session)
        left = session.read(_REMAINING, list(camera.RELAYS))
        expect(all(float(one) == 0 for one in left.values()), f"still {left}")
        return "closed and open again"


def _example(session: Session) -> str:
    duration = _EXAMPLE_PULSE if session.long_pulses else _RISKLESS_PULSE
    before, after = _restarted(session, "YMinus", duration)
    return f"{before} s remain, then {after}"


def _restarted(session: Session, relay: str, duration: str) -> tuple[float, float]:
    """End a pulse by a new time; return what remained of it before and after."""
    direction = 1 if relay.endswith("Minus") else 0

    def trial() -> tuple[float, float] | None:
        with _ended_after(session):
            session.accepted(f"{_PULSE}?{_pulse(relay[0], direction, duration)}")
            closed = session.line("/api/IsPulseGuiding.cgi")
            before = float(session.line(f"{_REMAINING}?{relay}"))
            session.accepted(f"{_PULSE}?{_pulse(relay[0], direction, _SHORT)}")
            after = float(session.line(f"{_REMAINING}?{relay}"))
            return (before, after) if closed == "1" and before > 0 else None

    seen = session.attempt(5, trial)
    if seen is None:
        text = f"the relay is reported open, or without time remaining, during {duration} s"
        raise Mismatch(text)
    before, after = seen
    expect(before <= float(duration), f"{before} s remain of {duration}")
    expect(after <= float(_SHORT), f"{after} s remain after a new time of {_SHORT} s")
    return before, after


@check_of
def _longest(session: Session, relay: str, direction: int) -> str:
    try:
        _restarted(session, relay, _EXAMPLE_PULSE)
    except Mismatch as reason:
        raise Skipped(f"a new time does not end a pulse of this relay: {reason}") from reason
    with _ended_after(session):
        session.accepted(f"{_PULSE}?{_pulse(relay[0], direction, camera.LONGEST_PULSE)}")
        left = session.read(_REMAINING, list(camera.RELAYS))
    expect(0 < float(left.pop(relay)) <= float(camera.LONGEST_PULSE), "no time remains")
    expect(all(float(one) == 0 for one in left.values()), f"other relays closed, too: {left}")
    return "closed alone, and ended"


def _mirror_rows() -> Iterator[Row]:
    row = partial(Row, section="AO Guide", needs=Needs.WRITING)
    for name, x, y in (
        ("lowest", "0", "0"),
        ("highest", "100", "100"),
        ("example", "55", "42"),
        ("centre", camera.AO_CENTRE, camera.AO_CENTRE),
    ):
        text = f"to {x}, {y}: accepted, then idle"
        yield row(id=f"ao.{name}", description=text, check=_moves(x, y))


def centre(session: Session) -> None:
    """Move the mirror to its centre and wait for it."""
    _mirror_to(session, camera.AO_CENTRE, camera.AO_CENTRE)


def _mirror_to(session: Session, x: str, y: str) -> list[str]:
    session.accepted(f"/api/AOGuide.cgi?XPosition={x}&YPosition={y}")
    return session.until("/api/AOStatus.cgi", "0", camera.AO_STATES, session.pace.settle_s)


@check_of
def _moves(session: Session, x: str, y: str) -> str:
    try:
        return f"states {' '.join(_mirror_to(session, x, y))}"
    finally:
        centre(session)
