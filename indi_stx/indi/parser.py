"""Bytes to messages, without I/O: whoever owns the connection feeds what it read and asks.

    parser.receive_data(chunk)
    while (message := parser.next_message()) is not NEED_DATA:
        ...

`framing` finds where messages begin and end, expat reads the XML, `readers` gives it meaning. No
document type reaches expat, so no entity can expand. Both directions of INDI 1.7 are understood,
each message in UTF-8 or, when it is not valid UTF-8, in ISO-8859-1.
"""

from __future__ import annotations

import enum
from typing import Final
from xml.etree.ElementTree import Element, ParseError, XMLParser

from indi_stx.errors import IndiProtocolError
from indi_stx.indi.framing import Framer
from indi_stx.indi.messages import AnyMessage
from indi_stx.indi.readers import read_message

# The largest ordinary message known, a definition with hundreds of elements, has some 50 kB; text
# vectors that carry a whole file exist. A megabyte leaves room and cannot hurt a small computer.
DEFAULT_MAX_MESSAGE_BYTES = 1 << 20

# The largest STX frame (4096 x 4096 pixels of 2 bytes) is 45 MB as base64; detectors of four times
# that exist elsewhere. A program that wants no BLOBs should ask for far less.
DEFAULT_MAX_BLOB_MESSAGE_BYTES = 256 << 20


class NeedData(enum.Enum):
    """The type of `NEED_DATA`, the answer of a parser that holds no complete message."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA


class MessageParser:
    """Turn a stream of bytes, cut anywhere, into INDI messages.

    What is not a message (text, unknown elements, comments, XML declarations) is passed over in
    silence, as INDI demands. After any bytes whatever the next complete message is understood when
    it begins a line; without one, an open `<!` may hide it, up to the next `>` or
    `framing.MAX_DECLARATION_BYTES`.

    Args:
        max_message_bytes: the longest message accepted, as sent.
        max_blob_message_bytes: the same for a vector of BLOBs, which travel as base64 and so are a
            third longer than their bytes. While one is decoded, about three times its length is
            in memory.
    """

    def __init__(
        self,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
        max_blob_message_bytes: int = DEFAULT_MAX_BLOB_MESSAGE_BYTES,
    ) -> None:
        self._framer = Framer(max_message_bytes, max_blob_message_bytes)

    def receive_data(self, data: bytes) -> None:
        """Add bytes that came from the peer; they are looked at in `next_message`."""
        self._framer.receive_data(data)

    def next_message(self) -> AnyMessage | NeedData:
        """Return the next message, or `NEED_DATA` when what was received holds no more.

        A BLOB that travels beside the XML comes as `Attached(fd=-1, length)`; the caller owns the
        connection and so the descriptors: the next one received belongs to it, in element order.

        Raises:
            IndiProtocolError: a message is damaged, too long or says what INDI cannot mean. It has
                been skipped: log the error and call again. Any other exception is a bug.
        """
        element = self._framer.next_element()
        if element is None:
            return NEED_DATA
        return read_message(_parse_xml(element))


def _parse_xml(text: bytearray) -> Element:
    try:
        return _parse_encoded(text, "utf-8")
    except ParseError as error:
        if _is_utf_8(text):
            raise _not_xml(text, error) from error
    # KStars sends what people type in Latin-1. Any bytes are Latin-1, so this is the last try.
    try:
        return _parse_encoded(text, "iso-8859-1")
    except ParseError as error:
        raise _not_xml(text, error) from error


def _parse_encoded(text: bytearray, encoding: str) -> Element:
    parser: XMLParser[Element] = XMLParser(encoding=encoding)
    parser.feed(text)
    return parser.close()


def _is_utf_8(text: bytearray) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_xml(text: bytearray, error: ParseError) -> IndiProtocolError:
    beginning = bytes(text[:100]).decode(errors="replace")
    return IndiProtocolError(f"skipped, not XML: {error} ({beginning!r})", start_tag=beginning)
