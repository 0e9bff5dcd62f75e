"""A conversation with the camera under test: paced requests, and answers held to the document.

Every answer that passes here has the status line, Content-Type and exact Content-Length that the
document demands, and was followed by the end of the connection; a row adds what is special to it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from indi_stx.conformance.calls import PULSE, READING_PATHS, Call
from indi_stx.conformance.http import Address, Answer, exchange
from indi_stx.conformance.tables import CCDS, ERROR_TEXTS, NEWER_TEXTS
from indi_stx.errors import CameraError, CameraReplyInvalid, IndiStxError

Value = TypeVar("Value")
TEXT, BINARY = "text/plain", "application/octet-stream"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}
INSIST_TIMES = 3
_RELAY = re.compile(r"Direction([XY])=([01])(?![0-9])")
_REFUSAL = re.compile(r"0x([0-9a-f]{8})\r\n([^\r\n]+)\r\n")


class Mismatch(IndiStxError):
    """The camera did something else than the document says; the text is what it did."""


class Skipped(IndiStxError):
    """The row cannot be tried; the text says why."""


def expect(condition: bool, seen: str) -> None:
    """Raise Mismatch with what was seen unless the condition holds."""
    if not condition:
        raise Mismatch(seen)


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
        names_end: how this camera's Set Filter Name ends a parameter, None until it was tried.
        touched: the calls sent that may have changed something, answered or not.
        begun: those that may have begun something which has not ended yet.
        relays_used: the guide relays used, such as "XPlus".
    """

    address: Address
    pace: Pace = field(default_factory=Pace)
    missing: dict[str, str] = field(default_factory=dict)
    cooling: bool = False
    long_pulses: bool = False
    names_end: str | None = None
    touched: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    relays_used: set[str] = field(default_factory=set)
    _next_at: float = 0.0

    def request(self, uri: str, version: str = "1.0") -> Answer:
        """Ask, whatever the answer; see `http.exchange` for what is raised."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        # Noted before it is sent: an action whose answer is lost was perhaps done.
        path = uri.partition("?")[0]
        self.touched |= {path} - READING_PATHS
        self.begun |= {path} - READING_PATHS
        if path == PULSE.path:
            relays = _RELAY.findall(uri)
            self.relays_used |= {f"{axis}{'Plus' if d == '0' else 'Minus'}" for axis, d in relays}
        try:
            return exchange(self.address, uri, self.pace.timeout_s, version)
        finally:
            self._next_at = time.monotonic() + self.pace.gap_s

    def insist(self, action: Callable[[], Value]) -> Value:
        """Repeat an action that ends something on the camera, until it succeeds or fails thrice."""
        for _ in range(INSIST_TIMES - 1):
            with contextlib.suppress(Mismatch, CameraError):
                return action()
        return action()

    def answer(self, uri: str, status: int = 200, kind: str = TEXT) -> Answer:
        """Ask, and hold the answer's form to the document."""
        return well_formed(self.request(uri), status, kind)

    def lines(self, uri: str) -> list[str]:
        """Ask for text and return its lines; each, the last one too, ends in CRLF."""
        answer = self.answer(uri)
        *lines, rest = answer.body.decode("latin-1").split("\r\n")
        expect(rest == "", f"{uri}: the last line does not end in CRLF: {answer}")
        bare = any("\r" in line or "\n" in line for line in lines)
        expect(not bare, f"{uri}: CR or LF alone: {answer}")
        return lines

    def line(self, uri: str) -> str:
        """Ask for a text of exactly one line."""
        found = self.lines(uri)
        expect(len(found) == 1, f"{uri}: {len(found)} lines {found} instead of one")
        return found[0]

    def read(self, path: str, names: Iterable[str]) -> dict[str, str]:
        """Ask a Get call for `names`."""
        wanted = list(names)
        found = self.lines(f"{path}?{'&'.join(wanted)}")
        seen = f"{len(found)} lines for {len(wanted)} parameters: {found}"
        expect(len(found) == len(wanted), seen)
        return dict(zip(wanted, found, strict=True))

    def code(self, uri: str) -> int | None:
        """Ask for an action; return the code of its refusal, None when it was accepted."""
        path = uri.partition("?")[0]
        quiet = path not in self.begun
        answer = self.request(uri)
        if answer.status != 400:
            well_formed(answer, 200, TEXT)
            expect(answer.body == b"", f"{uri}: no data expected, but {answer}")
            return None
        if quiet and path != PULSE.path:  # a refused pulse may have closed a relay all the same
            self.begun.discard(path)
        return _refusal_code(well_formed(answer, 400, TEXT))

    def answered(self, uri: str, *codes: int | None) -> str:
        """Ask for an action that must be answered with one of `codes`; return what was seen.

        None is acceptance; without `codes` nothing else will do.
        """
        code, allowed = self.code(uri), codes or (None,)
        seen, wanted = shown_code(code), " or ".join(shown_code(one) for one in allowed)
        how = "refused with " if code else ""
        expect(code in allowed, f"{uri}: {how}{seen} instead of {wanted}")
        return seen

    def until(self, call: Call, wanted: str = "0", limit_s: float | None = None) -> list[str]:
        """Ask for a state until it is `wanted`, idle unless given; return the states seen."""
        seen: list[str] = []
        limit_s = self.pace.settle_s if limit_s is None else limit_s
        deadline = time.monotonic() + limit_s
        while True:
            state, known = self.line(call.path), ", ".join(call.states)
            expect(state in call.states, f"{call.path}: state {state!r} is none of {known}")
            if state not in seen[-1:]:
                seen.append(state)
            if state == wanted:
                return seen
            failed = call.states[state] == "error"
            expect(not failed, f"{call.path}: {' '.join(seen)}, the error state")
            in_time = time.monotonic() < deadline
            expect(in_time, f"{call.path}: {seen}, not {wanted} in {limit_s:g} s")

    def survey(self) -> str:
        """Find out what there is to be tested, and return the camera's description.

        Raises CameraReplyInvalid when this is no such camera.
        """
        uri = "/api/Description.cgi"
        answer = self.request(uri)
        if answer.status != 200 or answer.body.lstrip().startswith(b"<") or not answer.body.strip():
            message = f"{self.address} answers, but not as an STX camera: {answer}."
            raise CameraReplyInvalid(message, request=uri, excerpt=str(answer))
        for ccd in CCDS[1:]:
            size = self.request(ccd.uri("GetSettings.cgi", "CameraXSize"))
            if size.status in (400, 404) or size.body.strip() == b"0":
                self.missing[ccd.name] = f"the camera has no {ccd.title} CCD ({size})"
        state = self.request("/api/FilterState.cgi")
        if state.status in (400, 404) or state.body.strip() == b"2":
            self.missing["filter"] = f"no working filter wheel ({state})"
        return answer.body.decode("latin-1").strip()


def well_formed(answer: Answer, status: int, kind: str) -> Answer:
    """Check everything of an answer that the document says of all answers; return it."""
    wanted = f"HTTP/1.0 {status} {REASONS[status]}"
    expect(answer.status_line == wanted, f"{answer.uri}: {answer} instead of {wanted!r}")
    found = answer.header("Content-Type")
    expect(found == kind, f"{answer.uri}: Content-Type {found!r} instead of {kind!r}")
    length = answer.header("Content-Length")
    seen = f"Content-Length {length!r}, but {len(answer.body)} bytes came"
    expect(length == str(len(answer.body)), f"{answer.uri}: {seen}")
    expect(answer.closed, f"{answer.uri}: the connection was not closed after the answer")
    return answer


def _refusal_code(answer: Answer) -> int:
    """Return the error number of a "400 Bad Request"; number and text must be the document's."""
    # The document prints an en dash where it subtracts; a camera may send any dash.
    text = answer.body.replace(b"\xe2\x80\x93", b"-").replace(b"\x96", b"-").decode("latin-1")
    match = _REFUSAL.fullmatch(text)
    if match is None:
        raise Mismatch(f"{answer.uri}: no error number and text: {answer}")
    code, words = int(match[1], 16), match[2]
    documented = ERROR_TEXTS.get(code)
    expect(documented is not None, f"{answer.uri}: {match[0]!r} is no error of the document")
    known = (documented, NEWER_TEXTS.get(code))
    expect(words in known, f"{answer.uri}: 0x{code:08x} says {words!r}, not {documented!r}")
    return code


def shown_code(code: int | None) -> str:
    """Write an error as a report shows it."""
    return "accepted" if code is None else f"0x{code:08x} {ERROR_TEXTS[code]}"
