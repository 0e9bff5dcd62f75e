"""Rows on guide relays and the AO mirror.

Pulses last 0.01 s. The longer ones are ended at once by a second, short pulse to the same relay,
which the document promises, and again after the row, whatever happened in it. Pulses of minutes
need --long-pulses, and are tried only on a relay that was just seen to end a pulse of 10 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from indi_stx.conformance.calls import BY_ID, MIRROR, PULSE, RELAY_TIMES, UNKNOWN
from indi_stx.conformance.rows import MINUTES, Step, ask, rows, sequence
from indi_stx.conformance.session import Mismatch, Session, Skipped, expect
from indi_stx.conformance.tables import RELAYS
from indi_stx.errors import CameraError

_SHORTEST, _LONGEST = "0.01", "655.35"
_EXAMPLE = "10"
_RISKLESS = "2"
"""The longest that a relay may stay closed without --long-pulses, in seconds."""
_OPEN_WITHIN_S = 15.0


def _pulse(relay: str, duration: str = _SHORTEST) -> str:
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
    session.until(BY_ID["pulse.state"], limit_s=min(_OPEN_WITHIN_S, session.pace.settle_s))


def _opens(session: Session) -> str:
    _wait_until_open(session)
    left = _left(session)
    expect(not any(left.values()), f"still {left}")
    return "closed and open again"


def _move_mirror(x: str, y: str, session: Session) -> str:
    session.answered(MIRROR.uri(f"XPosition={x}&YPosition={y}"))
    return f"states {' '.join(session.until(BY_ID['ao.status']))}"


def centre(session: Session) -> None:
    """Move the mirror to its centre and wait for it."""
    _move_mirror("50", "50", session)


def _trials() -> Iterator[tuple[str, str, Sequence[Step]]]:
    """Yield the id of each row, its statement, and what is done."""
    pulses = {f"shortest.{relay}": (f"{relay} for 0.01 s", _pulse(relay)) for relay in RELAYS}
    pulses["both"] = ("X and Y in one call", f"{_pulse('XPlus')}&{_pulse('YMinus')}")
    pulses["unknown-ignored"] = ("an unknown name is ignored", f"{_pulse('XMinus')}&{UNKNOWN}=1")
    for name, (text, query) in pulses.items():
        yield f"pulse.{name}", f"{text}: closes and opens", [ask(PULSE.uri(query)), _opens]
    places = {"lowest": ("0", "0"), "highest": ("100", "100"), "example": ("55", "42")}
    for name, (x, y) in (places | {"centre": ("50", "50")}).items():
        yield f"ao.{name}", f"to {x}, {y}: accepted, then idle", [partial(_move_mirror, x, y)]


rows("{0}", each=_trials())(sequence)


@rows("pulse.example")
def _example(session: Session) -> str:
    """DirectionY=1&DurationY=10 (2 without --long-pulses) closes Y-; a new 0.01 s ends it."""
    return _restarted(session, "YMinus", _EXAMPLE if session.long_pulses else _RISKLESS)


def _restarted(session: Session, relay: str, duration: str) -> str:
    """End a pulse by a new time; return what remained of it before and after."""
    for _ in range(5):  # the pulse may be over before the questions
        session.answered(PULSE.uri(_pulse(relay, duration)))
        closed = session.line("/api/IsPulseGuiding.cgi")
        before = _left(session)[relay]
        session.answered(PULSE.uri(_pulse(relay)))
        after = _left(session)[relay]
        open_relays(session)
        if closed == "1" and before > 0:
            expect(before <= float(duration), f"{before} s remain of {duration}")
            expect(after <= float(_SHORTEST), f"{after} s remain after a new time of 0.01 s")
            return f"{before} s remain, then {after}"
    raise Mismatch(f"the relay is reported open, or without time remaining, during {duration} s")


@rows("pulse.longest.{0}", MINUTES, each=RELAYS)
def _longest(session: Session, relay: str) -> str:
    """{0} for 655.35 s: accepted, remaining; ended by a new time."""
    try:
        _restarted(session, relay, _EXAMPLE)
    except Mismatch as reason:
        raise Skipped(f"a new time does not end a pulse of this relay: {reason}") from reason
    session.answered(PULSE.uri(_pulse(relay, _LONGEST)))
    left = _left(session)
    expect(0 < left.pop(relay) <= float(_LONGEST), "no time remains")
    expect(not any(left.values()), f"other relays closed, too: {left}")
    return "closed alone, and ended"
