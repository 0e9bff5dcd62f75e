"""Rows on Set Settings of the three CCDs: range edges, errors, order of checks, NumX and NumY.

Each row begins with the whole sensor, unbinned. Cooler and set point are left alone when the cooler
runs: a sensor does not like to be warmed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from indi_stx.conformance import tables
from indi_stx.conformance.expecting import Skipped, expect
from indi_stx.conformance.kinds import answered
from indi_stx.conformance.rows import Check, Needs, Row, check_of
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.tables import CcdTables, Kind, Setting

_COOLING = ("CoolerState", "CCDTemperatureSetpoint")


def rows() -> Iterator[Row]:
    """Make the rows."""
    for ccd in tables.CCDS:
        prefix, section = f"{ccd.prefix.lower()}.set", f"{ccd.title} Set Settings"
        row = partial(Row, needs=Needs.WRITING, part=ccd.prefix)
        for setting in ccd.settings:
            for name, text, check in _edge_rows(ccd, setting):
                yield row(f"{prefix}.{setting.name}.{name}", section, text, check)
        for name, text, check in _rule_rows(ccd):
            yield row(f"{prefix}.{name}", section, text, check)
    row = partial(Row, needs=Needs.WRITING)
    text = "the printed example calls Get Settings with values: 0x80001000, or values"
    yield row("imager.set.printed-example", "Imager Set Settings", text, _printed_example)
    check = _set_and_read(tables.CCDS[0], {"BinX": 2, "BinY": 2})
    part = tables.CCDS[0].prefix
    yield row("imager.set.example", "HTTP Request Method", "?BinX=2&BinY=2", check, part=part)


def _edge_rows(ccd: CcdTables, setting: Setting) -> Iterator[tuple[str, str, Check]]:
    refusal = f"0x{setting.code:08x}" if setting.code else "refused (no code is documented)"
    for name, bound in (("minimum", setting.low), ("maximum", setting.high)):
        text = f"{setting.name}={bound} is accepted and read back"
        yield name, text, _taken(ccd, setting, bound)
    for name, bound, sign in (("below", setting.low, -1), ("above", setting.high, 1)):
        text = f"{setting.name} just {name} {bound}: {refusal}, nothing changes"
        yield name, text, _not_taken(ccd, setting, bound, sign)
    text = f"{setting.name}=text: refused, nothing changes"
    yield "text", text, _not_taken(ccd, setting, "", 0)


def _rule_rows(ccd: CcdTables) -> Iterator[tuple[str, str, Check]]:
    for first, second in pairwise(setting for setting in ccd.settings if setting.code):
        text = f"{second.name} and {first.name} wrong: the error of {first.name}"
        yield f"order.{first.name}-{second.name}", text, _first_error(ccd, first, second)
    yield "order.stops", "after a refused value nothing else is set", _stops(ccd)
    for axis, code in (("X", tables.NUM_X), ("Y", tables.NUM_Y)):
        text = f"Start{axis} lowers the limit of Num{axis}: one more is 0x{code:08x}"
        yield f"Num{axis}.from-start", text, _limit_from_start(ccd, axis, code)
        yield f"Num{axis}.kept", f"a new Start{axis} does not change Num{axis}", _kept(ccd, axis)
    check = _set_and_read(
        ccd, {"BinX": 2, "BinY": 2, "StartX": 3, "StartY": 5, "NumX": 101, "NumY": 77}
    )
    yield "all", "the whole frame in one request", check
    text = "an unknown name is ignored, the others are set"
    yield "unknown-ignored", text, _unknown_ignored(ccd)
    text = "no parameter: no data (newer firmware: 0x80001000)"
    uri = set_uri(ccd).rstrip("?")
    yield "no-parameter", text, answered(uri, None, tables.NO_VALID_PARAMETER)


def set_uri(ccd: CcdTables, **values: object) -> str:
    """Return the URI of a Set Settings call."""
    query = "&".join(f"{name}={value}" for name, value in values.items())
    return f"/api/{ccd.prefix}SetSettings.cgi?{query}"


def whole_sensor(session: Session, ccd: CcdTables) -> dict[str, str]:
    """Set the default frame and return all settings."""
    values = session.values(ccd)
    columns, rows = values["CameraXSize"], values["CameraYSize"]
    session.accepted(set_uri(ccd, BinX=1, BinY=1, StartX=0, StartY=0, NumX=columns, NumY=rows))
    return session.values(ccd)


def _written(setting: Setting, value: float) -> str:
    return str(int(value)) if setting.kind is Kind.INTEGER else f"{value:.1f}"


def _spare_the_cooler(session: Session, setting: Setting) -> None:
    if setting.name in _COOLING and session.cooling:
        raise Skipped("the cooler is on")


@check_of
def _taken(session: Session, ccd: CcdTables, setting: Setting, bound: str) -> str:
    _spare_the_cooler(session, setting)
    value = tables.resolve(bound, whole_sensor(session, ccd))
    session.accepted(set_uri(ccd, **{setting.name: _written(setting, value)}))
    shown = session.values(ccd)[setting.name]
    expect(float(shown) == value, f"{_written(setting, value)} was set, {shown} is read")
    return shown


@check_of
def _not_taken(session: Session, ccd: CcdTables, setting: Setting, bound: str, sign: int) -> str:
    """Check that a value outside, or a text when `bound` is empty, is refused."""
    _spare_the_cooler(session, setting)
    before = whole_sensor(session, ccd)
    value = "many"
    if bound:
        step = 1 if setting.kind is Kind.INTEGER else 0.1
        value = _written(setting, tables.resolve(bound, before) + sign * step)
    code = session.code(set_uri(ccd, **{setting.name: value}))
    after = session.values(ccd)[setting.name]
    seen = f"{setting.name}={value}: {shown_code(code)}"
    expect(after == before[setting.name], f"{seen}, and {after} is read")
    if setting.code and bound:
        expect(code == setting.code, f"{seen} instead of {shown_code(setting.code)}")
    elif setting.code:
        expect(code in (setting.code, tables.BAD_PARAMETER), seen)
    # Without a documented code, a refusal and an ignored value both follow the document.
    return seen


@check_of
def _first_error(session: Session, ccd: CcdTables, first: Setting, second: Setting) -> str:
    whole_sensor(session, ccd)
    # The other way round in the URI: the order of the table decides.
    wrong = {second.name: "-1", first.name: "-1"}
    return session.refused(set_uri(ccd, **wrong), first.code or 0)


@check_of
def _stops(session: Session, ccd: CcdTables) -> str:
    before = whole_sensor(session, ccd)
    session.refused(set_uri(ccd, NumX=5, StartX=-1, BinX=2), 0x80001003)
    after = session.values(ccd)
    expect(after["NumX"] == before["NumX"], f"NumX became {after['NumX']}")
    taken = "was" if after["BinX"] == "2" else "was not"
    return f"StartX refused; NumX untouched; BinX, which comes before, {taken} set"


@check_of
def _limit_from_start(session: Session, ccd: CcdTables, axis: str, code: int) -> str:
    size = int(whole_sensor(session, ccd)[f"Camera{axis}Size"])
    start = size // 3
    start_uri = set_uri(ccd, **{f"Start{axis}": start})
    session.accepted(start_uri)
    session.accepted(set_uri(ccd, **{f"Num{axis}": size - start}))
    seen = session.refused(set_uri(ccd, **{f"Num{axis}": size - start + 1}), code)
    return f"of {size}, from {start}: {size - start} accepted, {size - start + 1}: {seen}"


@check_of
def _kept(session: Session, ccd: CcdTables, axis: str) -> str:
    before = whole_sensor(session, ccd)[f"Num{axis}"]
    session.accepted(set_uri(ccd, **{f"Start{axis}": 1}))
    after = session.values(ccd)[f"Num{axis}"]
    expect(after == before, f"Num{axis} went from {before} to {after}")
    return f"still {after}"


@check_of
def _set_and_read(session: Session, ccd: CcdTables, wanted: dict[str, int]) -> str:
    whole_sensor(session, ccd)
    session.accepted(set_uri(ccd, **wanted))
    found = session.values(ccd)
    wrong = {name: found[name] for name, value in wanted.items() if found[name] != str(value)}
    expect(not wrong, f"read back differently: {wrong}")
    return f"{wanted}"


@check_of
def _unknown_ignored(session: Session, ccd: CcdTables) -> str:
    whole_sensor(session, ccd)
    session.accepted(set_uri(ccd, NoSuchParameter=7, BinX=2))
    found = session.values(ccd)["BinX"]
    expect(found == "2", f"BinX={found}")
    return "ignored"


def _printed_example(session: Session) -> str:
    before = whole_sensor(session, tables.CCDS[0])
    uri = "/api/ImagerGetSettings.cgi?BinX=2&BinY=2"
    answer = session.request(uri)
    if answer.status == 400:
        return session.refused(uri, tables.NO_VALID_PARAMETER)
    values = session.lines(uri)
    after = session.values(tables.CCDS[0])
    done = "nothing was set" if after["BinX"] == before["BinX"] else f"BinX became {after['BinX']}"
    return f"{values}; {done}"
