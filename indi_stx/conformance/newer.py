"""Rows on what newer firmware added: FanState, FanPower and OverScan of the imager.

They are not in document 1.00.1 but known from clients of later cameras; the numbers of their errors
are not, so any 400 counts. A camera that answers 0x80001000 has the firmware of the document.
"""

from __future__ import annotations

from collections.abc import Iterator

from indi_stx.conformance.expecting import Skipped, expect
from indi_stx.conformance.rows import Check, Needs, Row
from indi_stx.conformance.session import TEXT, Session, well_formed

SECTION = "Newer firmware (not in the document)"
HIGHEST = {"FanState": 2, "FanPower": 100, "OverScan": 1}
MANUAL, AUTOMATIC = "1", "2"


def rows() -> Iterator[Row]:
    """Make the rows."""
    for name, highest in HIGHEST.items():
        text = f"{name}, asked alone, is 0 to {highest}"
        yield Row(f"newer.get.{name}", SECTION, text, _readable(name, highest))
    for name in ("FanState", "OverScan"):
        highest = HIGHEST[name]
        # Downwards, so that overscan is off again: it changes the size of frames.
        for value in range(highest, -1, -1):
            text = f"{name}={value} is accepted and read back"
            yield _write_row(f"newer.set.{name}.{value}", text, _taken(name, str(value)))
    for name, highest in HIGHEST.items():
        text = f"{name}={highest + 1} is refused"
        yield _write_row(f"newer.set.{name}.above", text, _not_taken(name, str(highest + 1)))
    text = "FanPower is accepted when the fan is manual"
    yield _write_row("newer.set.FanPower.manual", text, _power)
    text = "FanPower is refused when the fan is automatic"
    yield _write_row("newer.set.FanPower.automatic", text, _no_power)


def _write_row(identity: str, text: str, check: Check) -> Row:
    return Row(identity, SECTION, text, check, Needs.WRITING)


def newer_settings(session: Session) -> dict[str, str]:
    """Return those of the three settings that this camera has."""
    found = {}
    for name in HIGHEST:
        answer = session.request(f"/api/ImagerGetSettings.cgi?{name}")
        if answer.status == 200:
            found[name] = answer.body.decode("latin-1").strip()
    return found


def _current(session: Session, name: str) -> str:
    found = newer_settings(session)
    if name not in found:
        raise Skipped("the firmware of the document: 0x80001000")
    return found[name]


def _readable(name: str, highest: int) -> Check:
    def check(session: Session) -> str:
        value = _current(session, name)
        expect(0 <= float(value) <= highest, value)
        return value

    return check


def _set(session: Session, query: str) -> int:
    answer = session.request(f"/api/ImagerSetSettings.cgi?{query}")
    well_formed(answer, 400 if answer.status == 400 else 200, TEXT)
    return answer.status


def _taken(name: str, value: str) -> Check:
    def check(session: Session) -> str:
        _current(session, name)
        status = _set(session, f"{name}={value}")
        expect(status == 200, f"{name}={value}: {status}")
        found = _current(session, name)
        expect(found == value, f"{found} is read")
        return found

    return check


def _not_taken(name: str, value: str) -> Check:
    def check(session: Session) -> str:
        before = _current(session, name)
        if name == "FanPower":
            _set(session, f"FanState={MANUAL}")
        status = _set(session, f"{name}={value}")
        found = _current(session, name)
        expect(status == 400 and float(found) <= HIGHEST[name], f"{status}, {found} is read")
        return f"refused; {found}, before {before}"

    return check


def _power(session: Session) -> str:
    _current(session, "FanPower")
    _set(session, f"FanState={MANUAL}")
    status = _set(session, "FanPower=50")
    found = _current(session, "FanPower")
    expect(status == 200 and float(found) == 50, f"{status}, {found} is read")
    return found


def _no_power(session: Session) -> str:
    _current(session, "FanPower")
    _set(session, f"FanState={AUTOMATIC}")
    status = _set(session, "FanPower=50")
    expect(status == 400, f"{status}")
    return "refused"
