"""Rows on what newer firmware added: FanState, FanPower and OverScan of the imager.

They are not in document 1.00.1 but known from clients of later cameras; the numbers of their errors
are not, so any 400 counts. A camera that answers 0x80001000 has the firmware of the document.
"""

from __future__ import annotations

from collections.abc import Mapping

from indi_stx.conformance.rows import READING, rows
from indi_stx.conformance.session import Session, Skipped, expect
from indi_stx.conformance.tables import IMAGER

SECTION = "Newer firmware (not in the document)"
HIGHEST = {"FanState": 2, "FanPower": 100, "OverScan": 1}
MANUAL, AUTOMATIC = "1", "2"
_OLD = "the firmware of the document: 0x80001000"
_BACK = "is accepted and read back"
_TRIALS = [
    *(("FanState", f"{value}", value, 200, "", _BACK) for value in range(3)),
    *(("OverScan", f"{value}", value, 200, "", _BACK) for value in range(2)),
    ("FanState", "above", 3, 400, "", "is refused"),
    ("OverScan", "above", 2, 400, "", "is refused"),
    ("FanPower", "above", 101, 400, MANUAL, "is refused"),
    ("FanPower", "manual", 50, 200, MANUAL, "is accepted when the fan is manual"),
    ("FanPower", "automatic", 50, 400, AUTOMATIC, "is refused when the fan is automatic"),
]
"""Setting, end of the row's id, value, status of the answer, the fan's state before, statement."""


def newer_settings(session: Session) -> dict[str, str]:
    """Return those of the three settings that this camera has."""
    answers = {name: session.request(IMAGER.uri("GetSettings.cgi", name)) for name in HIGHEST}
    found = {name: answer for name, answer in answers.items() if answer.status == 200}
    return {name: answer.body.decode("latin-1").strip() for name, answer in found.items()}


def put_back(session: Session, before: Mapping[str, str]) -> None:
    """Set what `newer_settings` returned; the power of a fan that is not manual is its own."""
    own = () if before.get("FanState") == MANUAL else ("FanPower",)
    query = "&".join(f"{name}={text}" for name, text in before.items() if name not in own)
    if query:
        session.answered(IMAGER.uri("SetSettings.cgi", query))


@rows("newer.get.{0}", READING, each=HIGHEST.items(), section=SECTION)
def _readable(session: Session, name: str, highest: int) -> str:
    """{0}, asked alone, is 0 to {1}."""
    found = newer_settings(session)
    if name not in found:
        raise Skipped(_OLD)
    expect(0 <= float(found[name]) <= highest, found[name])
    return found[name]


@rows("newer.set.{0}.{1}", each=_TRIALS, section=SECTION)
def _set(
    session: Session, name: str, _row: str, value: int, status: int, fan: str, _text: str
) -> str:
    """{0}={2} {5}."""
    before = newer_settings(session)
    if name not in before:
        raise Skipped(_OLD)
    try:
        if fan:
            session.request(IMAGER.uri("SetSettings.cgi", f"FanState={fan}"))
        session.answer(IMAGER.uri("SetSettings.cgi", f"{name}={value}"), status)
        found = newer_settings(session)[name]
    finally:
        session.insist(lambda: put_back(session, before))
    # Only the power is a number with decimals, on some cameras.
    stored = float(found) == value if name == "FanPower" else found == str(value)
    right = stored if status == 200 else float(found) <= HIGHEST[name]
    expect(right, f"{name}={value}: {status}, {found} is read")
    return f"{status}; {found}, before {before[name]}"
