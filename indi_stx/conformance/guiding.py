"""Rows on guide relays and the AO mirror.

Pulses last 0.01 s. The longer ones are ended at once by a second, short pulse to the same relay,
which the document promises, and again after the row, whatever happened in it. Pulses of minutes
need --long-pulses, and are tried only on a relay that was just seen to end a pulse of 10 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from indi_stx.conformance.calls import MIRROR, PULSE, RELAY_TIMES
from indi_stx.conformance.rows import rows
from indi_stx.conformance.session import Mismatch, Session, Skipped, expect
from indi_stx.conformance.tables import (
    LONGEST_PULSE,
    MIRROR_STATES,
    RELAY_STATES,
    RELAYS,
    SHORTEST_PULSE,
)
from indi_stx.errors import CameraError

_EXAMPLE_PULSE = "10"
_RISKLESS_PULSE = "2"
"""The longest that a relay may stay closed without --long-pulses, in seconds."""
_OPEN_WITHIN_S = 15.0


def _pulse(relay: str, duration: str = SHORTEST_PULSE) -> str:
    return f"Direction{relay[0]}={int(relay.endswith('Minus'))}&Duration{relay[0]}={duration}"


def _left(session: Session) -> dict[str, float]:
    times = session.read(RELAY_TIMES.path, RELAYS)
    return {relay: float(time) for relay, time in times.items()}


def open_relays(session: Session) -> None:
    """End every pulse: each relay that is closed, or may be, gets a new time of 0.01 s."""
    try:
        closed = [relay for relay, left in _left(session).items() if left > 0]
    except (Mismatch, CameraError, ValueError):
        closed = sorted(session.relays_used)
    # One that fails must not keep the next one closed.
    refused = []
    for relay in closed:
        try:
            session.answered(PULSE.uri(_pulse(relay)))
        except (Mismatch, CameraError) as error:
            refused.append(error)
    if refused:
        raise refused[0]
    _wait_until_open(session)


def _wait_until_open(session: Session) -> None:
    limit_s = min(_OPEN_WITHIN_S, session.pace.settle_s)
    session.until("/api/IsPulseGuiding.cgi", "0", RELAY_STATES, limit_s)


@contextmanager
def pulses_ended(session: Session) -> Iterator[None]:
    """End the pulses begun inside, also those whose answer was lost."""
    try:
        yield
    finally:
        session.insist(lambda: open_relays(session))


_PASSING = [
    *((f"shortest.{relay}", f"{relay} for 0.01 s", _pulse(relay)) for relay in RELAYS),
    ("both", "X and Y in one call", f"{_pulse('XPlus')}&{_pulse('YMinus')}"),
    ("unknown-ignored", "with an unknown name", f"{_pulse('XMinus')}&NoSuchParameter=1"),
]


@rows("pulse.{0}", each=_PASSING)
def _passes(session: Session, _row: str, _what: str, query: str) -> str:
    """{1}: closes and opens."""
    with pulses_ended(session):
        session.answered(PULSE.uri(query))
        _wait_until_open(session)
        left = _left(session)
        expect(not any(left.values()), f"still {left}")
    return "closed and open again"


@rows("pulse.example")
def _example(session: Session) -> str:
    """DirectionY=1&DurationY=10 (2 without --long-pulses) closes Y-; a new 0.01 s ends it."""
    duration = _EXAMPLE_PULSE if session.long_pulses else _RISKLESS_PULSE
    return _restarted(session, "YMinus", duration)


def _restarted(session: Session, relay: str, duration: str) -> str:
    """End a pulse by a new time; return what remained of it before and after."""
    for _ in range(5):  # the pulse may be over before the questions
        with pulses_ended(session):
            session.answered(PULSE.uri(_pulse(relay, duration)))
            closed = session.line("/api/IsPulseGuiding.cgi")
            before = _left(session)[relay]
            session.answered(PULSE.uri(_pulse(relay)))
            after = _left(session)[relay]
        if closed == "1" and before > 0:
            expect(before <= float(duration), f"{before} s remain of {duration}")
            wrong = f"{after} s remain after a new time of {SHORTEST_PULSE} s"
            expect(after <= float(SHORTEST_PULSE), wrong)
            return f"{before} s remain, then {after}"
    raise Mismatch(f"the relay is reported open, or without time remaining, during {duration} s")


@rows("pulse.longest.{0}", each=RELAYS, long_pulse=True)
def _longest(session: Session, relay: str) -> str:
    """{0} for 655.35 s: accepted, remaining; ended by a new time."""
    try:
        _restarted(session, relay, _EXAMPLE_PULSE)
    except Mismatch as reason:
        raise Skipped(f"a new time does not end a pulse of this relay: {reason}") from reason
    with pulses_ended(session):
        session.answered(PULSE.uri(_pulse(relay, LONGEST_PULSE)))
        left = _left(session)
    expect(0 < left.pop(relay) <= float(LONGEST_PULSE), "no time remains")
    expect(not any(left.values()), f"other relays closed, too: {left}")
    return "closed alone, and ended"


def centre(session: Session) -> list[str]:
    """Move the mirror to its centre and wait for it."""
    return _move_mirror(session, "50", "50")


@contextmanager
def mirror_centred(session: Session) -> Iterator[None]:
    """Centre the mirror at the end of the block, however it ends."""
    try:
        yield
    finally:
        centre(session)


def _move_mirror(session: Session, x: str, y: str) -> list[str]:
    session.answered(MIRROR.uri(f"XPosition={x}&YPosition={y}"))
    return session.until("/api/AOStatus.cgi", "0", MIRROR_STATES, session.pace.settle_s)


_PLACES = [
    ("lowest", "0", "0"),
    ("highest", "100", "100"),
    ("example", "55", "42"),
    ("centre", "50", "50"),
]


@rows("ao.{0}", each=_PLACES)
def _moves(session: Session, _row: str, x: str, y: str) -> str:
    """To {1}, {2}: accepted, then idle."""
    with mirror_centred(session):
        return f"states {' '.join(_move_mirror(session, x, y))}"
