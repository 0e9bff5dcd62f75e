"""What libindi's own programs really said; see the README beside the recordings."""

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from indi_stx.indi import (
    AnyMessage,
    Attached,
    DefVector,
    GetProperties,
    Kind,
    NewVector,
    OneBlob,
    OneNumber,
    OneText,
    PingRequest,
    SetVector,
    State,
    encode,
)
from tests.indi.reading import read

RECORDINGS = Path(__file__).parents[1] / "data" / "indi"


def recorded(name: str) -> list[AnyMessage]:
    outcomes = read((RECORDINGS / name).read_bytes())
    messages = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    assert messages == outcomes, "a recording holds no errors"
    return messages


@pytest.mark.parametrize("name", sorted(path.name for path in RECORDINGS.glob("*.xml")))
def test_nothing_recorded_is_lost(name: str) -> None:
    text = re.sub(r"<\?.*?\?>|</?INDIDriver>", "", (RECORDINGS / name).read_text())
    expected = ElementTree.fromstring(f"<stream>{text}</stream>")
    messages = recorded(name)
    assert [(m.get("name"), len(m)) for m in expected] == [
        (getattr(message, "name", None), len(getattr(message, "elements", ())))
        for message in messages
    ]
    assert read(b"".join(map(encode, messages))) == messages


def test_the_readme_counts_every_recording() -> None:
    rows = re.findall(r"\| `(\S+)` \|.*\| (\d+) \|", (RECORDINGS / "README.md").read_text())
    assert {name: len(recorded(name)) for name, _ in rows} == {n: int(count) for n, count in rows}
    assert {name for name, _ in rows} == {path.name for path in RECORDINGS.glob("*.xml")}


@pytest.mark.parametrize(
    "name", ["ccd_driver_stdout_exposure.xml", "server_to_client_exposure.xml"]
)
def test_a_frame_is_whole(name: str) -> None:
    (vector,) = (m for m in recorded(name) if isinstance(m, SetVector) and m.kind is Kind.BLOB)
    (blob,) = vector.elements
    assert isinstance(blob, OneBlob)
    assert isinstance(blob.content, bytes)
    assert (vector.state, vector.timeout_s, blob.format) == (State.OK, 60.0, ".fits")
    assert len(blob.content) == blob.size == 5760
    assert blob.content.startswith(b"SIMPLE  =                    T")


def test_a_driver_asks_for_a_ping_after_its_frame() -> None:
    assert PingRequest("SetBLOB/1") in recorded("ccd_driver_stdout_exposure.xml")


def test_definitions_keep_their_order() -> None:
    names = [m.name for m in recorded("wheel_driver_stdout.xml") if isinstance(m, DefVector)]
    assert names[:2] == ["CONNECTION", "DRIVER_INFO"]
    assert "FILTER_SLOT" in names


def test_limits_travel_with_a_number() -> None:
    first = recorded("server_to_client_exposure.xml")[0]
    assert isinstance(first, SetVector)
    assert first.elements[0] == OneNumber("X", 0.0, min=0.0, max=23.0, step=0.0)


def test_what_a_driver_hears() -> None:
    messages = recorded("server_to_driver.xml")
    assert Counter(type(message) for message in messages) == {
        GetProperties: 2,
        NewVector: 5,
        DefVector: 1,
        SetVector: 2,
    }
    wishes = {m.name: m.elements for m in messages if isinstance(m, NewVector)}
    assert wishes["POSITION"] == (OneText("RA", "-0:30:36"), OneText("DEC", "+12 30.5"))
    assert wishes["FITS_HEADER"] == (
        OneText("FITS_OBSERVER", 'A & B "q" <Zü\'>'),
        OneText("FITS_OBJECT", ""),
    )
    # indiserver 1.9.9 hands a client's BLOB to a local driver as a descriptor, not as base64.
    assert wishes["UP"] == (OneBlob("F", 5, ".txt", Attached(fd=-1, length=5)),)
