"""The journal of exposures: what it holds, how it survives, and what it does when it cannot."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.identity import REMEMBERED
from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.exposing.journal_file import FRAMES_LIMIT_BYTES
from indi_stx.camera.exposing.plain import from_plain, to_plain
from indi_stx.camera.exposing.record import Record
from indi_stx.camera.exposing.sent_marks import MARKS_SIZE, SentMarks
from indi_stx.camera.exposing.shot import DeliveryMode, ImageSource
from indi_stx.camera.exposing.surroundings import Aim, Surroundings
from indi_stx.clock import SystemClock
from indi_stx.errors import ConfigError
from indi_stx.images.header_facts import CustomCard, PierSide, Site
from indi_stx.images.memory import memory_file
from indi_stx.stx.ccd_states import FrameType
from indi_stx.stx.settings import Geometry

NOON = datetime(2026, 11, 25, 12, 0, 0, 123000, tzinfo=UTC)


def record(name: datetime = NOON, ccd: str = "imager") -> Record:
    return Record(
        camera="10.0.0.2:80",
        ccd=ccd,
        name=name,
        started_utc=name,
        duration_s=600,
        geometry=Geometry(10, 20, 300, 400, 2, 2),
        frame_type=FrameType.LIGHT,
        source=ImageSource.CAMERA_FITS,
        surroundings=Surroundings(
            observer="Jörg",
            aim=Aim(5.5, -5.4, True, PierSide.WEST),
            site=Site(48.1, 11.6),
            focuser_position=1234,
            ccd_celsius=-20,
            cards=(CustomCard("RUN", 7, "of the night"), CustomCard("SEEING", 1.5, "")),
        ),
        mode=DeliveryMode(stores=True, sends=False, directory="/data", prefix="m42_XXX"),
    )


class Log:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.wants_debug = False

    def error(self, text: str) -> None:
        self.said.append(text)

    warning = info = debug = error


async def journal(path: Path) -> tuple[Journal, Log]:
    log = Log()
    opened = Journal(path, SystemClock(), log)
    await opened.open()
    return opened, log


def test_a_record_comes_back_from_json_as_it_was() -> None:
    text = json.dumps(to_plain(record()))
    assert from_plain(Record, json.loads(text)) == record()


def test_fields_of_another_version_are_ignored_and_missing_ones_refused() -> None:
    plain = to_plain(record())
    plain["surroundings"]["moon"] = "full"
    del plain["surroundings"]["observer"]
    read = from_plain(Record, plain)
    assert read.surroundings == replace(record().surroundings, observer="Unknown")
    del plain["duration_s"]
    with pytest.raises(ConfigError, match="duration_s"):
        from_plain(Record, plain)


@pytest.mark.parametrize(
    ("field", "value"),
    [("duration_s", "long"), ("frame_type", "MOON"), ("geometry", None), ("name", 5)],
)
def test_a_value_of_the_wrong_kind_is_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError):
        from_plain(Record, {**to_plain(record()), field: value})


async def test_what_is_put_is_found_by_the_next_process(tmp_path: Path) -> None:
    first, _ = await journal(tmp_path / "x.json")
    later = record(NOON + timedelta(seconds=1))
    await CcdJournal(first, "10.0.0.2:80", "imager").starting(record())
    await CcdJournal(first, "10.0.0.2:80", "imager").starting(later)
    await CcdJournal(first, "10.0.0.2:80", "guider").starting(record(ccd="guider"))
    await first.close()
    second, log = await journal(tmp_path / "x.json")
    assert CcdJournal(second, "10.0.0.2:80", "imager").found() == [record(), later]
    assert CcdJournal(second, "10.0.0.3:80", "imager").found() == [], "another camera"
    await CcdJournal(second, "10.0.0.2:80", "imager").ended(record())
    await second.close()
    third, _ = await journal(tmp_path / "x.json")
    assert CcdJournal(third, "10.0.0.2:80", "imager").found() == [later]
    await third.close()
    assert not log.said


async def test_names_go_on_in_the_next_process(tmp_path: Path) -> None:
    first, _ = await journal(tmp_path / "x.json")
    of_imager = CcdJournal(first, "10.0.0.2:80", "imager")
    for _ in range(REMEMBERED + 3):
        name = of_imager.names.new(NOON)
        await of_imager.starting(record(name))
        await of_imager.ended(record(name))
    await first.close()
    second, _ = await journal(tmp_path / "x.json")
    again = CcdJournal(second, "10.0.0.2:80", "imager").names
    assert list(again.given) == list(of_imager.names.given)
    await second.close()


async def test_a_journal_in_use_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indi_stx.camera.exposing.journal.ENDING_S", 0.2)
    first, _ = await journal(tmp_path / "x.json")
    await CcdJournal(first, "10.0.0.2:80", "imager").starting(record())
    second, log = await journal(tmp_path / "x.json")
    assert "Another driver uses" in log.said[0]
    await CcdJournal(second, "10.0.0.2:80", "imager").starting(record(NOON + timedelta(seconds=1)))
    await second.close()
    await first.close()
    third, _ = await journal(tmp_path / "x.json")
    assert CcdJournal(third, "10.0.0.2:80", "imager").found() == [record()]
    await third.close()


async def test_a_journal_that_cannot_be_written_is_told_once_and_costs_nothing(
    tmp_path: Path,
) -> None:
    opened, log = await journal(tmp_path / "x.json")
    (tmp_path / ".x.json.new").mkdir()
    await CcdJournal(opened, "10.0.0.2:80", "imager").starting(record())
    await CcdJournal(opened, "10.0.0.2:80", "imager").ended(record())
    assert len(log.said) == 1
    assert "cannot be written" in log.said[0]
    await opened.close()


async def test_a_frame_on_disk_goes_with_its_record(tmp_path: Path) -> None:
    opened, _ = await journal(tmp_path / "x.json")
    of_imager = CcdJournal(opened, "10.0.0.2:80", "imager")
    await of_imager.starting(record())
    with memory_file("frame", b"pixels") as frame:
        assert await opened.keep_frame(record(), frame)
    (kept,) = (tmp_path / "x_frames").iterdir()
    assert kept.read_bytes() == b"pixels"
    assert [found.file for found in of_imager.found()] == [str(kept)]
    await of_imager.ended(record())
    assert not kept.exists()
    await opened.close()


async def test_frames_on_disk_have_a_limit(tmp_path: Path) -> None:
    opened, log = await journal(tmp_path / "x.json")
    await CcdJournal(opened, "10.0.0.2:80", "imager").starting(record())
    (tmp_path / "x_frames").mkdir()
    with (tmp_path / "x_frames" / "other.fits").open("wb") as big:
        big.truncate(FRAMES_LIMIT_BYTES)
    with memory_file("frame", b"pixels") as frame:
        assert not await opened.keep_frame(record(), frame)
    assert "1024 MB of frames that were never delivered" in log.said[0]
    await opened.close()


async def test_a_delivery_is_only_struck_off_when_it_is_confirmed(tmp_path: Path) -> None:
    opened, _ = await journal(tmp_path / "x.json")
    of_imager = CcdJournal(opened, "10.0.0.2:80", "imager")
    await of_imager.starting(record())
    taken = asyncio.Event()

    async def confirmed() -> None:
        await taken.wait()

    of_imager.delivered(record(), confirmed)
    await asyncio.sleep(0)
    assert of_imager.found() == [record()]
    taken.set()
    async with asyncio.timeout(10):
        while of_imager.found():  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0)
    await opened.close()


def test_marks_are_only_worth_something_under_the_same_server() -> None:
    memory = bytearray(MARKS_SIZE)
    marks = SentMarks(memory, b"1 of monday")
    assert not marks.was_sent(0, NOON)
    marks.sent(0, NOON)
    again = SentMarks(memory, b"1 of monday")
    assert again.was_sent(0, NOON)
    assert not again.was_sent(1, NOON), "another CCD"
    assert not SentMarks(memory, b"1 of mon").was_sent(0, NOON)
    assert not SentMarks(memory, b"1 of monday").was_sent(0, NOON)


def test_marks_remember_the_last_few_frames() -> None:
    marks = SentMarks(bytearray(MARKS_SIZE), b"1")
    for second in range(10):
        marks.sent(2, NOON + timedelta(seconds=second))
    assert [marks.was_sent(2, NOON + timedelta(seconds=s)) for s in range(10)] == [
        *[False] * 2,
        *[True] * 8,
    ]
