"""Every message a peer may send, and every way in which one can be wrong."""

import base64

import pytest

from indi_stx.indi import (
    NEED_DATA,
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
    MessageParser,
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
)
from tests.indi.reading import read, read_error, read_one

CASES: list[tuple[str, AnyMessage]] = [
    ("<getProperties version='1.7'/>", GetProperties("1.7")),
    ("<getProperties/>", GetProperties("1.7")),
    ("<getProperties version='1.5' device='D' name='P'/>", GetProperties("1.5", "D", "P")),
    ("<getProperties version='1.7'></getProperties>", GetProperties("1.7")),
    ("<delProperty device='D'/>", DelProperty("D")),
    (
        "<delProperty device='D' name='P' timestamp='T' message='M'/>",
        DelProperty("D", "P", "T", "M"),
    ),
    ("<message message='[INFO] a &lt; b'/>", Message("[INFO] a < b")),
    ("<message device='D' timestamp='T'/>", Message("", "D", "T")),
    ("<enableBLOB device='D'>Also</enableBLOB>", EnableBlob("D", BlobPolicy.ALSO)),
    (
        "<enableBLOB device='D' name='P'>\n  Never\n</enableBLOB >",
        EnableBlob("D", BlobPolicy.NEVER, "P"),
    ),
    ("<pingRequest uid='SetBLOB/1' />", PingRequest("SetBLOB/1")),
    ('<pingReply uid="x>y"/>', PingReply("x>y")),
    (
        "<defTextVector device='D' name='P' state='Ok' perm='wo'><defText name='A'/>"
        "</defTextVector>",
        DefVector(
            Kind.TEXT,
            "D",
            "P",
            "P",
            "",
            State.OK,
            (DefText("A", "A", ""),),
            permission=Permission.WRITE_ONLY,
        ),
    ),
    (
        "<defNumberVector device='D' name='P' label='L' group='G' state='Idle' perm='ro'"
        " timeout='60' timestamp='T' message='M'>"
        "<defNumber name='A' label='B' format='%5.1f' min='-1' max='1:30' step='0'>\n1e1\n"
        "</defNumber></defNumberVector>",
        DefVector(
            Kind.NUMBER,
            "D",
            "P",
            "L",
            "G",
            State.IDLE,
            (DefNumber("A", "B", 10.0, "%5.1f", min=-1.0, max=1.5, step=0.0),),
            permission=Permission.READ_ONLY,
            timeout_s=60.0,
            timestamp="T",
            message="M",
        ),
    ),
    (
        "<defSwitchVector device='D' name='P' state='Busy' perm='rw' rule='AtMostOne'>"
        "<defSwitch name='A'>On</defSwitch><defSwitch name='B'>\n Off\n</defSwitch>"
        "</defSwitchVector>",
        DefVector(
            Kind.SWITCH,
            "D",
            "P",
            "P",
            "",
            State.BUSY,
            (DefSwitch("A", "A", True), DefSwitch("B", "B", False)),
            permission=Permission.READ_WRITE,
            rule=SwitchRule.AT_MOST_ONE,
        ),
    ),
    (
        "<defLightVector device='D' name='P' state='Alert'><defLight name='A'>Ok</defLight>"
        "</defLightVector>",
        DefVector(Kind.LIGHT, "D", "P", "P", "", State.ALERT, (DefLight("A", "A", State.OK),)),
    ),
    (
        "<defBLOBVector device='D' name='P' state='Idle' perm='ro'><defBLOB name='A' label='B'/>"
        "</defBLOBVector>",
        DefVector(
            Kind.BLOB,
            "D",
            "P",
            "P",
            "",
            State.IDLE,
            (DefBlob("A", "B"),),
            permission=Permission.READ_ONLY,
        ),
    ),
    (
        "<setTextVector device='D' name='P'><oneText name='A'>  a\n b </oneText></setTextVector>",
        SetVector(Kind.TEXT, "D", "P", None, (OneText("A", "a\n b"),)),
    ),
    (
        "<setNumberVector device='D' name='P' state='Ok' timeout='1.5' timestamp='T' message='M'>"
        "<oneNumber name='A' min='0' max='9' step='1'>2</oneNumber><oneNumber name='B'>-0:30"
        "</oneNumber></setNumberVector>",
        SetVector(
            Kind.NUMBER,
            "D",
            "P",
            State.OK,
            (OneNumber("A", 2.0, 0.0, 9.0, 1.0), OneNumber("B", -0.5)),
            timeout_s=1.5,
            timestamp="T",
            message="M",
        ),
    ),
    (
        "<setSwitchVector device='D' name='P' state='Ok'><oneSwitch name='A'>On</oneSwitch>"
        "</setSwitchVector>",
        SetVector(Kind.SWITCH, "D", "P", State.OK, (OneSwitch("A", True),)),
    ),
    (
        "<setLightVector device='D' name='P' state='Ok'><oneLight name='A'>Busy</oneLight>"
        "</setLightVector>",
        SetVector(Kind.LIGHT, "D", "P", State.OK, (OneLight("A", State.BUSY),)),
    ),
    (
        "<newNumberVector device='D' name='P' timestamp='T'><oneNumber name='A'>\nnonsense\n"
        "</oneNumber></newNumberVector>",
        NewVector(Kind.NUMBER, "D", "P", (OneText("A", "nonsense"),), timestamp="T"),
    ),
    (
        "<newSwitchVector device='D' name='P'><oneSwitch name='A'>On</oneSwitch></newSwitchVector>",
        NewVector(Kind.SWITCH, "D", "P", (OneText("A", "On"),)),
    ),
    (
        "<newTextVector device='D' name='P'/>",
        NewVector(Kind.TEXT, "D", "P", ()),
    ),
    (
        "<newBLOBVector device='D' name='P'><oneBLOB name='A' size='5' format='.txt'>aGVsbG8="
        "</oneBLOB></newBLOBVector>",
        NewVector(Kind.BLOB, "D", "P", (OneBlob("A", 5, ".txt", b"hello"),)),
    ),
]


@pytest.mark.parametrize(("wire", "message"), CASES)
def test_reads(wire: str, message: AnyMessage) -> None:
    assert read_one(wire.encode()) == message


def test_a_parser_without_a_message_needs_data() -> None:
    assert MessageParser().next_message() is NEED_DATA


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&amp;lt;", "&lt;"),
        ("Zürich ☾ 🔭", "Zürich ☾ 🔭"),
        ("&#65;&#x263e;", "A☾"),
        ("a > b", "a > b"),
        ("\t a b \r\n", "a b"),
        ("\xa0a\xa0", "\xa0a\xa0"),
    ],
)
def test_text(wire: str, text: str) -> None:
    data = f"<setTextVector device='D' name='P'><oneText name='A'>{wire}</oneText></setTextVector>"
    assert read_one(data.encode()) == SetVector(Kind.TEXT, "D", "P", None, (OneText("A", text),))


def test_elements_of_another_kind_are_ignored() -> None:
    data = (
        b"<newNumberVector device='D' name='P'><oneText name='A'>5</oneText><extra/>text"
        b"<oneNumber name='B'>6</oneNumber></newNumberVector>"
    )
    assert read_one(data) == NewVector(Kind.NUMBER, "D", "P", (OneText("B", "6"),))


FRAME = bytes(range(256)) * 3
ENCODED = base64.b64encode(FRAME).decode()
WRAPPED = "\n".join(ENCODED[i : i + 72] for i in range(0, len(ENCODED), 72))


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ("size='768' len='768'", ENCODED),
        ("size='768' len='768'", f"\n{ENCODED}\n    "),
        ("size='768' len='768' enclen='1038'", f"\n{WRAPPED}\n"),
        ("size='768' enclen='1024'", WRAPPED.replace("\n", "\r\n")),
        ("size=' 768 ' attached='false'", ENCODED),
    ],
)
def test_inline_blobs(attributes: str, text: str) -> None:
    blob = f"<oneBLOB name='A' {attributes} format='.fits'>{text}</oneBLOB>"
    data = f"<setBLOBVector device='D' name='P' state='Ok'>{blob}</setBLOBVector>"
    expected = OneBlob("A", 768, ".fits", FRAME)
    assert read_one(data.encode()) == SetVector(Kind.BLOB, "D", "P", State.OK, (expected,))


@pytest.mark.parametrize(
    ("attributes", "text", "size", "content"),
    [
        ("size='0' enclen='0'", "", 0, b""),
        ("size='9' len='7' attached='true'", "", 9, Attached(-1, 7)),
        ("size='9' attached='true'", "\n  ", 9, Attached(-1, 9)),
    ],
)
def test_blobs_that_carry_no_bytes(
    attributes: str, text: str, size: int, content: bytes | Attached
) -> None:
    blob = f"<oneBLOB name='A' {attributes} format=''>{text}</oneBLOB>"
    data = f"<setBLOBVector device='D' name='P'>{blob}</setBLOBVector>"
    expected = OneBlob("A", size, "", content)
    assert read_one(data.encode()) == SetVector(Kind.BLOB, "D", "P", None, (expected,))


_NUMBER = "<defNumberVector device='D' name='P' state='Ok' perm='rw'><defNumber name='A' "
_SWITCH = "<setSwitchVector device='D' name='P'><oneSwitch name='A'>"
_BLOB = "<setBLOBVector device='D' name='P'><oneBLOB name='A' "


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("<setTextVector name='P'/>", "setTextVector of P skipped: setTextVector lacks its device"),
        ("<newTextVector device='D'/>", "newTextVector lacks its name"),
        ("<delProperty/>", "delProperty of nobody skipped: delProperty lacks its device"),
        ("<enableBLOB>Also</enableBLOB>", "enableBLOB lacks its device"),
        ("<enableBLOB device='D'>Maybe</enableBLOB>", "'Maybe' is none of Never, Also, Only"),
        ("<pingRequest/>", "pingRequest lacks its uid"),
        ("<pingReply/>", "pingReply lacks its uid"),
        ("<defTextVector device='D' name='P' perm='rw'/>", "lacks its state"),
        ("<defTextVector device='D' name='P' state='Ok'/>", "lacks its perm"),
        ("<defTextVector device='D' name='P' state='ok' perm='rw'/>", "'ok' is none of Idle, Ok"),
        ("<defTextVector device='D' name='P' state='Ok' perm='x'/>", "'x' is none of ro, wo, rw"),
        ("<defSwitchVector device='D' name='P' state='Ok' perm='rw'/>", "lacks its rule"),
        ("<setTextVector device='D' name='P' state=''/>", "D.P skipped: '' is none of Idle"),
        ("<setTextVector device='D' name='P' timeout='x'/>", "'x' is not a number"),
        (f"{_NUMBER}/></defNumberVector>", "'' is not a number"),
        (f"{_NUMBER}>5</defNumber></defNumberVector>", "defNumber lacks its format"),
        (f"{_NUMBER} format='%g'>5</defNumber></defNumberVector>", "defNumber lacks its min"),
        (f"{_NUMBER} format='%g' min='a'>5</defNumber></defNumberVector>", "'a' is not a number"),
        (f"{_SWITCH}on</oneSwitch></setSwitchVector>", "'on' is neither On nor Off"),
        (f"{_BLOB}format='.x'>AAAA</oneBLOB></setBLOBVector>", "oneBLOB lacks its size"),
        (f"{_BLOB}size='3'>AAAA</oneBLOB></setBLOBVector>", "oneBLOB lacks its format"),
        (f"{_BLOB}size='-3' format=''/></setBLOBVector>", "size of oneBLOB is not a number of"),
        (f"{_BLOB}size='²' format=''/></setBLOBVector>", "size of oneBLOB is not a number of"),
        (f"{_BLOB}size='{'9' * 5000}' format=''/></setBLOBVector>", "is not a number of bytes"),
        (f"{_BLOB}size='1' format='' attached='true' len='x'/></setBLOBVector>", "len of oneBLOB"),
        (f"{_BLOB}size='3' format=''>A!AA</oneBLOB></setBLOBVector>", "base64"),
        (f"{_BLOB}size='3' format=''>AAA</oneBLOB></setBLOBVector>", "padding"),
        (f"{_BLOB}size='3' format=''>AA==AAAA</oneBLOB></setBLOBVector>", "padding"),
        (f"{_BLOB}size='3' format=''>ÄAAA</oneBLOB></setBLOBVector>", "ASCII"),
        ("<message message='&unknown;'/>", "not XML: undefined entity"),
        ("<message message='a' message='b'/>", "not XML: duplicate attribute"),
        ("<message message=a/>", "not XML"),
        ("<enableBLOB device='D'>\x01</enableBLOB>", "not XML"),
        ("<enableBLOB device='D'><a></enableBLOB>", "not XML: mismatched tag"),
    ],
)
def test_refuses(wire: str, reason: str) -> None:
    assert reason in read_error(wire.encode())
    error, after = read(wire.encode() + b"<pingReply uid='after'/>")
    assert isinstance(error, str)
    assert after == PingReply("after")


def test_errors_quote_only_the_beginning() -> None:
    long = "x" * 100_000
    for wire in (
        f"<setTextVector device='{long}'/>",
        f"<setTextVector device='D' name='{long}' state='{long}'/>",
        f"<setNumberVector device='D' name='P' timeout='{long}'/>",
        f"<message message='{long}&unknown;'/>",
        f"<message {long}<",
    ):
        assert len(read_error(wire.encode())) < 400


# KStars sends observer, object and folder in Latin-1 and everything else in UTF-8.
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
@pytest.mark.parametrize("text", ["Jürgen Müller", "Größe", "\xc3", "ÿþ", "\xa0 \x85", "é&lt;ü"])
def test_a_message_may_be_in_latin_1(encoding: str, text: str) -> None:
    wire = (
        f"<newTextVector device='Kamera für Ä' name='P'><oneText name='OBSERVER'>x{text}x</oneText>"
        f"</newTextVector>"
    ).encode(encoding)
    expected = OneText("OBSERVER", f"x{text}x".replace("&lt;", "<"))
    assert read(wire + b"<pingReply uid='after'/>") == [
        NewVector(Kind.TEXT, "Kamera für Ä", "P", (expected,)),
        PingReply("after"),
    ]


def test_every_message_has_an_encoding_of_its_own() -> None:
    utf_8, latin_1 = (f"<message message='Zürich {e}'/>".encode(e) for e in ("utf-8", "latin-1"))
    assert read(latin_1 + utf_8 + latin_1) == [
        Message("Zürich latin-1"),
        Message("Zürich utf-8"),
        Message("Zürich latin-1"),
    ]


@pytest.mark.parametrize("cut_off", [b"\xc3", b"\xe2\x98", b"\xf0\x9f\x94"])
def test_half_a_character_of_utf_8_is_latin_1(cut_off: bytes) -> None:
    message = read_one(b"<message message='" + cut_off + b"'/>")
    assert message == Message(cut_off.decode("latin-1"))


@pytest.mark.parametrize("damage", [b"<a>", b"\x01", b"&unknown;"])
def test_latin_1_is_not_read_more_leniently(damage: bytes) -> None:
    assert "not XML" in read_error(b"<enableBLOB device='D\xfc'>" + damage + b"</enableBLOB>")


def test_a_damaged_frame_is_refused_whatever_its_encoding() -> None:
    base64 = b"A" * 4000 + b"\xfc" + b"A" * 3999
    wire = (
        b"<setBLOBVector device='D' name='P'><oneBLOB name='A' size='6000' format=''>%b</oneBLOB>"
    )
    assert "ASCII" in read_error(wire % base64 + b"</setBLOBVector>")
