"""The kinds of check that are made of many calls, and the rows that follow from the table alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from indi_stx.conformance import tables
from indi_stx.conformance.calls import CALLS, Call
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.tables import NO_VALID_PARAMETER, Kind, Readable

_FORMS = {
    Kind.INTEGER: re.compile(r"-?[0-9]+\Z"),
    Kind.DECIMAL: re.compile(r"-?[0-9]+(\.[0-9]+)?\Z"),
    Kind.HUNDREDTHS: re.compile(r"-?[0-9]+\.[0-9]{2}\Z"),
    Kind.TEXT: re.compile(r"[ -~]*\Z"),
}
_UNKNOWN = "NoSuchParameter"
Around = Callable[[Session], AbstractContextManager[object]]
"""What is done before a call that must be refused, and undone after it, answered or not."""


def rows() -> Iterator[Row]:
    """Make the rows that only read: values, states, and defaults of a fresh camera."""
    for call in CALLS:
        if call.readable:
            yield from _get_rows(call)
        if call.states:
            row = partial(Row, section=call.section, part=call.part)
            text = f"one of {', '.join(call.states)}"
            yield row(id=call.id, description=text, check=_state(call.path, call.states))
    for call in CALLS:
        yield from _default_rows(call)


# --- what must be refused, ignored, or stored -----------------------------------------------------


def refusal_rows(call: Call, around: Around = nullcontext) -> Iterator[Row]:
    """Make a row for each refusal of a call that changes something."""
    for one in call.refusals:
        yield Row(
            f"{call.id}.{one.name}",
            call.section,
            f"?{one.query}: 0x{one.code:08x}",
            _refused(f"{call.path}?{one.query}".rstrip("?"), one.code, around),
            Needs.WRITING,
            call.part,
            long_pulse=one.long_pulse,
        )


@check_of
def _refused(session: Session, uri: str, code: int, around: Around = nullcontext) -> str:
    with around(session):
        return session.refused(uri, code)


@check_of
def answered(session: Session, uri: str, *codes: int | None) -> str:
    """Expect one of `codes`; None is acceptance, without data."""
    code = session.code(uri)
    expect(code in codes, shown_code(code))
    return shown_code(code)


@check_of
def ignored(session: Session, uri: str, read_at: str, names: list[str]) -> str:
    """Expect a call with unknown names to be accepted and to change nothing."""
    before = session.read(read_at, names)
    session.accepted(uri)
    after = session.read(read_at, names)
    expect(before == after, f"{before} became {after}")
    return "ignored"


@check_of
def stored(
    session: Session,
    write: Callable[[Session, dict[str, str]], None],
    read_at: str,
    values: dict[str, str],
) -> str:
    """Expect values that are written to be read back."""
    write(session, values)
    found = session.read(read_at, list(values))
    expect(found == values, f"{values} was set, {found} is read")
    return f"{found}"


@check_of
def cut(session: Session, uri: str, read_uri: str, wanted: str) -> str:
    """Expect a text that is too long to be cut to `wanted`, or not to be taken."""
    before = session.line(read_uri)
    code = session.code(uri)
    found = session.line(read_uri)
    expect(found in (before, wanted), f"{found!r} is read")
    return f"{shown_code(code)}, {found!r} is read"


# --- what is read ---------------------------------------------------------------------------------


def _get_rows(call: Call) -> Iterator[Row]:
    row = partial(Row, part=call.part)
    for readable in call.readable:
        text = _statement(readable)
        yield row(f"{call.id}.{readable.name}", call.section, text, _value(call, readable))
    for name, text, check in (
        ("all", "all in one request", _all(call)),
        ("order", "values in the order asked", _order(call)),
        ("example", f"?{call.example}", _example(call)),
        ("unknown-ignored", "an unknown name between known ones is ignored", _between(call)),
        (
            "no-parameter",
            "nothing asked: 0x80001000",
            _refused(call.path, NO_VALID_PARAMETER),
        ),
        (
            "only-unknown",
            "nothing known asked: 0x80001000",
            _refused(f"{call.path}?{_UNKNOWN}", NO_VALID_PARAMETER),
        ),
    ):
        yield row(f"{call.id}.{name}", call.section, text, check)
    for name in call.absent:
        text = f"{name} is not in this table: 0x80001000"
        check = _refused(f"{call.path}?{name}", NO_VALID_PARAMETER)
        yield row(f"{call.id}.absent.{name}", call.section, text, check)


def _statement(readable: Readable) -> str:
    limits = [
        f"at least {readable.low}" if readable.low else "",
        f"at most {readable.high}" if readable.high else "",
    ]
    return ", ".join([f"{readable.name} is {readable.kind.value}", *filter(None, limits)])


@check_of
def _value(session: Session, call: Call, readable: Readable) -> str:
    value = session.line(f"{call.path}?{readable.name}")
    expect(bool(_FORMS[readable.kind].match(value)), f"{value!r} is not {readable.kind.value}")
    for bound, sign in ((readable.low, 1), (readable.high, -1)):
        if bound is not None:
            limit = _resolved(session, call.path, bound)
            expect(sign * (float(value) - limit) >= 0, f"{value} is outside of {bound} = {limit:g}")
    return value


def _resolved(session: Session, read_at: str, bound: str) -> float:
    names = [term for term in bound.split(" - ") if term[0].isalpha()]
    return tables.resolve(bound, session.read(read_at, names) if names else {})


@check_of
def _all(session: Session, call: Call) -> str:
    found = session.read(call.path, call.names)
    for row in call.readable:
        value = found[row.name]
        expect(bool(_FORMS[row.kind].match(value)), f"{row.name}: {value!r}")
    return f"{len(found)} values"


@check_of
def _order(session: Session, call: Call) -> str:
    steady = [name for name in call.names if "Temperature" not in name and "Power" not in name]
    forward = session.read(call.path, steady)
    backward = session.read(call.path, steady[::-1])
    differing = [n for n in steady if forward[n] != backward[n]]
    expect(not differing, f"asked backwards, these differ: {', '.join(differing)}")
    return f"{len(steady)} values, the same forwards and backwards"


@check_of
def _example(session: Session, call: Call) -> str:
    return str(session.read(call.path, call.example.split("&")))


@check_of
def _between(session: Session, call: Call) -> str:
    found = session.lines(f"{call.path}?{call.names[0]}&{_UNKNOWN}&{call.names[-1]}")
    expect(len(found) == 2, f"{len(found)} lines instead of 2: {found}")
    return str(found)


@check_of
def _state(session: Session, uri: str, states: Mapping[str, str]) -> str:
    state = session.line(uri)
    expect(state in states, f"{state!r} is none of {', '.join(states)}")
    return f"{state} ({states[state]})"


def _default_rows(call: Call) -> Iterator[Row]:
    row = partial(Row, section=call.section, part=call.part, fresh=True)
    device, _, last = call.id.partition(".")
    if call.default:
        check = _default(call.path, call.path, call.default)
        yield row(id=f"{device}.default.{last}", description="no image at first", check=check)
    for name, default in call.defaults.items():
        yield row(
            id=f"{device}.default.{name}",
            description=f"{name} is {default} at first",
            check=_default(f"{call.read_at}?{name}", call.read_at, default),
        )


@check_of
def _default(session: Session, uri: str, read_at: str, default: str) -> str:
    value = session.line(uri)
    # A CCD's may be a bound ("CameraXSize"), and a number in any form; others are texts as such.
    right = value == default or (
        read_at.endswith("GetSettings.cgi") and float(value) == _resolved(session, read_at, default)
    )
    expect(right, f"{value!r} instead of {default!r}")
    return value
