"""A conversation with the camera under test: paced requests, and answers held to the document.

Every answer that passes here has the status line, Content-Type and exact Content-Length that the
document demands, and was followed by the end of the connection; a row adds what is special to it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from indi_stx.conformance import tables
from indi_stx.conformance.calls import READING_PATHS
from indi_stx.conformance.expecting import Mismatch, Skipped, expect
from indi_stx.conformance.http import Address, Answer, exchange
from indi_stx.errors import CameraError, CameraReplyInvalid

Value = TypeVar("Value")
TEXT, BINARY = "text/plain", "application/octet-stream"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}
INSIST_TIMES = 3
_RELAY = re.compile(r"Direction([XY])=([01])(?![0-9])")
_REFUSAL = re.compile(r"0x([0-9a-f]{8})\r\n([^\r\n]+)\r\n\Z")


@dataclass(frozen=True)
class Pace:
    """How fast to ask and how long to wait.

    Attributes:
        gap_s: pause after an answer; STX API, HTTP Command Interval, asks for 0.05.
        timeout_s: for an answer, and between two pieces of a frame.
        latency_s: how long a started exposure may still look idle.
        settle_s: how long a read-out or a filter move may take.
        restore_s: how long to try to restore a camera that does not answer.
        retry_s: pause between two such trials.
    """

    gap_s: float = 0.05
    timeout_s: float = 10.0
    latency_s: float = 2.0
    settle_s: float = 90.0
    restore_s: float = 60.0
    retry_s: float = 1.0


@dataclass
class Session:
    """The camera under test.

    Attributes:
        missing: parts that this camera has not got, with the reason to show.
        cooling: the cooler was on before the run and is left alone.
        long_pulses: a guide relay may be closed for more than 2 s.
        touched: the calls sent that may have changed something, answered or not.
        relays_used: the guide relays among them, such as "XPlus".
    """

    address: Address
    pace: Pace = field(default_factory=Pace)
    missing: dict[str, str] = field(default_factory=dict)
    cooling: bool = False
    long_pulses: bool = False
    name_spelling: str = ""
    touched: set[str] = field(default_factory=set)
    relays_used: set[str] = field(default_factory=set)
    _next_at: float = 0.0

    # --- requests ---------------------------------------------------------------------------------

    def request(self, uri: str, version: str = "1.0") -> Answer:
        """Ask, whatever the answer; see `http.exchange` for what is raised."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._note(uri)
        try:
            return exchange(self.address, uri, self.pace.timeout_s, version)
        finally:
            self._next_at = time.monotonic() + self.pace.gap_s

    def _note(self, uri: str) -> None:
        # Before it is sent: an action whose answer is lost was perhaps done.
        path = uri.partition("?")[0]
        if path not in READING_PATHS:
            self.touched.add(path)
        if path == "/api/PulseGuide.cgi":
            for axis, direction in _RELAY.findall(uri):
                self.relays_used.add(f"{axis}{'Minus' if direction == '1' else 'Plus'}")

    def insist(self, action: Callable[[], Value]) -> Value:
        """Repeat an action that ends something on the camera, until it succeeds or fails thrice."""
        for _ in range(INSIST_TIMES - 1):
            with contextlib.suppress(Mismatch, CameraError):
                return action()
        return action()

    def answer(self, uri: str, status: int = 200, kind: str = TEXT) -> Answer:
        """Ask, and hold the answer's form to the document."""
        answer = self.request(uri)
        well_formed(answer, status, kind)
        return answer

    def lines(self, uri: str) -> list[str]:
        """Ask for text and return its lines."""
        return lines_of(self.answer(uri))

    def line(self, uri: str) -> str:
        """Ask for a text of exactly one line."""
        found = self.lines(uri)
        expect(len(found) == 1, f"{uri}: {len(found)} lines {found} instead of one")
        return found[0]

    def code(self, uri: str) -> int | None:
        """Ask for an action; return the code of its refusal, None when it was accepted."""
        answer = self.request(uri)
        if answer.status != 400:
            well_formed(answer, 200, TEXT)
            expect(answer.body == b"", f"{uri}: no data expected, but {answer}")
            return None
        well_formed(answer, 400, TEXT)
        return refusal_code(answer)

    def accepted(self, uri: str) -> None:
        """Ask for an action that must be accepted."""
        code = self.code(uri)
        expect(code is None, f"{uri}: refused with {shown_code(code)}")

    def refused(self, uri: str, *codes: int) -> str:
        """Ask for what must be refused with one of `codes`; return what was seen."""
        code = self.code(uri)
        wanted = " or ".join(shown_code(one) for one in codes)
        expect(code in codes, f"{uri}: {shown_code(code)} instead of {wanted}")
        return shown_code(code)

    # --- values -----------------------------------------------------------------------------------

    def values(self, ccd: tables.CcdTables) -> dict[str, str]:
        """Return all settings of a CCD, asked in one request."""
        return self.read(f"/api/{ccd.prefix}GetSettings.cgi", [row.name for row in ccd.readable])

    def read(self, path: str, names: list[str]) -> dict[str, str]:
        """Ask a Get call for `names`."""
        found = self.lines(f"{path}?{'&'.join(names)}")
        expect(len(found) == len(names), f"{len(found)} lines for {len(names)} parameters: {found}")
        return dict(zip(names, found, strict=True))

    def until(self, uri: str, wanted: str, allowed: Mapping[str, str], limit_s: float) -> list[str]:
        """Ask for a state again and again until it is `wanted`; return the states seen."""
        seen: list[str] = []
        deadline = time.monotonic() + limit_s
        while True:
            state = self.line(uri)
            expect(state in allowed, f"{uri}: state {state!r} is none of {', '.join(allowed)}")
            if state not in seen[-1:]:
                seen.append(state)
            if state == wanted:
                return seen
            expect(allowed[state] != "error", f"{uri}: {' '.join(seen)}, the error state")
            expect(time.monotonic() < deadline, f"{uri}: {seen}, not {wanted} in {limit_s:g} s")

    def attempt(self, times: int, trial: Callable[[], Value | None]) -> Value | None:
        """Repeat a trial whose moment may pass between two requests, until it returns something."""
        for _ in range(times):
            found = trial()
            if found is not None:
                return found
        return None

    # --- what the camera is -----------------------------------------------------------------------

    def survey(self) -> str:
        """Find out what there is to be tested, and return the camera's description.

        Raises CameraReplyInvalid when this is no such camera.
        """
        uri = "/api/Description.cgi"
        answer = self.request(uri)
        if answer.status != 200 or answer.body.lstrip().startswith(b"<") or not answer.body.strip():
            message = f"{self.address} answers, but not as an STX camera: {answer}."
            raise CameraReplyInvalid(message, request=uri, excerpt=str(answer))
        for ccd in tables.CCDS[1:]:
            size = self.request(f"/api/{ccd.prefix}GetSettings.cgi?CameraXSize")
            if size.status in (400, 404) or size.body.strip() == b"0":
                self.missing[ccd.prefix] = f"the camera has no {ccd.title} CCD ({size})"
        state = self.request("/api/FilterState.cgi")
        if state.status in (400, 404) or state.body.strip() == b"2":
            self.missing["Filter"] = f"no working filter wheel ({state})"
        return answer.body.decode("latin-1").strip()

    def require(self, part: str) -> None:
        """Raise Skipped when the camera lacks a part."""
        if part in self.missing:
            raise Skipped(self.missing[part])


def well_formed(answer: Answer, status: int, kind: str) -> None:
    """Check everything of an answer that the document says of all answers."""
    wanted = f"HTTP/1.0 {status} {REASONS[status]}"
    expect(answer.status_line == wanted, f"{answer.uri}: {answer} instead of {wanted!r}")
    found = answer.header("Content-Type")
    expect(found == kind, f"{answer.uri}: Content-Type {found!r} instead of {kind!r}")
    length = answer.header("Content-Length")
    seen = f"Content-Length {length!r}, but {len(answer.body)} bytes came"
    expect(length == str(len(answer.body)), f"{answer.uri}: {seen}")
    expect(answer.closed, f"{answer.uri}: the connection was not closed after the answer")


def lines_of(answer: Answer) -> list[str]:
    """Return the lines of a text; each, the last one too, ends in CRLF."""
    text = answer.body.decode("latin-1")
    lines = text.split("\r\n")
    expect(lines[-1] == "", f"{answer.uri}: the last line does not end in CRLF: {answer}")
    bare = any("\r" in line or "\n" in line for line in lines)
    expect(not bare, f"{answer.uri}: CR or LF alone: {answer}")
    return lines[:-1]


def refusal_code(answer: Answer) -> int:
    """Return the error number of a "400 Bad Request"; number and text must be the document's."""
    # The document prints an en dash where it subtracts; a camera may send any dash.
    text = answer.body.replace(b"\xe2\x80\x93", b"-").replace(b"\x96", b"-").decode("latin-1")
    match = _REFUSAL.match(text)
    if match is None:
        raise Mismatch(f"{answer.uri}: no error number and text: {answer}")
    code, words = int(match[1], 16), match[2]
    documented = tables.ERROR_TEXTS.get(code)
    if documented is None:
        raise Mismatch(f"{answer.uri}: {match[0]!r} is no error of the document")
    known = (documented, tables.NEWER_TEXTS.get(code))
    expect(words in known, f"{answer.uri}: 0x{code:08x} says {words!r}, not {documented!r}")
    return code


def shown_code(code: int | None) -> str:
    """Write an error as a report shows it."""
    return "accepted" if code is None else f"0x{code:08x} {tables.ERROR_TEXTS[code]}"
