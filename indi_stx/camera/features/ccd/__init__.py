"""A CCD at work: exposure, abort, delivery, and what an earlier connection has left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.delivery import Delivery, Order
from indi_stx.camera.exposing.held import Held
from indi_stx.camera.exposing.phases import Phase
from indi_stx.camera.exposing.record import Record
from indi_stx.camera.exposing.recovery import Recovery
from indi_stx.camera.exposing.run import ExposureRun
from indi_stx.camera.exposing.sent_geometry import CameraGeometry
from indi_stx.camera.exposing.shot import ImageSource, Shot
from indi_stx.camera.exposing.starting import abort
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.camera.exposing.waiting import Beam, Waiting
from indi_stx.camera.exposing.watching import Watch
from indi_stx.camera.facts import CcdFacts
from indi_stx.camera.features.ccd.properties import (
    DURATION_PLACES,
    FRAME_TYPES,
    MIN_EXPOSURE_S,
    CcdProperties,
)
from indi_stx.camera.session import CameraSession
from indi_stx.driver.declarations import Numbers, Switches
from indi_stx.errors import CameraError, IndiStxError, ValueRefused
from indi_stx.indi import Attached, State, wire_number
from indi_stx.stx.ccd_states import FrameType

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame
    from indi_stx.images.memory import MemoryFile
    from indi_stx.stx import Ccd

LISTEN_S = 3.0
"""How long after Connect clients are given to ask for BLOBs; nobody tells if they did."""
SOON_S = 0.05
"""How long a start waits for the frame before to be delivered; then that frame goes to disk."""
FETCH_FIRST_S = 60.0
"""How long a start waits for a frame that an earlier process has left in the camera."""
CLIENTS_BYTES_PER_S = 100e6
"""At least as fast a server on the same machine passes a frame on to a client."""


class Sequence(Protocol):
    """Starts exposures one after another without a new request for each."""

    @property
    def enabled(self) -> bool:
        """Whether exposures are taken as a sequence."""

    def exposure_done(self, duration_s: float, is_latest: Callable[[], bool]) -> None:
        """Count an exposure whose end has been reported, and begin the next if one is due."""

    def stop(self) -> None:
        """Let the exposure under way, if any, be the last one."""


class CcdFeature(CcdProperties):
    """One CCD; subclasses say which, and add what only they have.

    Args:
        session: the connection.
        ccd: the camera's calls for it.
        facts: what the camera said of the CCD when connecting.
        journal: of the CCD's exposures.
        surroundings: returns the header facts that are not about the exposure itself.
        polling_s: returns the current polling period.

    Attributes:
        sequence: starts the exposures of a sequence; None when there are no sequences.
        beam: the filter wheel that exposures wait for; None for a CCD that does not.
        sent_geometry: what the camera was told.
    """

    def __init__(
        self,
        session: CameraSession,
        ccd: Ccd,
        facts: CcdFacts,
        *,
        journal: CcdJournal,
        surroundings: Callable[[], Surroundings],
        polling_s: Callable[[], float],
    ) -> None:
        super().__init__(session, facts)
        self.ccd = ccd
        self.sequence: Sequence | None = None
        self.beam: Beam | None = None
        self._waiting = Waiting(self.lane, session.tasks)
        self._starts = False
        self._surroundings = surroundings
        self.sent_geometry = CameraGeometry(ccd)
        self._journal = journal
        self._recovering: asyncio.Task[None] | None = None
        self._watch = Watch(
            self.device.clock,
            self.device.log,
            polling_s,
            self._show_remaining,
            partial(session.expect_frame, self),
            self._show_download,
        )
        self._run: ExposureRun | None = None
        self.delivery = Delivery(
            f"{self.device.name}: {self.image.name}",
            self.send_file,
            lambda: self.compression["INDI_ENABLED"],
            self.device.log,
            self.device.clock,
        )

    @property
    def running(self) -> bool:
        """Whether an exposure is running, being downloaded, or waits for the filter wheel."""
        return self._waiting.is_pending or (self._run is not None and self._run.running)

    @property
    def shutter_is_open(self) -> bool:
        """Whether an exposure is being started or runs."""
        return self._starts or (self._run is not None and self._run.phase is Phase.EXPOSING)

    def restarted(self) -> None:
        """Send frame and binning again with the next exposure."""
        self.sent_geometry.forget()

    async def end(self) -> None:
        """Finish the delivery of frames that have been received."""
        await self.delivery.finish()

    # --- exposure ------------------------------------------------------------------------------

    @CcdProperties.exposure.on_write
    async def _exposure_requested(self, new: Numbers) -> None:
        """Begin an exposure; one that is running is aborted first."""
        (duration_s,) = new.values()
        await self.expose(self._checked_duration(duration_s))

    async def expose(self, duration_s: float) -> None:
        """Begin an exposure with the current frame and type, in place of one that is running.

        Raises:
            CameraError: the camera did not accept it; nothing is running then.
            ValueRefused: the frame has no pixel at this binning.
        """
        await self._finish_recovery()
        if self.beam is not None and not self.beam.at_rest:
            await self._expose_when_filter_rests(self.beam, duration_s)
            return
        run = ExposureRun(self._shot(duration_s), self.sent_geometry, self._journal, self._watch)
        self._starts = True
        try:
            if self.running:
                await self.abort_exposure()
            await self._keep_what_waits()
            await run.start()
            self._run = run
        except CameraError:
            self._end_sequence()
            raise
        finally:
            self._starts = False
        self.show_exposure(duration_s, State.BUSY)
        self._following = self.session.tasks.spawn(self._follow(run), run.shot.name)

    async def _expose_when_filter_rests(self, beam: Beam, duration_s: float) -> None:
        if self.running:
            await self.abort_exposure()  # a move may wait for its end
        self.show_exposure(duration_s, State.BUSY)
        self.device.log.info("The exposure begins when the filter wheel rests.")

        async def begin() -> None:
            try:
                await self.expose(duration_s)
            except IndiStxError as error:
                self.exposure_lost(str(error))

        self._waiting.begin_later(beam, begin)

    async def _keep_what_waits(self) -> None:
        """Put on disk what is not delivered yet: the camera forgets it with the next start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                await self.delivery.at_most(0)
        for order in self.delivery.orders:
            await order.keep()

    # --- what an earlier connection or process has left ------------------------------------------

    def appeared(self) -> None:
        """Look after exposures whose frames were not delivered."""
        self._shown_s = self.device.clock.monotonic()
        recovery = Recovery(
            self._journal, self.ccd, self.device.log, self._resume, self._deliver_kept
        )
        self._recovering = self.session.tasks.spawn(
            recovery.carry_out(), f"{self.device.name}: recovery"
        )

    def _resume(self, record: Record) -> None:
        self.sent_geometry.forget()
        shot = record.shot(
            name=f"{self.device.name}: {self.exposure.name}",
            instrument=self.device.name,
            ccd=self.ccd,
            sensor=self.facts,
            camera=self.session.facts,
        )
        run = ExposureRun(shot, self.sent_geometry, self._journal, self._watch)
        run.resume(record)
        self._run = run
        self.show_exposure(run.remaining_s, State.BUSY)
        self._following = self.session.tasks.spawn(self._follow(run), run.shot.name)

    def _deliver_kept(self, record: Record, frame: Frame) -> None:
        self._deliver(record, frame, lambda: True, lambda delivered: None, late=True)

    async def _finish_recovery(self) -> None:
        """Let a frame that is already taken arrive before the camera is told to take another."""
        if self._recovering is not None:
            await asyncio.wait([self._recovering])
        run = self._run
        if run is not None and run.running and run.resumed and not run.remaining_s:
            self.device.log.info(f"First the frame of {run.record} is fetched.")
            done, _ = await asyncio.wait([self._following], timeout=FETCH_FIRST_S)
            if not done:
                raise ValueRefused(
                    f"The frame of {run.record} is still being fetched. Try again later, or abort "
                    "to give it up."
                )

    def _shot(self, duration_s: float) -> Shot:
        geometry = self.geometry
        if geometry.rows < 1 or geometry.cols < 1:
            raise ValueRefused("The frame is smaller than one binned pixel; enlarge it.")
        return Shot(
            name=f"{self.device.name}: {self.exposure.name}",
            instrument=self.device.name,
            ccd=self.ccd,
            duration_s=duration_s,
            geometry=geometry,
            frame_type=FrameType(FRAME_TYPES[self.frame_type.on or "FRAME_LIGHT"][1]),
            source=(ImageSource.CAMERA_FITS if self.source["SOURCE_FITS"] else ImageSource.BINARY),
            sensor=self.facts,
            camera=self.session.facts,
            surroundings=Held(self._surroundings, duration_s, self.device.log),
            mode=lambda: self.delivery.mode,
        )

    async def _follow(self, run: ExposureRun) -> None:
        """Wait for the frame and pass it on; any failure turns the exposure Alert."""
        try:
            frame = await run.to_frame()
        except IndiStxError as error:
            lost = f"Lost: {run.record}. " if run.resumed else ""
            self.exposure_lost(f"{lost}{error}")
        except Exception:
            self.exposure_lost("Internal error: the exposure brought no frame.")
            raise
        else:
            self._frame_taken(run, frame)

    @CcdProperties.abort.on_write
    async def _abort_requested(self, new: Switches) -> None:
        """End the exposure without a frame."""
        if not new["ABORT"]:
            self.abort.clear(State.OK)
            return
        self._end_sequence()
        try:
            await self.abort_exposure()
        except CameraError as error:
            self.device.log.error(str(error))
            self.abort.clear(State.ALERT)
            self.show_exposure(0, State.ALERT)
            return
        self.abort.clear(State.OK)
        self.show_exposure(0, State.IDLE)

    async def abort_exposure(self) -> None:
        """Forget the running exposure and abort it in the camera; publish nothing.

        Raises:
            CameraError: the camera may still be exposing.
        """
        self._waiting.forget()
        if self._run is not None:
            await self._forget_run()
        await abort(self.ccd, self.device.clock)

    async def _forget_run(self) -> None:
        run, self._run = self._run, None
        without_frame = run is not None and run.running
        self._following.cancel()
        await asyncio.wait([self._following])
        if run is not None and without_frame:
            await run.strike()

    def show_exposure(self, remaining_s: float, state: State) -> None:
        """Publish the countdown."""
        self.exposure.publish({f"{self.words['head']}_EXPOSURE_VALUE": remaining_s}, state)

    def exposure_lost(self, reason: str) -> None:
        """Report an exposure that brings no frame; a sequence ends with it."""
        self.sent_geometry.forget()
        self._end_sequence()
        self.device.refuse(self.exposure, reason)

    def _show_download(self, percent: float | None) -> None:
        if percent is None:
            self.download.publish(state=State.IDLE)
        else:
            self.download.publish({"PERCENT": percent}, State.BUSY)

    def _show_remaining(self, remaining_s: float) -> None:
        self.show_exposure(remaining_s, State.BUSY)

    def _checked_duration(self, duration_s: float) -> float:
        """Return the duration to send to the camera: for a bias, the shortest there is."""
        if self.frame_type["FRAME_BIAS"]:
            return MIN_EXPOSURE_S
        limits = self.exposure.elements[f"{self.words['head']}_EXPOSURE_VALUE"]
        if not limits.min <= duration_s <= limits.max:
            raise ValueRefused(
                f"Requested exposure value ({wire_number(duration_s)}) seconds out of bounds "
                f"[{wire_number(limits.min)},{wire_number(limits.max)}]."
            )
        return round(duration_s, DURATION_PLACES)

    def _end_sequence(self) -> None:
        if self.sequence is not None:
            self.sequence.stop()

    # --- delivery ------------------------------------------------------------------------------

    def _frame_taken(self, run: ExposureRun, frame: Frame) -> None:
        """Have a frame delivered. In a sequence the exposure is already reported as done now."""
        sequence = self.sequence
        in_sequence = sequence is not None and sequence.enabled
        if in_sequence:
            self.show_exposure(0, State.OK)

        def is_latest() -> bool:
            return self._run is run

        def done(delivered: bool) -> None:
            if not delivered:
                self._end_sequence()
            if is_latest() and not delivered:
                self.exposure.publish(state=State.ALERT)
            elif is_latest() and not in_sequence:
                self.show_exposure(0, State.OK)

        wanted = lambda: in_sequence or run.resumed or is_latest()  # noqa: E731
        self._deliver(run.record, frame, wanted, done, late=run.resumed)
        if sequence is not None and in_sequence:
            sequence.exposure_done(run.shot.duration_s, is_latest)

    def _deliver(
        self,
        record: Record | None,
        frame: Frame,
        is_wanted: Callable[[], bool],
        done: Callable[[bool], None],
        *,
        late: bool,
    ) -> None:
        """Put a frame into the delivery, and see to it that the journal knows what becomes of it.

        Args:
            record: of the exposure.
            frame: given away.
            is_wanted: as in `Order`.
            done: as in `Order`.
            late: whether an earlier process or connection should have delivered it; then it goes
                where the user wanted it at that time, once clients have had time to ask for BLOBs.
        """
        size, journal = frame.size, self._journal

        async def confirmed() -> None:
            await self.device.blobs_taken()
            # The server passes it on to its clients; nobody tells when that is done.
            await self.device.clock.sleep(size / CLIENTS_BYTES_PER_S)

        def handed_over() -> None:
            if record is not None:
                journal.sent(record)
                journal.delivered(record, confirmed)

        async def keep() -> None:
            if record is not None:
                await journal.journal.keep_frame(record, frame)

        async def keep_unsaved(sent: bool) -> None:
            if record is not None:
                await journal.unsaved(record, frame, sent=sent)

        def gone() -> None:
            if record is not None:
                journal.gone(record)

        self.delivery.put(
            Order(
                frame,
                is_wanted,
                done,
                handed_over,
                keep,
                keep_unsaved,
                gone,
                mode=record.mode if late and record else None,
                not_before_s=self._shown_s + LISTEN_S if late else 0.0,
            )
        )

    async def send_file(self, file: MemoryFile, suffix: str) -> None:
        """Send a file as this CCD's BLOB.

        The size sent is that of the file, even a compressed one: local clients map this number of
        bytes, and crash when the file is shorter (libindi 1.9.9 sends the uncompressed size).
        """
        content = Attached(file.fd, file.size)
        await self.image.deliver(self.words["blob"], content, size=file.size, suffix=suffix)
