"""The very bytes of every message: what indiserver and clients get to see."""

import base64
import math

import pytest

from indi_stx.indi import (
    AnyMessage,
    Attached,
    BlobPolicy,
    DefBlob,
    DefLight,
    DefNumber,
    DefSwitch,
    DefText,
    DefVector,
    DelProperty,
    EnableBlob,
    GetProperties,
    Kind,
    Message,
    NewVector,
    OneBlob,
    OneLight,
    OneNumber,
    OneSwitch,
    OneText,
    Permission,
    PingReply,
    PingRequest,
    SetVector,
    State,
    SwitchRule,
    attached_fds,
    encode,
)

STAMP = "2026-11-22T05:31:49"

GOLDENS: list[tuple[AnyMessage, str]] = [
    (GetProperties(), '<getProperties version="1.7"/>\n'),
    (
        GetProperties(device="D", name="P"),
        '<getProperties version="1.7" device="D" name="P"/>\n',
    ),
    (DelProperty("D"), '<delProperty device="D"/>\n'),
    (
        DelProperty("D", "P", STAMP, "gone"),
        f'<delProperty device="D" name="P" timestamp="{STAMP}" message="gone"/>\n',
    ),
    (Message("[INFO] hello"), '<message message="[INFO] hello"/>\n'),
    (
        Message("[INFO] hello", "D", STAMP),
        f'<message device="D" timestamp="{STAMP}" message="[INFO] hello"/>\n',
    ),
    (EnableBlob("D", BlobPolicy.ALSO), '<enableBLOB device="D">Also</enableBLOB>\n'),
    (
        EnableBlob("D", BlobPolicy.ONLY, "CCD1"),
        '<enableBLOB device="D" name="CCD1">Only</enableBLOB>\n',
    ),
    (PingRequest("SetBLOB/1"), '<pingRequest uid="SetBLOB/1"/>\n'),
    (PingReply("SetBLOB/1"), '<pingReply uid="SetBLOB/1"/>\n'),
    (
        DefVector(
            Kind.TEXT,
            "D",
            "P",
            "L",
            "G",
            State.IDLE,
            (DefText("A", "a", "x"), DefText("B", "b", "")),
            permission=Permission.READ_ONLY,
            timeout_s=60.0,
            timestamp=STAMP,
            message="M",
        ),
        '<defTextVector device="D" name="P" label="L" group="G" state="Idle" perm="ro"'
        f' timeout="60" timestamp="{STAMP}" message="M">\n'
        '<defText name="A" label="a">x</defText>\n'
        '<defText name="B" label="b"></defText>\n'
        "</defTextVector>\n",
    ),
    (
        DefVector(
            Kind.NUMBER,
            "D",
            "P",
            "L",
            "G",
            State.OK,
            (DefNumber("A", "a", 0.1, "%5.2f", min=-20.0, max=1e6, step=0.5),),
            permission=Permission.READ_WRITE,
        ),
        '<defNumberVector device="D" name="P" label="L" group="G" state="Ok" perm="rw">\n'
        '<defNumber name="A" label="a" format="%5.2f" min="-20" max="1000000" step="0.5">0.1'
        "</defNumber>\n"
        "</defNumberVector>\n",
    ),
    (
        DefVector(
            Kind.SWITCH,
            "D",
            "P",
            "L",
            "G",
            State.BUSY,
            (DefSwitch("A", "a", True), DefSwitch("B", "b", False)),
            permission=Permission.WRITE_ONLY,
            rule=SwitchRule.ONE_OF_MANY,
        ),
        '<defSwitchVector device="D" name="P" label="L" group="G" state="Busy" perm="wo"'
        ' rule="OneOfMany">\n'
        '<defSwitch name="A" label="a">On</defSwitch>\n'
        '<defSwitch name="B" label="b">Off</defSwitch>\n'
        "</defSwitchVector>\n",
    ),
    (
        DefVector(Kind.LIGHT, "D", "P", "L", "", State.ALERT, (DefLight("A", "a", State.OK),)),
        '<defLightVector device="D" name="P" label="L" group="" state="Alert">\n'
        '<defLight name="A" label="a">Ok</defLight>\n'
        "</defLightVector>\n",
    ),
    (
        DefVector(
            Kind.BLOB,
            "D",
            "P",
            "L",
            "G",
            State.IDLE,
            (DefBlob("A", "a"),),
            permission=Permission.READ_ONLY,
        ),
        '<defBLOBVector device="D" name="P" label="L" group="G" state="Idle" perm="ro">\n'
        '<defBLOB name="A" label="a"/>\n'
        "</defBLOBVector>\n",
    ),
    (
        SetVector(Kind.TEXT, "D", "P", None, (OneText("A", "x"),)),
        '<setTextVector device="D" name="P">\n<oneText name="A">x</oneText>\n</setTextVector>\n',
    ),
    (
        SetVector(
            Kind.NUMBER,
            "D",
            "P",
            State.BUSY,
            (OneNumber("A", 2.5), OneNumber("B", 3.0, min=0.0, max=9.0, step=1.0)),
            timeout_s=1.5,
            timestamp=STAMP,
            message="M",
        ),
        f'<setNumberVector device="D" name="P" state="Busy" timeout="1.5" timestamp="{STAMP}"'
        ' message="M">\n'
        '<oneNumber name="A">2.5</oneNumber>\n'
        '<oneNumber name="B" min="0" max="9" step="1">3</oneNumber>\n'
        "</setNumberVector>\n",
    ),
    (
        SetVector(Kind.SWITCH, "D", "P", State.OK, (OneSwitch("A", True), OneSwitch("B", False))),
        '<setSwitchVector device="D" name="P" state="Ok">\n'
        '<oneSwitch name="A">On</oneSwitch>\n'
        '<oneSwitch name="B">Off</oneSwitch>\n'
        "</setSwitchVector>\n",
    ),
    (
        SetVector(Kind.LIGHT, "D", "P", State.OK, (OneLight("A", State.ALERT),)),
        '<setLightVector device="D" name="P" state="Ok">\n'
        '<oneLight name="A">Alert</oneLight>\n'
        "</setLightVector>\n",
    ),
    (
        SetVector(Kind.BLOB, "D", "P", State.OK, (OneBlob("A", 9, ".txt", b"hello"),)),
        '<setBLOBVector device="D" name="P" state="Ok">\n'
        '<oneBLOB name="A" size="9" format=".txt" len="5">aGVsbG8=</oneBLOB>\n'
        "</setBLOBVector>\n",
    ),
    (
        SetVector(Kind.BLOB, "D", "P", State.OK, (OneBlob("A", 9, ".fits", Attached(7, 9)),)),
        '<setBLOBVector device="D" name="P" state="Ok">\n'
        '<oneBLOB name="A" size="9" format=".fits" len="9" attached="true"/>\n'
        "</setBLOBVector>\n",
    ),
    (
        NewVector(Kind.NUMBER, "D", "P", (OneText("A", "-0:30"),), timestamp=STAMP),
        f'<newNumberVector device="D" name="P" timestamp="{STAMP}">\n'
        '<oneNumber name="A">-0:30</oneNumber>\n'
        "</newNumberVector>\n",
    ),
    (
        NewVector(Kind.SWITCH, "D", "P", (OneText("A", "On"),)),
        '<newSwitchVector device="D" name="P">\n<oneSwitch name="A">On</oneSwitch>\n'
        "</newSwitchVector>\n",
    ),
    (
        NewVector(Kind.TEXT, "D", "P", ()),
        '<newTextVector device="D" name="P">\n</newTextVector>\n',
    ),
    (
        NewVector(Kind.BLOB, "D", "P", (OneBlob("A", 0, "", b""),)),
        '<newBLOBVector device="D" name="P">\n<oneBLOB name="A" size="0" format="" len="0">'
        "</oneBLOB>\n</newBLOBVector>\n",
    ),
]


@pytest.mark.parametrize(("message", "wire"), GOLDENS)
def test_writes(message: AnyMessage, wire: str) -> None:
    assert encode(message).decode() == wire


def test_attributes_and_texts_are_escaped_as_utf8() -> None:
    hostile = "Zürich <&> \"q\" 'a'\x07\ud800\ufffe"
    safe = "Zürich &lt;&amp;&gt; &quot;q&quot; &apos;a&apos;???"
    vector = NewVector(Kind.TEXT, hostile, "P", (OneText("A", hostile),))
    assert encode(vector).decode() == (
        f'<newTextVector device="{safe}" name="P">\n<oneText name="A">{safe}</oneText>\n'
        "</newTextVector>\n"
    )


def test_line_breaks_stay_in_texts_and_become_spaces_in_attributes() -> None:
    assert encode(Message("a\nb\tc\rd")) == b'<message message="a b c d"/>\n'
    vector = NewVector(Kind.TEXT, "D", "P", (OneText("A", "a\nb\tc"),))
    assert b">a\nb\tc<" in encode(vector)


def test_long_messages_are_not_cut() -> None:
    assert b"x" * 5000 in encode(Message("x" * 5000))


def test_a_frame_is_one_line_of_base64() -> None:
    frame = bytes(range(256)) * 400
    blob = OneBlob("CCD1", len(frame), ".fits", frame)
    wire = encode(SetVector(Kind.BLOB, "D", "CCD1", State.OK, (blob,)))
    assert b">" + base64.b64encode(frame) + b"<" in wire
    assert b"enclen" not in wire


def test_descriptors_come_in_element_order() -> None:
    blobs = (
        OneBlob("A", 1, "", Attached(9, 1)),
        OneBlob("B", 1, "", b"x"),
        OneBlob("C", 1, "", Attached(5, 1)),
    )
    assert attached_fds(SetVector(Kind.BLOB, "D", "P", None, blobs)) == (9, 5)
    assert attached_fds(NewVector(Kind.BLOB, "D", "P", blobs)) == (9, 5)


@pytest.mark.parametrize(
    "message",
    [
        Message("x"),
        SetVector(Kind.TEXT, "D", "P", None, (OneText("A", "x"),)),
        DefVector(Kind.BLOB, "D", "P", "", "", State.OK, (DefBlob("A", ""),)),
    ],
)
def test_most_messages_have_no_descriptors(message: AnyMessage) -> None:
    assert attached_fds(message) == ()


def test_numbers_that_indi_cannot_say_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        encode(SetVector(Kind.NUMBER, "D", "P", None, (OneNumber("A", math.nan),)))
