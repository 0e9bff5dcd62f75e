"""Carry one exposure from its start to the frame in memory.

The countdown goes on whatever the network does. The camera's state is asked for once per polling
period while it exposes, and closely once the time is up (`fetch.py`).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.fetch import Fetch
from indi_stx.camera.exposing.phases import Event, Exposure, Phase, Verdict, next_phase
from indi_stx.camera.exposing.record import Record
from indi_stx.camera.exposing.sent_geometry import CameraGeometry
from indi_stx.camera.exposing.shot import Shot
from indi_stx.camera.exposing.starting import Start, Started
from indi_stx.camera.exposing.watching import Watch, Watched
from indi_stx.camera.repeating import repeated
from indi_stx.errors import IndiStxError

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame

FIRST_LOOK_S = 0.3
"""How long after the start the camera is first asked for its state."""


class ExposureRun:
    """One exposure of one CCD.

    Attributes:
        shot: what was asked for.
        phase: where it is; see `indi_stx.camera.exposing.phases`.
        started: the name of the exposure, and when the shutter opened.
        record: what the journal knows of it; None before it starts.
    """

    def __init__(
        self, shot: Shot, geometry: CameraGeometry, journal: CcdJournal, watch: Watch
    ) -> None:
        self.shot = shot
        self.phase = Phase.IDLE
        self.started: Started
        self.record: Record | None = None
        self._journal = journal
        self._names = journal.names
        self._geometry = geometry
        self._watch = watch
        self._clock = watch.clock
        self._watched: Watched

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self.phase is not Phase.IDLE

    async def start(self) -> None:
        """Send the geometry and start the exposure.

        Raises:
            CameraError: the camera did not accept it; nothing is running then.
        """
        self._happened(Event.REQUESTED)
        try:
            await repeated(lambda: self._geometry.send(self.shot.geometry), self._clock)
            start = Start(self.shot, self._names, self._note, self._clock, self._watch.log)
            self.started = started = await start.carry_out()
        except BaseException as error:
            self._happened(Event.FAILED)
            if isinstance(error, IndiStxError):
                await self.strike()
            raise
        self._watch_over(
            Exposure(self.shot.duration_s, started.monotonic_s, in_doubt=started.in_doubt)
        )
        self._update_record(started_utc=started.utc)
        self._happened(Event.ACCEPTED)

    def resume(self, record: Record) -> None:
        """Go on with an exposure that an earlier connection or process has started."""
        now_s = self._clock.monotonic()
        ago_s = max(0.0, (self._clock.utc() - record.started_utc).total_seconds())
        self.record = record
        self.started = Started(record.name, record.started_utc, now_s - ago_s, in_doubt=True)
        self._watch_over(Exposure(self.shot.duration_s, now_s - ago_s, in_doubt=True, resumed=True))
        self._happened(Event.RESUMED)

    def _watch_over(self, exposure: Exposure) -> None:
        self._watched = Watched(exposure, self.shot.ccd, self._watch)

    async def to_frame(self) -> Frame:
        """Wait for the end of an exposure that was started, and download its frame.

        Raises:
            ExposureLost: there is no frame, and there never will be.
            CameraError, ImageError: no frame, as they say.
        """
        try:
            return await self._to_frame()
        except asyncio.CancelledError:
            self._happened(Event.ABORTED)
            raise
        except BaseException as error:
            self._happened(Event.FAILED)
            if isinstance(error, IndiStxError):
                await self.strike()
            raise

    @property
    def resumed(self) -> bool:
        """Whether an earlier connection or process has started it."""
        return self._watched.exposure.resumed

    @property
    def remaining_s(self) -> float:
        """The seconds left to expose, zero once the time is up."""
        return self._watched.remaining_s

    async def strike(self) -> None:
        """Strike the exposure off the journal: there will be no frame."""
        if self.record is not None:
            await self._journal.ended(self.record)

    async def _note(self, name: datetime) -> None:
        """Write the exposure down under the name that it is about to be started with."""
        await self.strike()
        self.record = Record.of(self.shot, self._journal.camera, self._journal.ccd, name)
        await self._journal.starting(self.record)

    def _update_record(self, **changes: Any) -> None:
        if self.record is not None:
            self.record = replace(self.record, **changes)
            self._journal.started(self.record)

    # --- exposing and reading out --------------------------------------------------------------

    async def _to_frame(self) -> Frame:
        countdown = asyncio.create_task(self._count_down(), name="countdown")
        try:
            await self._sleep_watching()
            around = self.shot.surroundings()  # at the exposure's end, not when it is fetched again
            self.shot = replace(self.shot, surroundings=lambda: around)
            self._update_record(surroundings=around, mode=self.shot.mode())
            await countdown
            fetch = Fetch(
                self.shot,
                self.started,
                self._names,
                self._watched,
                self._watch,
                self._journal.read_outs,
                self._happened,
            )
            return await fetch.to_frame()
        finally:
            countdown.cancel()

    async def _count_down(self) -> None:
        """Report the remaining seconds once per polling period, and zero at the end."""
        while remaining := self.remaining_s:
            await self._clock.sleep(min(remaining, self._watch.polling_s()))
            self._watch.show_remaining(self.remaining_s)

    async def _sleep_watching(self) -> None:
        """Ask for the state from time to time until the time is up; no answer is tolerated."""
        pause = 0.0 if self._watched.exposure.resumed else FIRST_LOOK_S
        while (remaining := self.remaining_s) > pause:
            await self._clock.sleep(min(pause, remaining))
            if await self._watched.look() is Verdict.DOUBT:
                self._watched.exposure.end_now(self._clock.monotonic())
            pause = max(self._watch.polling_s(), FIRST_LOOK_S)
        await self._clock.sleep(self.remaining_s)
        self._happened(Event.TIME_UP)

    def _happened(self, event: Event) -> None:
        if self.phase is not Phase.IDLE or event in (Event.REQUESTED, Event.RESUMED):
            self.phase = next_phase(self.phase, event)
            if self._watch.log.wants_debug:
                self._watch.log.debug(f"{self.shot.name}: {event.value}, now {self.phase.value}.")
