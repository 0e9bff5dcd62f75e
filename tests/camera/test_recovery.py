"""What a new connection makes of the journal, with a camera that answers as it is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.identity import written
from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.exposing.phases import ExposureLost
from indi_stx.camera.exposing.record import Record
from indi_stx.camera.exposing.recovery import Recovery
from indi_stx.camera.exposing.run import ExposureRun
from indi_stx.camera.exposing.sent_geometry import CameraGeometry
from indi_stx.camera.exposing.watching import Watch
from indi_stx.images.memory import memory_file
from indi_stx.stx import CcdState, Geometry
from tests.camera.test_run import PIXELS, Ccd, Log, exposure, finish
from tests.harness.fake_clock import FakeClock


async def open_journal(path: Path, clock: FakeClock) -> Journal:
    journal = Journal(path, cast(Any, clock), Log())
    await journal.open()
    return journal


async def life_before(path: Path, ccd: Ccd, duration_s: float = 1.0) -> Record:
    """Start an exposure in a process that then dies, and return what it has written down."""
    journal = await open_journal(path, ccd.clock)
    of_imager = CcdJournal(journal, "camera:80", "imager")
    run = exposure(ccd, duration_s)
    run._journal, run._names = of_imager, of_imager.names
    await finish(ccd.clock, asyncio.create_task(run.start()))
    assert run.record is not None
    await journal.close()
    return run.record


class Life:
    """The next process."""

    def __init__(self, journal: Journal, ccd: Ccd) -> None:
        self.journal = CcdJournal(journal, "camera:80", "imager")
        self.log = Log()
        self.resumed: list[Record] = []
        self.delivered: list[bytes] = []
        self.ccd = ccd

    async def recover(self) -> None:
        def deliver(record: Record, frame: Any) -> None:
            with frame:
                self.delivered.append(frame.read())

        recovery = Recovery(
            self.journal, cast(Any, self.ccd), self.log, self.resumed.append, deliver
        )
        await recovery.carry_out()

    def run(self, record: Record) -> ExposureRun:
        shot = replace(
            exposure(self.ccd).shot,
            duration_s=record.duration_s,
            surroundings=lambda: record.surroundings,
        )
        watch = Watch(cast(Any, self.ccd.clock), self.log, lambda: 1.0, lambda left_s: None)
        run = ExposureRun(shot, CameraGeometry(shot.ccd), self.journal, watch)
        run.resume(record)
        return run


async def test_an_exposure_is_in_the_journal_before_the_camera_knows_of_it(
    tmp_path: Path,
) -> None:
    ccd = Ccd(FakeClock())
    path = tmp_path / "x.json"
    in_time: list[bool] = []
    start = ccd.start_exposure

    async def looking(*arguments: Any) -> Any:
        in_time.append(path.exists() and ccd_name(arguments[2]) in path.read_text())
        return await start(*arguments)

    def ccd_name(name: Any) -> str:
        return str(name.isoformat())

    ccd.start_exposure = looking  # type: ignore[method-assign]
    await life_before(path, ccd)
    assert in_time == [True]


async def test_an_exposure_is_gone_on_with_and_believed_by_its_name(tmp_path: Path) -> None:
    ccd = Ccd(FakeClock())
    record = await life_before(tmp_path / "x.json", ccd)
    await ccd.clock.advance(600)
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    await life.recover()
    assert [found.name for found in life.resumed] == [record.name]
    run = life.run(life.resumed[0])
    with await finish(ccd.clock, asyncio.create_task(run.to_frame())) as frame:
        assert frame.pixels().tobytes() == PIXELS
        assert b"ended during this exposure" in frame.header()
    await life.journal.journal.close()


async def test_a_camera_that_ends_before_a_wrong_clock_says_so_still_has_the_frame(
    tmp_path: Path,
) -> None:
    ccd = Ccd(FakeClock())
    record = await life_before(tmp_path / "x.json", ccd, 300.0)
    late = replace(record, started_utc=record.started_utc + timedelta(hours=1))
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    ccd.states = [CcdState.EXPOSING, CcdState.READING_OUT, CcdState.IDLE]
    run = life.run(late)
    with await finish(ccd.clock, asyncio.create_task(run.to_frame())) as frame:
        assert frame.pixels().tobytes() == PIXELS
    await life.journal.journal.close()


async def test_the_frame_before_is_not_taken_for_one_that_never_started(tmp_path: Path) -> None:
    ccd = Ccd(FakeClock())
    before = await life_before(tmp_path / "x.json", ccd)
    await life_before(tmp_path / "x.json", ccd)
    ccd.names = [written(before.name)]
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    await life.recover()
    assert "Lost: the exposure of 1 s" in life.log.said[0], "only the last can be in the camera"
    run = life.run(life.resumed[0])
    with pytest.raises(ExposureLost, match="no frame of this exposure"):
        await finish(ccd.clock, asyncio.create_task(run.to_frame()))
    await life.journal.journal.close()


async def test_what_was_sent_is_not_sent_again(tmp_path: Path) -> None:
    ccd = Ccd(FakeClock())
    record = await life_before(tmp_path / "x.json", ccd)
    journal = await open_journal(tmp_path / "x.json", ccd.clock)
    CcdJournal(journal, "camera:80", "imager").sent(record)
    await journal.close()
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    await life.recover()
    assert not life.resumed
    assert not life.journal.found()
    await life.journal.journal.close()


async def test_a_frame_on_disk_is_delivered_and_a_lost_one_told(tmp_path: Path) -> None:
    ccd = Ccd(FakeClock())
    record = await life_before(tmp_path / "x.json", ccd)
    journal = await open_journal(tmp_path / "x.json", ccd.clock)
    content = b"x" * 2880 + bytes(2880)
    with memory_file("frame", content) as frame:
        assert await journal.keep_frame(replace(record, geometry=Geometry(0, 0, 2, 2)), frame)
    await journal.close()
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    (kept,) = life.journal.found()
    await life.recover()
    assert life.delivered == [content]
    (tmp_path / "x_frames" / Path(kept.file).name).unlink()
    await life.recover()
    assert "cannot be read" in life.log.said[-1]
    assert not life.journal.found()
    await life.journal.journal.close()


async def test_another_program_s_exposure_is_told_of_and_left_alone(tmp_path: Path) -> None:
    ccd = Ccd(FakeClock())
    ccd.states = [CcdState.EXPOSING]
    life = Life(await open_journal(tmp_path / "x.json", ccd.clock), ccd)
    await life.recover()
    assert "for another program" in life.log.said[0]
    assert not ccd.aborts
    await life.journal.journal.close()
