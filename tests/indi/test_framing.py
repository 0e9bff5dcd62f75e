"""What is passed over, what is too long, and what a broken message can cost: itself, no more."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indi_stx.indi import AnyMessage, MessageParser, PingReply, encode
from indi_stx.indi.framing import MAX_DECLARATION_BYTES, TAGS
from tests.indi.reading import drain, read, read_error
from tests.indi.strategies import messages

PING = b"<pingReply uid='after'/>"
AFTER = PingReply("after")


@pytest.mark.parametrize(
    "passed_over",
    [
        b"",
        b" \r\n\t",
        b"<?xml version='1.0'?>\n",
        b"\xef\xbb\xbf",
        b"\x00\xff text & more > text",
        b"<!-- a comment -->",
        b"<!-- <message message='hidden'/> -->",
        b"<!DOCTYPE x SYSTEM 'y'>",
        b"<unknownVector device='D'><oneThing name='A'>1</oneThing></unknownVector>",
        b"<unknown/>",
        b"<messages/>",
        b"<Message/>",
        b"< message/>",
        b"<mess",
        b"<",
        b"</message>",
        b"<oneText name='A",
        b"x" * 5000,
    ],
)
def test_passes_over_in_silence(passed_over: bytes) -> None:
    assert read(passed_over + PING + passed_over) == [AFTER]


def test_an_open_declaration_hides_until_the_next_bracket() -> None:
    assert read(b"<! " + PING + PING) == [AFTER]


@pytest.mark.parametrize("opening", [b"<!", b"<!--", b"<!-- a", b"<![CDATA[", b"<!DOCTYPE x ["])
@pytest.mark.parametrize("line_begins", [b"\n", b"\r\n", b"\r", b"\n  \t ", b"\n\n"])
def test_a_line_that_begins_a_message_ends_an_open_declaration(
    opening: bytes, line_begins: bytes
) -> None:
    error, *after = read(opening + line_begins + PING + b"\n" + PING)
    assert str(error).startswith("declaration or comment skipped: <pingReply came before its end")
    assert after == [AFTER, AFTER]


@pytest.mark.parametrize("hidden", [b"a\n<oneText>", b"\n<pingReplies", b"\n < pingReply", b"\nx "])
def test_other_lines_stay_in_their_comment(hidden: bytes) -> None:
    assert read(b"<!-- " + hidden + b" -->\n" + PING) == [AFTER]


@pytest.mark.parametrize("opening", [b"<!", b"<!-- ", b"<![CDATA["])
@pytest.mark.parametrize(
    "filling", [b"x", b"\n", b"\n ", b"\n<", b"<pingRepl", b"<!", b"\n<messages"]
)
def test_an_open_declaration_has_an_end(opening: bytes, filling: bytes) -> None:
    error, *after = read(opening + filling * 5000 + b"<!>" + PING)
    assert f"longer than {MAX_DECLARATION_BYTES} bytes" in str(error)
    assert after[-1] == AFTER


@pytest.mark.parametrize("beyond_limit", range(-len(PING) - 3, 4))
def test_a_message_around_the_limit_of_an_open_declaration_is_read(beyond_limit: int) -> None:
    opening = b"<!--".ljust(MAX_DECLARATION_BYTES + beyond_limit, b"x")
    outcomes = read(opening + PING + PING)
    if beyond_limit <= -len(PING):
        assert outcomes == [AFTER]  # its bracket ends the declaration
    else:
        assert f"longer than {MAX_DECLARATION_BYTES} bytes" in str(outcomes[0])
        assert outcomes[1:] == [AFTER, AFTER]


def test_messages_inside_a_foreign_element_are_read() -> None:
    assert read(b"<INDIDriver>\n" + PING + b"\n" + PING + b"</INDIDriver>") == [AFTER, AFTER]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"<message ", "its start tag is not closed"),
        (b"<message message='it is", "its start tag is not closed"),
        (b'<message message="a < b"/>', "its start tag is not closed"),
        (b"<setTextVector device='D' name='P'>", "<pingReply came before its end"),
        (b"<setTextVector device='D' name='P'><oneText name='A'>x", "<pingReply came before"),
        (b"<setTextVector device='D' name='P'></setNumberVector>", "</setNumberVector> came"),
        (b"<setTextVector device='D' name='P'></setTextVector" + b" " * 9 + b">", "<pingReply"),
        (b"<setTextVector device='D' name='P'></setTextVec", "<pingReply came before its end"),
    ],
)
def test_a_broken_message_ends_where_the_next_begins(broken: bytes, reason: str) -> None:
    error, after = read(broken + PING)
    assert reason in str(error)
    assert after == AFTER


def test_an_error_shows_the_tag_and_a_short_excerpt() -> None:
    error = read_error(b"<message " + b"x" * 2000 + b"<")
    assert error.startswith("message skipped: its start tag is not closed ('<message xxx")
    assert len(error) < 200


def _message(length: int) -> bytes:
    return b"<message message='%b'/>" % (b"x" * (length - 21))


def _text_vector(length: int) -> bytes:
    head, tail = (
        b"<newTextVector device='D' name='P'><oneText name='A'>",
        b"</oneText></newTextVector>",
    )
    return head + b"x" * (length - len(head) - len(tail)) + tail


@pytest.mark.parametrize("make", [_message, _text_vector])
def test_the_longest_message_is_accepted_and_one_byte_more_is_not(
    make: Callable[[int], bytes],
) -> None:
    exact = make(500)
    assert len(exact) == 500
    message, after = read(exact + PING, max_message_bytes=500)
    assert not isinstance(message, str)
    assert after == AFTER
    error, after = read(exact + PING, max_message_bytes=499)
    assert "it is longer than 499 bytes" in str(error)
    assert after == AFTER


@pytest.mark.parametrize("before_limit", range(12))
def test_a_message_that_begins_at_the_limit_of_a_broken_one_is_read(before_limit: int) -> None:
    broken = b"<newTextVector device='D' name='P'>".ljust(100 - before_limit, b"x")
    error, after = read(broken + PING, max_message_bytes=100)
    assert isinstance(error, str)
    assert after == AFTER


@pytest.mark.parametrize("tag", ["setBLOBVector", "newBLOBVector"])
def test_blobs_have_a_limit_of_their_own(tag: str) -> None:
    blob = (
        f"<{tag} device='D' name='P'><oneBLOB name='A' size='600' format=''>{'A' * 800}</oneBLOB>"
    )
    data = f"{blob}</{tag}>".encode()
    (message,) = read(data, max_message_bytes=100)
    assert not isinstance(message, str)
    error, after = read(data + PING, max_message_bytes=100, max_blob_message_bytes=500)
    assert "it is longer than 500 bytes" in str(error)
    assert after == AFTER


@pytest.mark.parametrize(
    "opening", [b"", b"<!", b"<message a='", b"<setTextVector device='D'>", b"<"]
)
def test_memory_is_bounded_whatever_comes(opening: bytes) -> None:
    parser = MessageParser(max_message_bytes=10_000)
    parser.receive_data(opening)
    for _ in range(100):
        parser.receive_data(b"x" * 1000)
        drain(parser)
        assert len(parser._framer._buffer) <= 10_000


# Pieces from which something like INDI comes together more often than from mere bytes.
_SCRAPS = [
    *(f"<{tag}" for tag in TAGS),
    *(f"</{tag}>" for tag in TAGS),
    *"<>/!?'\"= &;-",
    " device='D' name='P'",
    " state='Ok' perm='rw' rule='OneOfMany'",
    "<oneText name='A'>",
    "</oneText>",
    "<oneNumber name='A'>5</oneNumber>",
    "<!--",
    "-->",
    "<?xml version='1.0'?>",
    "&lt;",
    "]]>",
]
garbage = st.lists(st.sampled_from(_SCRAPS).map(str.encode) | st.binary(max_size=8)).map(b"".join)


@given(garbage, messages)
@example(b"<!", AFTER)
@example(b"<setTextVector device='D' name='P'><!--", AFTER)
def test_after_any_bytes_the_next_message_is_understood(broken: bytes, message: AnyMessage) -> None:
    # The bracket closes a declaration, the one thing that may hide a message.
    assert read(broken + b">" + encode(message))[-1] == message


@given(st.lists(messages, min_size=1, max_size=3), st.data())
def test_a_damaged_byte_costs_one_message_at_most(
    row: list[AnyMessage], data: st.DataObject
) -> None:
    wire = bytearray(b"".join(map(encode, row)))
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.sampled_from(b"<>'\"/ x\x00\xff"))
    survivors = [outcome for outcome in read(bytes(wire)) if outcome in row]
    assert len(survivors) >= len(row) - 1
