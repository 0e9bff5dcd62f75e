"""The rows that follow from the table of calls alone: values, states, defaults, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indi_stx.conformance.calls import CALLS, UNKNOWN, Call
from indi_stx.conformance.rows import FRESH, MINUTES, READING, rows
from indi_stx.conformance.session import Session, expect
from indi_stx.conformance.settings import SMALL, set_frame
from indi_stx.conformance.tables import CCD_NAMES, CCDS, Parameter, resolve

_GETS = [call for call in CALLS if call.example]


def _readings() -> Iterator[tuple[Call, str, str, list[str]]]:
    for call in _GETS:
        for one in call.parameters:
            yield call, one.name, one.statement, [one.name]
        yield call, "all", "all in one request", call.names
        yield call, "example", f"?{call.example}", call.example.split("&")
        text = "an unknown name between known ones is ignored"
        yield call, "unknown-ignored", text, [call.names[0], UNKNOWN, call.names[-1]]


@rows("{0.id}.{1}", READING, each=_readings())
def _read(session: Session, call: Call, _row: str, _statement: str, names: list[str]) -> str:
    """{2}."""
    table = [one for one in call.parameters if one.name in names]
    found = session.lines(call.uri("&".join(names)))
    expect(len(found) == len(table), f"{len(found)} lines for {len(table)} parameters: {found}")
    for parameter, value in zip(table, found, strict=True):
        _expect_legal(session, call, parameter, value)
    return ", ".join(found)


def _expect_legal(session: Session, call: Call, parameter: Parameter, value: str) -> None:
    """Hold a value to the form and the limits of its table."""
    right = re.fullmatch(parameter.kind.form, value) is not None
    expect(right, f"{parameter.name}: {value!r} is not {parameter.kind.words}")
    for bound, sign in ((parameter.low, 1), (parameter.stored_high, -1)):
        if bound:
            limit = _resolved(session, call, bound)
            expect(sign * (float(value) - limit) >= 0, f"{value} is outside of {bound} = {limit:g}")


def _resolved(session: Session, get: Call, formula: str) -> float:
    names = [word for word in formula.split(" ") if word in get.names]
    return resolve(formula, session.read(get.path, names) if names else {})


@rows("{0.id}.order", READING, each=_GETS)
def _order(session: Session, call: Call) -> str:
    """Values in the order asked."""
    steady = [name for name in call.names if "Temperature" not in name and "Power" not in name]
    forward, backward = (session.read(call.path, names) for names in (steady, steady[::-1]))
    differing = [name for name in steady if forward[name] != backward[name]]
    expect(not differing, f"asked backwards, these differ: {', '.join(differing)}")
    return f"{len(steady)} values, the same forwards and backwards"


_STATES = [(call, ", ".join(call.states)) for call in CALLS if call.states]


@rows("{0.id}", READING, each=_STATES)
def _state(session: Session, call: Call, known: str) -> str:
    """One of {1}."""
    state = session.line(call.path)
    expect(state in call.states, f"{state!r} is none of {known}")
    return f"{state} ({call.states[state]})"


def _defaults() -> Iterator[tuple[Call, str, Call, str, str]]:
    """Yield the call that tells a default and a row for it, and how it is read."""
    for call in CALLS:
        if call.initial:
            yield call, call.id.partition(".")[2], call, "", call.initial
        for one in call.parameters if call.get else ():
            yield call, one.name, call.get or call, one.name, one.default


@rows("{0.device}.default.{1}", FRESH, each=_defaults(), section="{0.section}")
def _default(
    session: Session, call: Call, _row: str, reading: Call, query: str, default: str
) -> str:
    """{1} is {4} at first."""
    value = session.line(reading.uri(query))
    if call.get and call.device in CCD_NAMES:
        # A formula ("CameraXSize"), and a number in any form; others are texts as such.
        right = float(value) == _resolved(session, reading, default)
    else:
        right = value == default
    expect(right, f"{value!r} instead of {default!r}")
    return value


_REFUSED = [
    (call, name, query, call.refusal(name))
    for call in CALLS
    for name, query in call.refused.items()
]
# A camera that takes these, or counts in 16 bits, closes the relay for 655 s.
_MINUTES = [one for one in _REFUSED if re.fullmatch(r"Duration.\.(-1|655\.36)", one[1])]
_ACTIONS = [one for one in _REFUSED if not one[0].example and one not in _MINUTES]


@rows("{0.id}.{1}", READING, each=[one for one in _REFUSED if one[0].example])
@rows("{0.id}.{1}", each=_ACTIONS)
@rows("{0.id}.{1}", MINUTES, each=_MINUTES)
def _refused(session: Session, call: Call, _row: str, query: str, code: int) -> str:
    """?{2}: 0x{3:08x}."""
    for ccd in CCDS:
        if call.path == ccd.uri("StartExposure.cgi"):
            set_frame(session, ccd, SMALL)
    return session.answered(call.uri(query), code)
