"""Damaged INDI by the megabyte: the parser never crashes, never hangs, and finds its way back.

    python -m tests.indi.fuzz --bytes 1000000

Each case is a piece of real traffic (tests/data/indi) with random damage, fed in random chunks to a
parser with small limits. `check` says what has to hold; `test_fuzz` asks the same of fewer bytes in
every run of the tests.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from indi_stx.errors import IndiProtocolError
from indi_stx.indi import NEED_DATA, AnyMessage, MessageParser, PingReply
from indi_stx.indi.framing import MAX_DECLARATION_BYTES, TAGS

RECORDINGS = Path(__file__).parents[1] / "data" / "indi"
MAX_MESSAGE_BYTES = 6000
CASE_BYTES = 3000
LONGEST_ERROR = 1000
HANG_S = 60

PING = b"<pingReply uid='found again'/>"
FOUND = PingReply("found again")

SCRAPS = [
    *(f"<{tag} ".encode() for tag in TAGS),
    *(f"</{tag}>".encode() for tag in TAGS),
    *(bytes([byte]) for byte in b"<>/!?'\"=&;-[]\n\r\t \0"),
    *(b"<!", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY e 'e'>]>", b"&e;"),
    *(b"<?xml version='1.0' encoding='UTF-16'?>", b"&lt;", b"&#0;", b"&#xd800;", b"&#99999999999;"),
    *(b" device='D'", b" name='P'", b" state='Ok'", b" size='9'", b" attached='true'"),
    *(b"<oneText name='A'>", b"</oneText>", b"<oneBLOB name='A' size='3' format=''>AAAA</oneBLOB>"),
    *(
        b"\xff",
        b"\xfc",
        b"\xc3",
        b"\xed\xa0\x80",
        "٣".encode(),
        "\ufffe".encode(),
        b"1e999",
        b"nan",
    ),
    b"<a>" * 900,
    b"\n" * 900,
    b"9" * 900,
    b"x" * MAX_DECLARATION_BYTES,
]


def check(damaged: bytes, chunk_bytes: list[int]) -> None:
    """Raise AssertionError, or whatever the parser raised, unless all of this holds.

    Nothing but messages and `IndiProtocolError` comes out, not more often than there are bytes.
    What waits for more bytes is bounded by the limits. A message that begins a line is understood,
    and so is one directly behind the bytes once at most the longest declaration has been passed.

    Args:
        damaged: what comes first.
        chunk_bytes: the lengths of the chunks it comes in, over and over; each at least 1.
    """
    parser = MessageParser(MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
    _feed(parser, damaged, chunk_bytes)
    assert _feed(parser, b"\n" + PING, chunk_bytes)[-1:] == [FOUND], "not found on its line"
    _feed(parser, damaged, chunk_bytes)
    rows = -(-MAX_DECLARATION_BYTES // len(PING)) + 1
    found = _feed(parser, PING * rows, chunk_bytes)
    assert found[-1:] == [FOUND], "not found behind the longest declaration"
    assert parser.next_message() is NEED_DATA


def _feed(
    parser: MessageParser, data: bytes, chunk_bytes: list[int]
) -> list[AnyMessage | IndiProtocolError]:
    outcomes: list[AnyMessage | IndiProtocolError] = []
    start = turn = 0
    while start < len(data):
        chunk = data[start : start + chunk_bytes[turn % len(chunk_bytes)]]
        start, turn = start + len(chunk), turn + 1
        parser.receive_data(chunk)
        outcomes += _drain(parser)
        assert len(outcomes) <= MAX_MESSAGE_BYTES + start, "more outcomes than bytes"
        held = len(parser._framer._buffer)
        assert held <= MAX_MESSAGE_BYTES, f"{held} bytes are held"
    for outcome in outcomes:
        if isinstance(outcome, IndiProtocolError):
            assert len(str(outcome)) < LONGEST_ERROR, "an error quotes too much"
    return outcomes


def _drain(parser: MessageParser) -> Iterator[AnyMessage | IndiProtocolError]:
    while True:
        try:
            message = parser.next_message()
        except IndiProtocolError as error:
            yield error
        else:
            if message is NEED_DATA:
                return
            yield message


def traffic() -> list[bytes]:
    """Return all that was recorded of real programs."""
    return [path.read_bytes() for path in sorted(RECORDINGS.glob("*.xml"))]


def damage(piece: bytes, chance: random.Random, scraps: Sequence[bytes] = SCRAPS) -> bytes:
    """Return the bytes with one to eight damages of a random kind."""
    damaged = bytearray(piece)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(damaged))
        end = min(len(damaged), at + chance.choice((1, 1, 4, 30, 300)))
        match chance.randrange(6):
            case 0:
                damaged[at:at] = chance.choice(scraps)
            case 1:
                damaged[at:end] = chance.choice(scraps)
            case 2:
                del damaged[at:end]
            case 3:
                damaged[at:at] = damaged[at:end]
            case 4:
                damaged[at:end] = chance.randbytes(end - at)
            case _ if at < len(damaged):
                damaged[at] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def cases(seed: int) -> Iterator[tuple[bytes, list[int]]]:
    """Return damaged bytes and chunk lengths without end; the same for the same seed."""
    chance = random.Random(seed)
    recorded = traffic()
    while True:
        whole = chance.choice(recorded)
        start = chance.randrange(len(whole))
        piece = whole[start : start + chance.randint(1, CASE_BYTES)]
        longest = chance.choice((1, 8, 100, 4096))
        chunk_bytes = [chance.randint(1, longest) for _ in range(chance.randint(1, 5))]
        yield damage(piece, chance), chunk_bytes


def main() -> int:
    """Check damaged bytes until there were enough; 1 and the case when one fails."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--bytes", type=int, default=1_000_000, help="how many at least")
    options.add_argument("--seed", type=int, default=time.time_ns(), help="to repeat a run")
    chosen = options.parse_args()
    began, checked = time.monotonic(), 0
    for number, (damaged, chunk_bytes) in enumerate(cases(chosen.seed), 1):
        # A hang prints where it is and ends the process.
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        try:
            check(damaged, chunk_bytes)
        except Exception:
            print(f"--seed {chosen.seed}, case {number}:\ncheck({damaged!r}, {chunk_bytes})")
            raise
        checked += len(damaged)
        if checked >= chosen.bytes:
            break
    faulthandler.cancel_dump_traceback_later()
    took_s = time.monotonic() - began
    print(f"{number} cases, {checked} damaged bytes, {took_s:.0f} s: all found their way back.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
