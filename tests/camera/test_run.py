"""What an exposure's run makes of silence and of odd answers, on a clock that moves at our word."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, cast

import pytest

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.identity import written
from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.exposing.phases import ExposureLost
from indi_stx.camera.exposing.run import ExposureRun
from indi_stx.camera.exposing.sent_geometry import CameraGeometry
from indi_stx.camera.exposing.shot import ImageSource, Shot
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.camera.exposing.watching import Watch
from indi_stx.camera.facts import CameraFacts, CcdFacts
from indi_stx.errors import CameraBusy, CameraReplyInvalid, CameraUnreachable
from indi_stx.stx import CcdState, CommandTiming, FrameType, Geometry, VersionNumbers
from indi_stx.stx.timing import Stamp
from tests.harness.fake_clock import FakeClock

PIXELS = bytes(range(8))
GARBLED = CameraReplyInvalid("The camera has no image.", request="/Imager.FIT")
SILENCE = CameraUnreachable("No answer.", request="/ImagerState.cgi")
BUSY = CameraBusy(request="/start", code=0x80001001, text="Busy.", advice="")


class Ccd:
    """Answers what the test has put in; an exception is raised, the last answer is kept."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.states: list[CcdState | Exception] = [CcdState.IDLE]
        self.names: list[str | Exception] = []
        self.starts: list[Exception] = []
        self.sent: list[datetime] = []
        self.aborts = 0

    async def set_geometry(self, geometry: Geometry) -> None:
        pass

    async def start_exposure(
        self, duration_s: float, frame_type: FrameType, name: datetime
    ) -> CommandTiming:
        self.sent.append(name)
        if self.starts:
            raise self.starts.pop(0)
        return CommandTiming.between(Stamp.now(self.clock), Stamp.now(self.clock))

    async def abort_exposure(self) -> None:
        self.aborts += 1

    async def state(self) -> CcdState:
        return cast(CcdState, self._next(self.states))

    async def image_date_obs(self) -> str:
        return str(self._next(self.names)) if self.names else written(self.sent[-1])

    async def receive_data(self, expected_bytes: int, sink: Any) -> None:
        assert expected_bytes == len(PIXELS)
        with sink.buffer() as place:
            place[:] = PIXELS
        sink.advance(len(PIXELS))

    def _next(self, answers: list[Any]) -> object:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Log:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.wants_debug = False

    def error(self, text: str) -> None:
        self.said.append(text)

    warning = info = debug = error


def exposure(ccd: Ccd, duration_s: float = 1.0) -> ExposureRun:
    facts = CcdFacts(2, 2, 9.0, 9.0, 1, 1, 1.5)
    camera = CameraFacts("STX", VersionNumbers("1", "1", "1", "1", "1"), facts, None, None)
    shot = Shot(
        name="CCD1",
        instrument="SBIG STX",
        ccd=cast(Any, ccd),
        duration_s=duration_s,
        geometry=Geometry(0, 0, 2, 2),
        frame_type=FrameType.LIGHT,
        source=ImageSource.BINARY,
        sensor=facts,
        camera=camera,
        surroundings=Surroundings,
    )
    watch = Watch(ccd.clock, Log(), lambda: 1.0, lambda left_s: None)
    journal = CcdJournal(Journal(None, ccd.clock, watch.log), "camera:80", "imager")
    return ExposureRun(shot, CameraGeometry(shot.ccd), journal, watch)


async def finish(clock: FakeClock, work: asyncio.Task[Any], limit_s: float = 300.0) -> Any:
    """Move time until the work is done; threads of its own take the real time they need."""
    end_s = clock.monotonic() + limit_s
    while not work.done():
        assert clock.monotonic() < end_s, "it does not end"
        await asyncio.wait([work], timeout=0.002)
        await clock.advance(0.05)
    return await work


async def taken(ccd: Ccd) -> Any:
    run = exposure(ccd)
    await finish(ccd.clock, asyncio.create_task(run.start()))
    return await finish(ccd.clock, asyncio.create_task(run.to_frame()))


async def test_one_odd_answer_long_after_the_end_does_not_lose_a_frame() -> None:
    ccd = Ccd(FakeClock())
    ccd.states = [*[SILENCE] * 30, CcdState.IDLE]
    run = exposure(ccd)
    await run.start()
    ccd.names = [GARBLED, written(ccd.sent[-1])]
    with await finish(ccd.clock, asyncio.create_task(run.to_frame())) as frame:
        assert frame.pixels().tobytes() == PIXELS


async def test_a_camera_that_goes_on_having_no_image_has_lost_it() -> None:
    ccd = Ccd(FakeClock())
    ccd.names = [GARBLED]
    with pytest.raises(ExposureLost, match="no frame of this exposure"):
        await taken(ccd)


async def test_a_busy_camera_whose_state_gets_lost_is_asked_again() -> None:
    ccd = Ccd(FakeClock())
    ccd.starts = [BUSY, BUSY]
    ccd.states = [SILENCE, CcdState.EXPOSING, CcdState.IDLE]
    with await taken(ccd) as frame:
        assert frame.pixels().tobytes() == PIXELS
    assert ccd.aborts == 1
    assert len(set(ccd.sent)) == 3, "each start has a name of its own"
