"""The API document's example conversations, byte for byte over a raw socket."""

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data" / "stx" / "conversations.json"
CONVERSATIONS = json.loads(DATA.read_text())["conversations"]


def wire_bytes(lines):
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


@pytest.mark.parametrize(
    "conversation", CONVERSATIONS, ids=lambda c: f"{c['section']}: {c['request'][0].split()[1]}"
)
async def test_conversation(conversation, wire):
    reply = await wire.exchange(wire_bytes(conversation["request"]))
    assert reply == wire_bytes(conversation["reply"])


def test_every_call_of_the_document_is_among_them(bench):
    asked = {c["request"][0].split()[1].split("?")[0] for c in CONVERSATIONS}
    extra = {"/api/CurrentCCDState.cgi"}
    assert asked == set(bench.routes.handlers) - extra
    assert len(asked) == 37
