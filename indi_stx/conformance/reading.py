"""Rows on Get calls and states: each value, their order, unknown names; defaults of a fresh camera.

The same statements are made of five Get calls, and of all calls that answer one state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from indi_stx.conformance import camera_tables as camera
from indi_stx.conformance import tables
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.rows import Check, Row
from indi_stx.conformance.session import Session
from indi_stx.conformance.tables import NO_VALID_PARAMETER, Kind, Readable

_FORMS = {
    Kind.INTEGER: re.compile(r"-?[0-9]+\Z"),
    Kind.DECIMAL: re.compile(r"-?[0-9]+(\.[0-9]+)?\Z"),
    Kind.HUNDREDTHS: re.compile(r"-?[0-9]+\.[0-9]{2}\Z"),
    Kind.TEXT: re.compile(r"[ -~]*\Z"),
}
_UNKNOWN = "NoSuchParameter"


@dataclass(frozen=True)
class GetCall:
    """A Get call and its table."""

    id: str
    section: str
    path: str
    readable: tuple[Readable, ...]
    example: str
    part: str = ""

    @property
    def names(self) -> list[str]:
        """The parameters, in the order of the table."""
        return [row.name for row in self.readable]


GET_CALLS = (
    *(
        GetCall(
            f"{ccd.prefix.lower()}.get",
            f"{ccd.title} Get Settings",
            f"/api/{ccd.prefix}GetSettings.cgi",
            ccd.readable,
            "CameraXSize&CameraYSize",
            ccd.prefix,
        )
        for ccd in tables.CCDS
    ),
    GetCall(
        "filter.get",
        "Get Filter Settings",
        "/api/GetFilterSetting.cgi",
        camera.FILTER_READABLE,
        "CurrentFilter&Filter1Name",
    ),
    GetCall(
        "pulse.remaining",
        "Pulse Guide Get Time Remaining",
        "/api/PulseGuideGetTimeRemaining.cgi",
        camera.RELAY_READABLE,
        "XPlus&YMinus",
    ),
    GetCall(
        "fits.get",
        "Get FITS Settings",
        "/api/GetFITSSetting.cgi",
        camera.FITS_READABLE,
        "ObjectName&FL",
    ),
)


def rows() -> Iterator[Row]:
    """Make the rows."""
    for call in GET_CALLS:
        yield from _get_rows(call)
    for ccd in tables.CCDS:
        yield from _absent_rows(ccd)
    yield from _state_rows()
    yield from _default_rows()


def _get_rows(call: GetCall) -> Iterator[Row]:
    row = partial(Row, part=call.part)
    for readable in call.readable:
        text = _statement(readable)
        yield row(f"{call.id}.{readable.name}", call.section, text, _value(call, readable))
    yield row(f"{call.id}.all", call.section, "all in one request", _all(call))
    yield row(f"{call.id}.order", call.section, "values in the order asked", _order(call))
    yield row(f"{call.id}.example", call.section, f"?{call.example}", _example(call))
    text = "an unknown name between known ones is ignored"
    yield row(f"{call.id}.unknown-ignored", call.section, text, _unknown_ignored(call))
    for name, query in (("no-parameter", ""), ("only-unknown", f"?{_UNKNOWN}")):
        check = _refused(call.path + query, NO_VALID_PARAMETER)
        text = f"{'nothing' if not query else 'nothing known'} asked: 0x80001000"
        yield row(f"{call.id}.{name}", call.section, text, check)


def _statement(readable: Readable) -> str:
    limits = [
        f"at least {readable.low}" if readable.low else "",
        f"at most {readable.high}" if readable.high else "",
    ]
    return ", ".join([f"{readable.name} is {readable.kind.value}", *filter(None, limits)])


def _value(call: GetCall, readable: Readable) -> Check:
    def check(session: Session) -> str:
        value = session.line(f"{call.path}?{readable.name}")
        expect(bool(_FORMS[readable.kind].match(value)), f"{value!r} is not {readable.kind.value}")
        for bound, sign in ((readable.low, 1), (readable.high, -1)):
            if bound is None:
                continue
            limit = _resolved(session, call, bound)
            expect(sign * (float(value) - limit) >= 0, f"{value} is outside of {bound} = {limit:g}")
        return value

    return check


def _resolved(session: Session, call: GetCall, bound: str) -> float:
    names = [term for term in bound.split(" - ") if term[0].isalpha()]
    return tables.resolve(bound, session.read(call.path, names) if names else {})


def _all(call: GetCall) -> Check:
    def check(session: Session) -> str:
        found = session.read(call.path, call.names)
        for row in call.readable:
            value = found[row.name]
            expect(bool(_FORMS[row.kind].match(value)), f"{row.name}: {value!r}")
        return f"{len(found)} values"

    return check


def _order(call: GetCall) -> Check:
    def check(session: Session) -> str:
        steady = [name for name in call.names if "Temperature" not in name and "Power" not in name]
        forward = session.read(call.path, steady)
        backward = session.read(call.path, steady[::-1])
        differing = [n for n in steady if forward[n] != backward[n]]
        expect(not differing, f"asked backwards, these differ: {', '.join(differing)}")
        return f"{len(steady)} values, the same forwards and backwards"

    return check


def _example(call: GetCall) -> Check:
    def check(session: Session) -> str:
        names = call.example.split("&")
        return str(session.read(call.path, names))

    return check


def _unknown_ignored(call: GetCall) -> Check:
    def check(session: Session) -> str:
        first, last = call.names[0], call.names[-1]
        found = session.lines(f"{call.path}?{first}&{_UNKNOWN}&{last}")
        expect(len(found) == 2, f"{len(found)} lines instead of 2: {found}")
        return str(found)

    return check


def _refused(uri: str, code: int) -> Check:
    return lambda session: session.refused(uri, code)


def _absent_rows(ccd: tables.CcdTables) -> Iterator[Row]:
    for name in ccd.absent:
        yield Row(
            f"{ccd.prefix.lower()}.get.absent.{name}",
            f"{ccd.title} Get Settings",
            f"{name} is not in this table: 0x80001000",
            _refused(f"/api/{ccd.prefix}GetSettings.cgi?{name}", NO_VALID_PARAMETER),
            part=ccd.prefix,
        )


def _state_rows() -> Iterator[Row]:
    for ccd in tables.CCDS:
        for call, states in (("State", tables.CCD_STATES), ("ImageReady", tables.IMAGE_STATES)):
            yield Row(
                f"{ccd.prefix.lower()}.{'state' if call == 'State' else 'image-ready'}",
                f"{ccd.title} {'State' if call == 'State' else 'Image Ready'}",
                f"one of {', '.join(states)}",
                _state(f"/api/{ccd.prefix}{call}.cgi", states),
                part=ccd.prefix,
            )
    for name, section, path, states in (
        ("filter.state", "Filter State", "FilterState", camera.FILTER_STATES),
        ("pulse.state", "Is Pulse Guiding", "IsPulseGuiding", camera.RELAY_STATES),
        ("ao.status", "AO Status", "AOStatus", camera.AO_STATES),
    ):
        text = f"one of {', '.join(states)}"
        yield Row(name, section, text, _state(f"/api/{path}.cgi", states))


def _state(uri: str, states: Mapping[str, str]) -> Check:
    def check(session: Session) -> str:
        state = session.line(uri)
        expect(state in states, f"{state!r} is none of {', '.join(states)}")
        return f"{state} ({states[state]})"

    return check


def _default_rows() -> Iterator[Row]:
    for ccd, call in zip(tables.CCDS, GET_CALLS, strict=False):
        for setting in ccd.settings:
            yield Row(
                f"{ccd.prefix.lower()}.default.{setting.name}",
                f"{ccd.title} Set Settings",
                f"{setting.name} is {setting.default} at first",
                _default(call, setting.name, setting.default),
                part=ccd.prefix,
                fresh=True,
            )
        yield Row(
            f"{ccd.prefix.lower()}.default.image-ready",
            f"{ccd.title} Image Ready",
            "no image at first",
            _is(f"/api/{ccd.prefix}ImageReady.cgi", "0"),
            part=ccd.prefix,
            fresh=True,
        )
    yield from _flash_default_rows()


def _flash_default_rows() -> Iterator[Row]:
    for name in camera.FILTER_NAMES:
        check = _is(f"/api/GetFilterSetting.cgi?{name}", camera.FILTER_NAME_DEFAULT)
        text = f"{name} is {camera.FILTER_NAME_DEFAULT} at first"
        yield Row(f"filter.default.{name}", "Set Filter Name", text, check, fresh=True)
    for name, value in (camera.FITS_TEXTS | camera.FITS_NUMBERS).items():
        check = _is(f"/api/GetFITSSetting.cgi?{name}", value)
        text = f"{name} is {value} at first"
        yield Row(f"fits.default.{name}", "Set FITS Settings", text, check, fresh=True)


def _default(call: GetCall, name: str, default: str) -> Check:
    def check(session: Session) -> str:
        value = session.line(f"{call.path}?{name}")
        expect(float(value) == _resolved(session, call, default), f"{value} instead of {default}")
        return value

    return check


def _is(uri: str, wanted: str) -> Check:
    def check(session: Session) -> str:
        value = session.line(uri)
        expect(value == wanted, f"{value!r} instead of {wanted!r}")
        return value

    return check
