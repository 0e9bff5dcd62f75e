"""Rows on what newer firmware added: FanState, FanPower and OverScan of the imager.

They are not in document 1.00.1 but known from clients of later cameras; the numbers of their errors
are not, so any 400 counts. A camera that answers 0x80001000 has the firmware of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from indi_stx.conformance.expecting import Skipped, expect
from indi_stx.conformance.rows import Needs, Row, check_of
from indi_stx.conformance.session import TEXT, Session, well_formed
from indi_stx.conformance.settings import set_uri
from indi_stx.conformance.tables import CCDS

SECTION = "Newer firmware (not in the document)"
HIGHEST = {"FanState": 2, "FanPower": 100, "OverScan": 1}
MANUAL, AUTOMATIC = "1", "2"


def rows() -> Iterator[Row]:
    """Make the rows."""
    row = partial(Row, section=SECTION, needs=Needs.WRITING)
    for name, highest in HIGHEST.items():
        text = f"{name}, asked alone, is 0 to {highest}"
        yield Row(f"newer.get.{name}", SECTION, text, _readable(name))
        check = _not_taken(name, highest + 1, MANUAL if name == "FanPower" else "")
        text = f"{name}={highest + 1} is refused"
        yield row(f"newer.set.{name}.above", description=text, check=check)
    for name in ("FanState", "OverScan"):
        for value in range(HIGHEST[name] + 1):
            text = f"{name}={value} is accepted and read back"
            check = _taken(name, value)
            yield row(f"newer.set.{name}.{value}", description=text, check=check)
    text = "FanPower is accepted when the fan is manual"
    check = _taken("FanPower", 50, MANUAL)
    yield row("newer.set.FanPower.manual", description=text, check=check)
    text = "FanPower is refused when the fan is automatic"
    check = _not_taken("FanPower", 50, AUTOMATIC)
    yield row("newer.set.FanPower.automatic", description=text, check=check)


def newer_settings(session: Session) -> dict[str, str]:
    """Return those of the three settings that this camera has."""
    found = {}
    for name in HIGHEST:
        answer = session.request(f"/api/ImagerGetSettings.cgi?{name}")
        if answer.status == 200:
            found[name] = answer.body.decode("latin-1").strip()
    return found


def put_back(session: Session, before: dict[str, str]) -> None:
    """Set what `newer_settings` returned; the power of a fan that is not manual is its own."""
    wanted = dict(before)
    if wanted.get("FanState") != MANUAL:
        wanted.pop("FanPower", None)
    if wanted:
        session.accepted(set_uri(CCDS[0], **wanted))


@contextmanager
def _tried(session: Session, name: str, fan_state: str) -> Iterator[str]:
    """Set the fan's state if one is given, yield the setting's value, and put all back."""
    before = newer_settings(session)
    if name not in before:
        raise Skipped("the firmware of the document: 0x80001000")
    try:
        if fan_state:
            _set(session, f"FanState={fan_state}")
        yield before[name]
    finally:
        session.insist(lambda: put_back(session, before))


def _set(session: Session, query: str) -> int:
    answer = session.request(f"/api/ImagerSetSettings.cgi?{query}")
    well_formed(answer, 400 if answer.status == 400 else 200, TEXT)
    return answer.status


@check_of
def _readable(session: Session, name: str) -> str:
    found = newer_settings(session)
    if name not in found:
        raise Skipped("the firmware of the document: 0x80001000")
    expect(0 <= float(found[name]) <= HIGHEST[name], found[name])
    return found[name]


@check_of
def _taken(session: Session, name: str, value: int, fan_state: str = "") -> str:
    with _tried(session, name, fan_state):
        status = _set(session, f"{name}={value}")
        found = newer_settings(session)[name]
    # Only the power is a number with decimals, on some cameras.
    right = float(found) == value if name == "FanPower" else found == str(value)
    expect(status == 200 and right, f"{name}={value}: {status}, {found} is read")
    return found


@check_of
def _not_taken(session: Session, name: str, value: int, fan_state: str = "") -> str:
    with _tried(session, name, fan_state) as before:
        status = _set(session, f"{name}={value}")
        found = newer_settings(session)[name]
    expect(status == 400 and float(found) <= HIGHEST[name], f"{status}, {found} is read")
    return f"refused; {found}, before {before}"
