"""Rows on the filter wheel: Change Filter with its errors, and, in Flash, the names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from indi_stx.conformance.calls import BY_ID
from indi_stx.conformance.camera_tables import (
    FILTER_NAME_LENGTH,
    FILTER_NAMES,
    FILTER_STATES,
    RESERVED,
    encoded,
)
from indi_stx.conformance.expecting import expect
from indi_stx.conformance.kinds import answered, cut, ignored, refusal_rows, stored
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.tables import BAD_PARAMETER, FILTER_BUSY

_GET, _SET = "/api/GetFilterSetting.cgi", "/api/SetFilterName.cgi"
SURE_POSITIONS = range(6)
"""Every wheel has five filters; above that, a small one may refuse."""


def rows() -> Iterator[Row]:
    """Make the rows."""
    row = partial(Row, section="Change Filter", needs=Needs.WRITING, part="Filter")
    yield from refusal_rows(BY_ID["filter.change"], _standing_after)
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
    with _standing_after(session):
        return session.code(f"/api/ChangeFilter.cgi?NewPosition={position}")


def wait_for_wheel(session: Session) -> None:
    """Wait until the wheel stands; raise Mismatch when it does not."""
    session.until("/api/FilterState.cgi", "0", FILTER_STATES, session.pace.settle_s)


@contextmanager
def _standing_after(session: Session) -> Iterator[None]:
    try:
        yield
    finally:
        wait_for_wheel(session)


def _to_current(session: Session) -> str:
    current = session.line(f"{_GET}?CurrentFilter")
    code = move(session, int(current))
    expect(code is None, shown_code(code))
    return f"to {current}"


@check_of
def _to(session: Session, position: int) -> str:
    code = move(session, position)
    if position not in SURE_POSITIONS and code == BAD_PARAMETER:
        return f"{shown_code(code)} (a smaller wheel)"
    expect(code is None, shown_code(code))
    current = session.line(f"{_GET}?CurrentFilter")
    expect(current == str(position), f"CurrentFilter is {current}")
    return f"CurrentFilter {current}"


def _busy(session: Session) -> str:
    def trial() -> str | None:
        move(session, 1)
        with _standing_after(session):
            session.accepted("/api/ChangeFilter.cgi?NewPosition=0")
            code = session.code("/api/ChangeFilter.cgi?NewPosition=3")
            return None if code is None else shown_code(code)

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
    unknown = f"{_SET}?Filter9Name=Nine&NoSuchParameter=1"
    eight = {name: f"Conformance {name[6]:>4}" for name in FILTER_NAMES}
    reserved = "".join(RESERVED)
    two = {"Filter1Name": "a" + reserved[:10], "Filter2Name": reserved[10:] + "z"}
    for name, text, check in (
        ("spelling", "Filter1Name (table) or Filter1 (example) names filter 1", _spelling),
        ("no-parameter", "no parameter: no data, no error", answered(_SET, None)),
        ("unknown-ignored", "an unknown name is ignored", ignored(unknown, _GET, [*FILTER_NAMES])),
        (
            "all",
            f"eight names of {FILTER_NAME_LENGTH} characters in one request",
            stored(write_names, _GET, eight),
        ),
        (
            "reserved",
            "the reserved characters, percent-encoded",
            stored(write_names, _GET, two),
        ),
        ("long", f"{FILTER_NAME_LENGTH + 1} characters: cut, or not taken", _too_long),
    ):
        yield row(id=f"filter.name.{name}", description=text, check=check)


def _spellings(session: Session) -> list[str]:
    """Return how this camera spells the names, by trying: "Filter{}Name", "Filter{}" or both."""
    taken = []
    for number, pattern in enumerate(("Filter{}Name", "Filter{}"), start=1):
        wanted = f"Spelling {number}"
        session.accepted(f"{_SET}?{pattern.format(1)}={encoded(wanted)}")
        if session.line(f"{_GET}?Filter1Name") == wanted:
            taken.append(pattern)
    return taken


def _pattern(session: Session) -> str:
    # The Flash wears: once a run is enough, whichever row asks first.
    if not session.name_spelling:
        session.name_spelling = next(iter(_spellings(session)), "Filter{}Name")
    return session.name_spelling


def write_names(session: Session, names: dict[str, str]) -> None:
    """Store names, by the spelling that this camera takes."""
    pattern = _pattern(session)
    pairs = [f"{pattern.format(key[6])}={encoded(text)}" for key, text in names.items()]
    session.accepted(f"{_SET}?{'&'.join(pairs)}")


def _spelling(session: Session) -> str:
    found = _spellings(session)
    expect(bool(found), "neither Filter1Name nor Filter1 changed the name")
    session.name_spelling = found[0]
    return " and ".join(pattern.format(1) for pattern in found)


def _too_long(session: Session) -> str:
    text = "Seventeen letters"
    uri = f"{_SET}?{_pattern(session).format(3)}={encoded(text)}"
    return cut(uri, f"{_GET}?Filter3Name", text[:FILTER_NAME_LENGTH])(session)
