"""Where one message ends and the next begins, in a stream without an outer frame.

An INDI connection is a row of XML elements, each possibly behind its own `<?xml version='1.0'?>`.
Messages never nest and XML allows no bare `<` in text or attributes, so `<` and the name of a
message can only ever be a new message. That is the whole of error recovery: what is not a message
is passed over, and a message that is interrupted by another one was broken. Declarations and
comments may hide a message, but only on their own line: one that begins a line ends them. Each byte
is looked at a fixed number of times, however the stream is cut into chunks.
"""

from __future__ import annotations

import enum
import re

from indi_stx.errors import IndiProtocolError
from indi_stx.indi.messages import Kind

TAGS = (
    *(f"{verb}{kind.value}Vector" for verb in ("def", "set", "new") for kind in Kind),
    "getProperties",
    "delProperty",
    "message",
    "enableBLOB",
    "pingRequest",
    "pingReply",
)
_BLOB_TAGS = (b"setBLOBVector", b"newBLOBVector")

_TAG = rb"(?:" + "|".join(TAGS).encode() + rb")"
_SPACES_BEFORE_CLOSE = 8
_OPENING = re.compile(rb"<(?:(?P<opened>" + _TAG + rb")(?=[\s/>])|!)")
_IN_START_TAG = re.compile(rb"[<>\"']")
_IN_QUOTES = {b'"': re.compile(rb'[<"]'), b"'": re.compile(rb"[<']")}
_IN_BODY = re.compile(
    rb"<(?:/(?P<closed>%b)\s{0,%d}>|%b(?=[\s/>]))" % (_TAG, _SPACES_BEFORE_CLOSE, _TAG)
)
# INDI programs begin every message on a new line: one inside a declaration shows it is not closed.
_BLANKS_BEFORE_OPENING = 8
_IN_DECLARATION = re.compile(
    rb">|[\r\n][ \t]{0,%d}(?P<next><%b(?=[\s/>]))" % (_BLANKS_BEFORE_OPENING, _TAG)
)
# From its `<` on no match of the patterns above is longer: an incomplete one begins this near to
# the end.
_LONGEST_MATCH = len("</>") + max(map(len, TAGS)) + _SPACES_BEFORE_CLOSE

MAX_DECLARATION_BYTES = 4096
"""The longest declaration or comment that is passed over; those of INDI have some 20 bytes."""

_EXCERPT_BYTES = 100


class _Place(enum.Enum):
    BETWEEN_MESSAGES = enum.auto()
    DECLARATION = enum.auto()
    START_TAG = enum.auto()
    BODY = enum.auto()
    END = enum.auto()


class Framer:
    """Cut a stream of bytes into complete elements, one for each message.

    Of declarations and comments everything up to the next `>` is passed over, as lilxml does it,
    unless a line that begins a message or `MAX_DECLARATION_BYTES` come first.
    """

    def __init__(self, max_message_bytes: int, max_blob_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_blob_message_bytes = max_blob_message_bytes
        self._buffer = bytearray()  # begins with the current message, or what may become one
        self._place = _Place.BETWEEN_MESSAGES
        self._searched = 0  # how far into the current message we are
        self._opened = b""  # its tag
        self._limit = 0  # its greatest length
        self._quote: bytes | None = None  # the one that would end the attribute we are in

    def receive_data(self, data: bytes) -> None:
        """Append bytes from the peer."""
        self._buffer += data

    def next_element(self) -> bytearray | None:
        """Return the next whole element, `<` to `>`; None when more bytes are needed.

        Raises:
            IndiProtocolError: a message or declaration is too long, or another message began
                inside it. It has been dropped; the next call goes on behind it.
        """
        if self._place in (_Place.DECLARATION, _Place.BETWEEN_MESSAGES):
            self._find_opening()
        if self._place is _Place.START_TAG:
            self._find_end_of_start_tag()
        if self._place is _Place.BODY:
            self._find_closing_tag()
        if self._place is not _Place.END:
            return None
        element = self._buffer[: self._searched]
        self._drop(self._searched)
        return element

    def _find_opening(self) -> None:
        """Find the next message behind declarations and whatever else is none."""
        while True:
            if self._place is _Place.DECLARATION and not self._find_end_of_declaration():
                return
            found = _OPENING.search(self._buffer)
            if found is None:
                del self._buffer[: self._unsearched_from(0, len(self._buffer))]
                return
            opened = found["opened"]  # a match reads the buffer only now: ask before deleting
            del self._buffer[: found.start()]
            if opened:
                self._begin(opened)
                return
            self._begin_declaration()

    def _begin(self, opened: bytes) -> None:
        self._place = _Place.START_TAG
        self._opened = opened
        self._searched = len(b"<" + opened)
        blob = opened in _BLOB_TAGS
        self._limit = self._max_blob_message_bytes if blob else self._max_message_bytes
        self._quote = None

    def _begin_declaration(self) -> None:
        self._place = _Place.DECLARATION
        self._opened = b"declaration or comment"
        self._searched = len(b"<!")
        self._limit = MAX_DECLARATION_BYTES

    def _find_end_of_declaration(self) -> bool:
        """Drop what is open up to its `>`; tell whether that has come."""
        found = _IN_DECLARATION.search(self._buffer, self._searched, self._limit)
        if found is None:
            seen = min(self._limit, len(self._buffer))
            if seen == self._limit:
                end = self._unsearched_from(0, seen)
                raise self._dropped(end, f"it is longer than {self._limit} bytes")
            self._searched = self._unsearched_line_from(seen)
            return False
        if opening := found["next"]:
            raise self._dropped(found.start("next"), f"{opening.decode()} came before its end")
        self._drop(found.end())
        return True

    def _find_end_of_start_tag(self) -> None:
        """Find the `>` that no quotes enclose."""
        while self._place is _Place.START_TAG:
            pattern = _IN_QUOTES[self._quote] if self._quote else _IN_START_TAG
            found = pattern.search(self._buffer, self._searched, self._limit)
            if found is None:
                self._searched = min(self._limit, len(self._buffer))
                self._check_length()
                return
            self._searched = found.end()
            match found[0]:
                case b"<":
                    raise self._dropped(found.start(), "its start tag is not closed")
                case b">":
                    closed = self._buffer[found.start() - 1] == ord("/")
                    self._place = _Place.END if closed else _Place.BODY
                case quote:
                    self._quote = None if self._quote else quote

    def _find_closing_tag(self) -> None:
        found = _IN_BODY.search(self._buffer, self._searched, self._limit)
        if found is None:
            seen = min(self._limit, len(self._buffer))
            self._searched = self._unsearched_from(self._searched, seen)
            self._check_length()
        elif found["closed"] == self._opened:
            self._searched = found.end()
            self._place = _Place.END
        else:
            raise self._dropped(found.start(), f"{found[0].decode()} came before its end")

    def _unsearched_from(self, start: int, end: int) -> int:
        """Return where a match that is still incomplete at `end` would begin, else `end`."""
        candidate = self._buffer.rfind(b"<", max(start, end - _LONGEST_MATCH), end)
        return end if candidate < 0 else candidate

    def _unsearched_line_from(self, end: int) -> int:
        """Return where a line begins that may still turn out to begin a message, else `end`."""
        start = max(self._searched, end - _LONGEST_MATCH - _BLANKS_BEFORE_OPENING)
        line_end = max(self._buffer.rfind(b"\n", start, end), self._buffer.rfind(b"\r", start, end))
        return end if line_end < 0 else line_end

    def _check_length(self) -> None:
        if len(self._buffer) >= self._limit:
            raise self._dropped(self._searched, f"it is longer than {self._limit} bytes")

    def _dropped(self, end: int, reason: str) -> IndiProtocolError:
        beginning = bytes(self._buffer[: min(end, _EXCERPT_BYTES)]).decode(errors="replace")
        self._drop(end)
        text = f"{self._opened.decode()} skipped: {reason} ({beginning!r})"
        return IndiProtocolError(text, start_tag=beginning)

    def _drop(self, end: int) -> None:
        del self._buffer[:end]
        self._place = _Place.BETWEEN_MESSAGES
