"""What the camera's answers mean: lines, numbers, states and refusals.

Answers are plain CRLF lines with one value each, in the order asked. A refusal is
"400 Bad Request" with a code line and a text line. Source: STX API, "HTTP Content" and the error
table of each call; the table here is the union of them.
"""

from __future__ import annotations

import enum
import math
import re
from typing import NamedTuple, NoReturn, TypeVar

from indi_stx.errors import CameraBusy, CameraRefused, CameraReplyInvalid

NO_VALID_PARAMETER = 0x80001000
CAMERA_BUSY = 0x80001008
FILTER_BUSY = 0x8000100B

EXCERPT_CHARS = 80


class Refusal(NamedTuple):
    """One row of the error tables: the document's text, and our advice."""

    text: str
    advice: str


REFUSALS = {
    NO_VALID_PARAMETER: Refusal(
        "No valid parameter.", "This firmware does not know what it was asked for."
    ),
    0x80001001: Refusal("BinX < 1 or > MaxBin", "Choose a horizontal binning from 1 to MaxBinX."),
    0x80001002: Refusal("BinY < 1 or > MaxBin", "Choose a vertical binning from 1 to MaxBinY."),
    0x80001003: Refusal(
        "StartX < 0 or > (CameraXSize - 1)", "Let the frame begin inside the sensor's width."
    ),
    0x80001004: Refusal(
        "StartY < 0 or > (CameraYSize - 1)", "Let the frame begin inside the sensor's height."
    ),
    0x80001005: Refusal(
        "NumX < 1 or > (CameraXSize - StartX)",
        "Make the frame narrower, or let it begin further left.",
    ),
    0x80001006: Refusal(
        "NumY < 1 or > (CameraYSize - StartY)", "Make the frame lower, or let it begin further up."
    ),
    0x80001007: Refusal(
        "Abort failed.",
        "Wait for the exposure to end; switch the camera off and on if it never does.",
    ),
    CAMERA_BUSY: Refusal(
        "Camera is busy.", "Wait for the running exposure to end, or abort it first."
    ),
    0x80001009: Refusal(
        "Bad parameter.",
        "A value is out of range, or the frame reaches past the sensor: check both and try again.",
    ),
    0x8000100A: Refusal(
        "Parameter(s) missing.", "The request was incomplete: report this as a fault of the driver."
    ),
    FILTER_BUSY: Refusal("Filter Selector is busy.", "Wait until the filter wheel has stopped."),
    0x8000100C: Refusal(
        "Filter Selector not found.",
        "Check that the filter wheel is attached, then switch the camera off and on.",
    ),
    0x8000100D: Refusal(
        "Filter Selector communication error.", "Check the cable of the filter wheel."
    ),
}

_BUSY = {CAMERA_BUSY, FILTER_BUSY}
_UNKNOWN_ADVICE = "Check the values that were sent."
_CODE = re.compile(r"^\s*0x([0-9a-fA-F]{8})\b[ \t]*")

# Not just "<": a text that begins so may be the name of an object or a filter. The tags of a part
# of a page count only where the type agrees, for the type alone may be wrong. A mark of the byte
# order, read as Latin-1, may come first.
_BEGIN = r"(\xef\xbb\xbf)?\s*<"
_PAGE = re.compile(
    rf"{_BEGIN}(!doctype|!--|\?xml|(html|head|body|title|meta|script)\b)", re.IGNORECASE
)
_PART = re.compile(
    rf"{_BEGIN}(h[1-6]|p|div|table|form|center|font|style|link|frameset|svg|a|b|br|hr|img)\b",
    re.IGNORECASE,
)

IntEnumT = TypeVar("IntEnumT", bound=enum.IntEnum)


def lines(text: str) -> list[str]:
    """Return the lines of an answer; the last line's end is optional, empty lines count."""
    if not text:
        return []
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def values(text: str, count: int, *, may_be_empty: bool) -> list[str]:
    """Return the lines of an answer that are values; their number may still not be `count`.

    Blank lines are none where no value can be an empty text. Where one can, only blank lines at the
    end are left out, as long as there are more lines than `count`.
    """
    found = lines(text)
    if not may_be_empty:
        return [line for line in found if line.strip()]
    while len(found) > count and not found[-1].strip():
        del found[-1]
    return found


def excerpt(text: str) -> str:
    """Return the beginning of an answer for a message, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= EXCERPT_CHARS else flat[: EXCERPT_CHARS - 3] + "..."


def parse_integer(text: str) -> int:
    """Return a whole number; `9.00` is one too.

    Raises:
        ValueError: anything else.
    """
    try:
        return int(text)
    except ValueError:
        number = parse_real(text)
        if number.is_integer():
            return int(number)
        raise


def parse_real(text: str) -> float:
    """Return a finite number.

    Raises:
        ValueError: anything else.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"not a finite number: {text!r}")
    return number


def parse_switch(text: str) -> bool:
    """Return False for 0 and True for 1.

    Raises:
        ValueError: anything else.
    """
    match parse_integer(text):
        case 0:
            return False
        case 1:
            return True
    raise ValueError(f"neither 0 nor 1: {text!r}")


def single_line(text: str, *, request: str) -> str:
    """Return the only line of an answer.

    Raises:
        CameraReplyInvalid: no line, or several.
    """
    match values(text, 1, may_be_empty=False) or lines(text)[:1]:
        case [line]:
            return line
        case found:
            invalid(f"one line was expected, {len(found)} came", text, request=request)


def single_state(text: str, states: type[IntEnumT], *, request: str) -> IntEnumT:
    """Return an answer that is one of the numbers of `states`.

    Raises:
        CameraReplyInvalid: not a number, or none that `states` knows.
    """
    line = single_line(text, request=request)
    try:
        return states(parse_integer(line))
    except ValueError:
        invalid(f"not a value of {states.__name__}", text, request=request)


def single_switch(text: str, *, request: str) -> bool:
    """Return an answer that is 0 or 1.

    Raises:
        CameraReplyInvalid: anything else.
    """
    try:
        return parse_switch(single_line(text, request=request))
    except ValueError:
        invalid("neither 0 nor 1", text, request=request)


def is_web_page(text: str, content_type: str) -> bool:
    """Tell whether an answer is a page for a browser, and so not the camera's API."""
    return bool(_PAGE.match(text)) or (content_type == "text/html" and bool(_PART.match(text)))


def refusal(body: str, *, request: str) -> CameraRefused:
    """Return the error that a "400 Bad Request" body stands for."""
    found = _CODE.match(body)
    code = int(found[1], 16) if found else 0
    said = excerpt(body[found.end() :] if found else body)
    known = REFUSALS.get(code, Refusal("no reason given", _UNKNOWN_ADVICE))
    kind = CameraBusy if code in _BUSY else CameraRefused
    return kind(request=request, code=code, text=said or known.text, advice=known.advice)


def invalid(problem: str, text: str, *, request: str) -> NoReturn:
    """Raise `CameraReplyInvalid` for an answer that cannot be understood."""
    shown = excerpt(text)
    raise CameraReplyInvalid(
        f"The camera's answer to {request} cannot be understood: {problem} ({shown!r}). "
        "If this happens again, check that the address is that of an STX camera.",
        request=request,
        excerpt=shown,
    )
