"""Rows on the filter wheel; its names are in `settings`."""

from __future__ import annotations

from indi_stx.conformance.calls import BY_ID, CHANGE_FILTER, FILTERS
from indi_stx.conformance.rows import rows
from indi_stx.conformance.session import Session, expect, shown_code
from indi_stx.conformance.tables import BAD_PARAMETER, FILTER_BUSY

SURE_POSITIONS = 5
"""Every wheel has five filters; above that, a small one may refuse."""


def wait_for_wheel(session: Session) -> None:
    """Wait until the wheel stands; raise Mismatch when it does not."""
    session.until(BY_ID["filter.state"])


def move(session: Session, position: object, *codes: int | None) -> str:
    """Move the wheel when it stands, and until it stands again; see `Session.answered`."""
    wait_for_wheel(session)
    seen = session.answered(CHANGE_FILTER.uri(f"NewPosition={position}"), *codes)
    wait_for_wheel(session)
    return seen


def current(session: Session) -> str:
    """Return the position of the wheel."""
    return session.line(FILTERS.uri("CurrentFilter"))


@rows("filter.change.{0}", each=range(9))
def _to(session: Session, position: int) -> str:
    """To {0} (0: no filter): the wheel moves, and reports it."""
    seen = move(session, position, None, *([BAD_PARAMETER] if position > SURE_POSITIONS else []))
    if seen != shown_code(None):
        return f"{seen} (a smaller wheel)"
    found = current(session)
    expect(found == str(position), f"CurrentFilter is {found}")
    return f"CurrentFilter {found}"


@rows("filter.change.current")
def _to_current(session: Session) -> str:
    """To where it stands is accepted."""
    position = current(session)
    return f"to {position}: {move(session, position)}"


@rows("filter.change.busy")
def _busy(session: Session) -> str:
    """While it moves: 0x8000100b."""
    for _ in range(5):  # the wheel may be there before the second request
        move(session, 1)
        session.answered(CHANGE_FILTER.uri("NewPosition=0"))
        code = session.code(CHANGE_FILTER.uri("NewPosition=3"))
        wait_for_wheel(session)
        if code is not None:
            break
    expect(code == FILTER_BUSY, shown_code(code))
    return shown_code(code)


@rows("filter.current-name", section="Get Filter Settings")
def _current_name(session: Session) -> str:
    """CurrentFilterName is the name of CurrentFilter."""
    move(session, 2)
    found = session.read(FILTERS.path, ["CurrentFilter", "CurrentFilterName", "Filter2Name"])
    expect(found["CurrentFilterName"] == found["Filter2Name"], f"{found}")
    return f"{found}"
