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
from indi_stx.conformance.rows import Check, Needs, Row
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.tables import CcdTables, Kind, Setting

_COOLING = ("CoolerState", "CCDTemperatureSetpoint")
_EDGES = (("minimum", "low", 0), ("maximum", "high", 0))
_OUTSIDE = (("below", "low", -1), ("above", "high", 1))


def rows() -> Iterator[Row]:
    """Make the rows."""
    for ccd in tables.CCDS:
        row = partial(
            Row, section=f"{ccd.title} Set Settings", needs=Needs.WRITING, part=ccd.prefix
        )
        for setting in ccd.settings:
            yield from _edge_rows(ccd, setting, row)
        yield from _order_rows(ccd, row)
        yield from _frame_rows(ccd, row)
        yield from _name_rows(ccd, row)
    yield Row(
        "imager.set.printed-example",
        "Imager Set Settings",
        "the printed example calls Get Settings with values: 0x80001000, or values",
        _printed_example,
        Needs.WRITING,
    )


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


def _edge_rows(ccd: CcdTables, setting: Setting, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.set.{setting.name}"
    for name, side, _ in _EDGES:
        bound = getattr(setting, side)
        text = f"{setting.name}={bound} is accepted and read back"
        yield row(id=f"{prefix}.{name}", description=text, check=_taken(ccd, setting, bound))
    refusal = f"0x{setting.code:08x}" if setting.code else "refused (no code is documented)"
    for name, side, sign in _OUTSIDE:
        bound = getattr(setting, side)
        text = f"{setting.name} just {name} {bound}: {refusal}, nothing changes"
        check = _not_taken(ccd, setting, bound, sign)
        yield row(id=f"{prefix}.{name}", description=text, check=check)
    text = f"{setting.name}=text: refused, nothing changes"
    check = _not_taken(ccd, setting, "", 0)
    yield row(id=f"{prefix}.text", description=text, check=check)


def _written(setting: Setting, value: float) -> str:
    return str(int(value)) if setting.kind is Kind.INTEGER else f"{value:.1f}"


def _spare_the_cooler(session: Session, setting: Setting) -> None:
    if setting.name in _COOLING and session.cooling:
        raise Skipped("the cooler is on")


def _taken(ccd: CcdTables, setting: Setting, bound: str) -> Check:
    def check(session: Session) -> str:
        _spare_the_cooler(session, setting)
        value = tables.resolve(bound, whole_sensor(session, ccd))
        session.accepted(set_uri(ccd, **{setting.name: _written(setting, value)}))
        shown = session.values(ccd)[setting.name]
        expect(float(shown) == value, f"{_written(setting, value)} was set, {shown} is read")
        return shown

    return check


def _not_taken(ccd: CcdTables, setting: Setting, bound: str, sign: int) -> Check:
    """Check that a value outside, or a text when `bound` is empty, is refused."""

    def check(session: Session) -> str:
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

    return check


def _order_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.set.order"
    coded = [setting for setting in ccd.settings if setting.code]
    for first, second in pairwise(coded):
        yield row(
            id=f"{prefix}.{first.name}-{second.name}",
            description=f"{second.name} and {first.name} wrong: the error of {first.name}",
            check=_first_error(ccd, first, second),
        )
    text = "after a refused value nothing else is set"
    yield row(id=f"{prefix}.stops", description=text, check=_stops(ccd))


def _first_error(ccd: CcdTables, first: Setting, second: Setting) -> Check:
    def check(session: Session) -> str:
        whole_sensor(session, ccd)
        # The other way round in the URI: the order of the table decides.
        wrong = {second.name: "-1", first.name: "-1"}
        return session.refused(set_uri(ccd, **wrong), first.code or 0)

    return check


def _stops(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        before = whole_sensor(session, ccd)
        session.refused(set_uri(ccd, NumX=5, StartX=-1, BinX=2), 0x80001003)
        after = session.values(ccd)
        expect(after["NumX"] == before["NumX"], f"NumX became {after['NumX']}")
        taken = "was" if after["BinX"] == "2" else "was not"
        return f"StartX refused; NumX untouched; BinX, which comes before, {taken} set"

    return check


def _frame_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.set"
    for axis, code in (("X", tables.NUM_X), ("Y", tables.NUM_Y)):
        yield row(
            id=f"{prefix}.Num{axis}.from-start",
            description=f"Start{axis} lowers the limit of Num{axis}: one more is 0x{code:08x}",
            check=_limit_from_start(ccd, axis, code),
        )
        yield row(
            id=f"{prefix}.Num{axis}.kept",
            description=f"a new Start{axis} does not change Num{axis}",
            check=_kept(ccd, axis),
        )
    yield row(
        id=f"{prefix}.all",
        description="the whole frame in one request",
        check=_whole_frame(ccd),
    )


def _limit_from_start(ccd: CcdTables, axis: str, code: int) -> Check:
    def check(session: Session) -> str:
        size = int(whole_sensor(session, ccd)[f"Camera{axis}Size"])
        start = size // 3
        start_uri = set_uri(ccd, **{f"Start{axis}": start})
        session.accepted(start_uri)
        session.accepted(set_uri(ccd, **{f"Num{axis}": size - start}))
        seen = session.refused(set_uri(ccd, **{f"Num{axis}": size - start + 1}), code)
        return f"of {size}, from {start}: {size - start} accepted, {size - start + 1}: {seen}"

    return check


def _kept(ccd: CcdTables, axis: str) -> Check:
    def check(session: Session) -> str:
        before = whole_sensor(session, ccd)[f"Num{axis}"]
        session.accepted(set_uri(ccd, **{f"Start{axis}": 1}))
        after = session.values(ccd)[f"Num{axis}"]
        expect(after == before, f"Num{axis} went from {before} to {after}")
        return f"still {after}"

    return check


def _whole_frame(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        whole_sensor(session, ccd)
        wanted = {"BinX": 2, "BinY": 2, "StartX": 3, "StartY": 5, "NumX": 101, "NumY": 77}
        session.accepted(set_uri(ccd, **wanted))
        found = session.values(ccd)
        wrong = {name: found[name] for name, value in wanted.items() if found[name] != str(value)}
        expect(not wrong, f"read back differently: {wrong}")
        return f"{wanted}"

    return check


def _name_rows(ccd: CcdTables, row: partial[Row]) -> Iterator[Row]:
    prefix = f"{ccd.prefix.lower()}.set"
    text = "an unknown name is ignored, the others are set"
    yield row(id=f"{prefix}.unknown-ignored", description=text, check=_unknown_ignored(ccd))
    text = "no parameter: no data (newer firmware: 0x80001000)"
    yield row(id=f"{prefix}.no-parameter", description=text, check=_no_parameter(ccd))
    if ccd.prefix == "Imager":
        section = "HTTP Request Method"
        yield row(
            id=f"{prefix}.example",
            section=section,
            description="?BinX=2&BinY=2",
            check=_example,
        )


def _unknown_ignored(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        whole_sensor(session, ccd)
        session.accepted(set_uri(ccd, NoSuchParameter=7, BinX=2))
        found = session.values(ccd)["BinX"]
        expect(found == "2", f"BinX={found}")
        return "ignored"

    return check


def _no_parameter(ccd: CcdTables) -> Check:
    def check(session: Session) -> str:
        code = session.code(f"/api/{ccd.prefix}SetSettings.cgi")
        expect(code in (None, tables.NO_VALID_PARAMETER), shown_code(code))
        return shown_code(code)

    return check


def _example(session: Session) -> str:
    whole_sensor(session, tables.CCDS[0])
    session.accepted("/api/ImagerSetSettings.cgi?BinX=2&BinY=2")
    found = session.values(tables.CCDS[0])
    expect((found["BinX"], found["BinY"]) == ("2", "2"), f"{found['BinX']} x {found['BinY']}")
    return "2 x 2"


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
