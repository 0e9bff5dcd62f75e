"""What is written is read back the same, by us and by what lilxml can read."""

import re

from hypothesis import given
from hypothesis import strategies as st

from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    Kind,
    Message,
    MessageParser,
    NewVector,
    OneText,
    encode,
)
from tests.indi.reading import read_one
from tests.indi.strategies import messages


@given(messages)
def test_every_message_survives(message: AnyMessage) -> None:
    assert read_one(encode(message)) == message


@given(st.lists(messages, max_size=5))
def test_messages_in_a_row_survive(row: list[AnyMessage]) -> None:
    parser = MessageParser()
    parser.receive_data(b"".join(b"<?xml version='1.0'?>\n" + encode(each) for each in row))
    assert [parser.next_message() for _ in row] == row
    assert parser.next_message() is NEED_DATA


@given(st.text(st.characters()))
def test_any_text_makes_xml_that_lilxml_reads(text: str) -> None:
    for message in (
        Message(text, device=text),
        NewVector(Kind.TEXT, "D", "P", (OneText(text, text),)),
    ):
        wire = encode(message)
        read_one(wire)
        assert not re.search(rb"&(?!amp;|lt;|gt;|quot;|apos;)", wire)
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|<!|<\?", wire)
