"""Rows on the filter wheel: Change Filter with its errors, and, in Flash, the names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from indi_stx.conformance.camera_tables import (
    FILTER_NAME_LENGTH,
    FILTER_NAMES,
    FILTER_STATES,
    RESERVED,
    encoded,
)
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.rows import Check, Needs, Row
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.tables import BAD_PARAMETER, FILTER_BUSY, PARAMETERS_MISSING

_GET = "/api/GetFilterSetting.cgi"
SURE_POSITIONS = range(6)
"""Every wheel has five filters; above that, a small one may refuse."""


def rows() -> Iterator[Row]:
    """Make the rows."""
    row = partial(Row, section="Change Filter", needs=Needs.WRITING, part="Filter")
    for name, query, code in (
        ("no-parameter", "", PARAMETERS_MISSING),
        ("below", "NewPosition=-1", BAD_PARAMETER),
        ("above", "NewPosition=9", BAD_PARAMETER),
        ("text", "NewPosition=Red", BAD_PARAMETER),
    ):
        text = f"?{query}: 0x{code:08x}"
        yield row(id=f"filter.change.{name}", description=text, check=_refused(query, code))
    text = "to where it stands is accepted"
    yield row(id="filter.change.current", description=text, check=_to_current)
    for position in range(9):
        text = f"to {position or 'no filter (0)'}: the wheel moves, and reports it"
        yield row(id=f"filter.change.{position}", description=text, check=_to(position))
    text = "while it moves: 0x8000100b"
    yield row(id="filter.change.busy", description=text, check=_busy)
    yield row(
        id="filter.current-name",
        section="Get Filter Settings",
        description="CurrentFilterName is the name of CurrentFilter",
        check=_current_name,
    )
    yield from _name_rows()


def move(session: Session, position: int) -> int | None:
    """Move the wheel and wait until it stands; return the code of a refusal."""
    try:
        return session.code(f"/api/ChangeFilter.cgi?NewPosition={position}")
    finally:
        wait_for_wheel(session)


def wait_for_wheel(session: Session) -> None:
    """Wait until the wheel stands; raise Mismatch when it does not."""
    session.until("/api/FilterState.cgi", "0", FILTER_STATES, session.pace.settle_s)


def _refused(query: str, code: int) -> Check:
    def check(session: Session) -> str:
        try:
            return session.refused(f"/api/ChangeFilter.cgi?{query}".rstrip("?"), code)
        finally:
            wait_for_wheel(session)

    return check


def _to_current(session: Session) -> str:
    current = session.line(f"{_GET}?CurrentFilter")
    code = move(session, int(current))
    expect(code is None, shown_code(code))
    return f"to {current}"


def _to(position: int) -> Check:
    def check(session: Session) -> str:
        code = move(session, position)
        if position not in SURE_POSITIONS and code == BAD_PARAMETER:
            return f"{shown_code(code)} (a smaller wheel)"
        expect(code is None, shown_code(code))
        current = session.line(f"{_GET}?CurrentFilter")
        expect(current == str(position), f"CurrentFilter is {current}")
        return f"CurrentFilter {current}"

    return check


def _busy(session: Session) -> str:
    def trial() -> str | None:
        move(session, 1)
        try:
            session.accepted("/api/ChangeFilter.cgi?NewPosition=0")
            code = session.code("/api/ChangeFilter.cgi?NewPosition=3")
            return None if code is None else shown_code(code)
        finally:
            wait_for_wheel(session)

    seen = session.attempt(5, trial)
    expect(seen == shown_code(FILTER_BUSY), f"{seen}")
    return f"{seen}"


def _current_name(session: Session) -> str:
    move(session, 2)
    found = session.read(_GET, ["CurrentFilter", "CurrentFilterName", "Filter2Name"])
    expect(found["CurrentFilterName"] == found["Filter2Name"], f"{found}")
    return f"{found}"


def _name_rows() -> Iterator[Row]:
    row = partial(Row, section="Set Filter Name", needs=Needs.FLASH)
    for name, text, check in (
        ("spelling", "Filter1Name (table) or Filter1 (example) names filter 1", _spelling),
        ("no-parameter", "no parameter: no data, no error", _no_parameter),
        ("unknown-ignored", "an unknown name is ignored", _unknown_ignored),
        ("all", f"eight names of {FILTER_NAME_LENGTH} characters in one request", _all_names),
        ("reserved", "the reserved characters, percent-encoded", _reserved),
        ("long", f"{FILTER_NAME_LENGTH + 1} characters: cut, or not taken", _too_long),
    ):
        yield row(id=f"filter.name.{name}", description=text, check=check)


def spelling(session: Session) -> str:
    """Return how this camera spells the names: "Filter{}Name", "Filter{}" or both, by trying."""
    taken = []
    for number, pattern in enumerate(("Filter{}Name", "Filter{}"), start=1):
        wanted = f"Spelling {number}"
        session.accepted(f"/api/SetFilterName.cgi?{pattern.format(1)}={encoded(wanted)}")
        if session.line(f"{_GET}?Filter1Name") == wanted:
            taken.append(pattern)
    return " ".join(taken)


def write_names(session: Session, names: dict[str, str]) -> None:
    """Store names, by the spelling that this camera takes."""
    if not session.name_spelling:
        session.name_spelling = spelling(session).split(" ")[0] or "Filter{}Name"
    pattern = session.name_spelling
    pairs = [f"{pattern.format(key[6])}={encoded(text)}" for key, text in names.items()]
    session.accepted(f"/api/SetFilterName.cgi?{'&'.join(pairs)}")


def _spelling(session: Session) -> str:
    found = spelling(session)
    expect(found != "", "neither Filter1Name nor Filter1 changed the name")
    session.name_spelling = found.split(" ")[0]
    return found.replace("{}", "1").replace(" ", " and ")


def _no_parameter(session: Session) -> str:
    session.accepted("/api/SetFilterName.cgi")
    return "accepted"


def _unknown_ignored(session: Session) -> str:
    before = session.read(_GET, list(FILTER_NAMES))
    session.accepted("/api/SetFilterName.cgi?Filter9Name=Nine&NoSuchParameter=1")
    after = session.read(_GET, list(FILTER_NAMES))
    expect(before == after, f"{before} became {after}")
    return "ignored"


def _stored(session: Session, names: dict[str, str]) -> str:
    write_names(session, names)
    found = session.read(_GET, list(names))
    expect(found == names, f"{names} was set, {found} is read")
    return f"{found}"


def _all_names(session: Session) -> str:
    return _stored(session, {name: f"Conformance {name[6]:>4}" for name in FILTER_NAMES})


def _reserved(session: Session) -> str:
    text = "".join(RESERVED)
    return _stored(session, {"Filter1Name": "a" + text[:10], "Filter2Name": text[10:] + "z"})


def _too_long(session: Session) -> str:
    before = session.line(f"{_GET}?Filter3Name")
    text = "Seventeen letters"
    pattern = session.name_spelling or "Filter{}Name"
    code = session.code(f"/api/SetFilterName.cgi?{pattern.format(3)}={encoded(text)}")
    found = session.line(f"{_GET}?Filter3Name")
    expect(found in (before, text[:FILTER_NAME_LENGTH]), f"{found!r} is read")
    return f"{shown_code(code)}, {found!r} is read"
