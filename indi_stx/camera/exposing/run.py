"""Carry one exposure from its start to the frame in memory.

The countdown goes on whatever the network does. The camera's state is asked for once per polling
period while it exposes, and much more often once the time is up, so that the download begins as
soon as the frame is there. Requests without an answer are repeated: a frame stays in the camera
until its next exposure.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.download import Download, open_download
from indi_stx.camera.exposing.header import draft_of
from indi_stx.camera.exposing.identity import Identity, Names, written
from indi_stx.camera.exposing.phases import (
    Event,
    Exposure,
    ExposureLost,
    Phase,
    Verdict,
    next_phase,
)
from indi_stx.camera.exposing.shot import Shot
from indi_stx.camera.exposing.starting import Start, Started
from indi_stx.camera.repeating import repeated
from indi_stx.clock import Clock
from indi_stx.driver.subsystem import Log
from indi_stx.errors import (
    CameraError,
    CameraRefused,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ImageError,
    IndiStxError,
)
from indi_stx.images.header_facts import CustomCard

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame
    from indi_stx.stx import Ccd, Geometry

FIRST_LOOK_S = 0.3
"""How long after the start the camera is first asked for its state."""
CLOSE_LOOK_S = 0.06
"""Between two questions once the frame is due; a little above the camera's command interval."""
RETRY_S = 1.0
"""Between two tries when the camera does not answer."""
GIVE_UP_S = 900.0
"""How long after an exposure's end to keep asking a camera that does not answer."""
WRONG_TRIES = 3
"""After how many downloads that were not what was asked for an exposure is lost."""
GRACE_S = 2.0
"""How long after the exposure's end a CCD may be idle without its frame before it is lost."""
UNVERIFIED = CustomCard("COMMENT", "Camera did not confirm which exposure this is", "")


class CameraGeometry:
    """The geometry that a CCD is known to have, so that it is only sent when it changes."""

    def __init__(self, ccd: Ccd) -> None:
        self._ccd = ccd
        self._known: Geometry | None = None

    async def send(self, geometry: Geometry) -> None:
        """Send frame and binning, in one request, unless the camera has them already.

        Raises:
            CameraError: the geometry is unknown; it is sent again with the next exposure.
        """
        if geometry != self._known:
            self.forget()
            await self._ccd.set_geometry(geometry)
            self._known = geometry

    def forget(self) -> None:
        """Send the geometry again next time: the camera may have restarted."""
        self._known = None


@dataclass(frozen=True, slots=True)
class Watch:
    """How an exposure is watched.

    Attributes:
        clock: the time.
        log: messages to people.
        polling_s: returns the current polling period.
        show_remaining: called with the seconds left, once per polling period and at the end.
    """

    clock: Clock
    log: Log
    polling_s: Callable[[], float]
    show_remaining: Callable[[float], None]


class ExposureRun:
    """One exposure of one CCD.

    Attributes:
        shot: what was asked for.
        phase: where it is; see `indi_stx.camera.exposing.phases`.
        started: the name of the exposure, and when the shutter opened.
    """

    def __init__(self, shot: Shot, geometry: CameraGeometry, names: Names, watch: Watch) -> None:
        self.shot = shot
        self.phase = Phase.IDLE
        self.started: Started
        self._names = names
        self._geometry = geometry
        self._watch = watch
        self._clock = watch.clock
        self._exposure: Exposure
        self._wrong_tries_left = WRONG_TRIES
        self._told = False
        self._without_frame_s: float | None = None
        """When the camera was first seen without a frame of this exposure, after its end."""

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
            start = Start(self.shot, self._names, self._clock, self._watch.log)
            self.started = started = await start.carry_out()
        except BaseException:
            self._happened(Event.FAILED)
            raise
        self._exposure = Exposure(
            self.shot.duration_s, started.monotonic_s, in_doubt=started.in_doubt
        )
        self._happened(Event.ACCEPTED)

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
        except BaseException:
            self._happened(Event.FAILED)
            raise

    # --- exposing and reading out --------------------------------------------------------------

    async def _to_frame(self) -> Frame:
        countdown = asyncio.create_task(self._count_down(), name="countdown")
        try:
            await self._sleep_watching()
            await countdown
            return await self._fetch()
        finally:
            countdown.cancel()

    async def _count_down(self) -> None:
        """Report the remaining seconds once per polling period, and zero at the end."""
        while remaining := self._remaining_s():
            await self._clock.sleep(min(remaining, self._watch.polling_s()))
            self._watch.show_remaining(self._remaining_s())

    async def _sleep_watching(self) -> None:
        """Ask for the state from time to time until the time is up; no answer is tolerated."""
        pause = FIRST_LOOK_S
        while (remaining := self._remaining_s()) > pause:
            await self._clock.sleep(min(pause, remaining))
            await self._look()
            pause = max(self._watch.polling_s(), FIRST_LOOK_S)
        await self._clock.sleep(self._remaining_s())
        self._happened(Event.TIME_UP)

    async def _look(self) -> Verdict:
        """Ask for the camera's state once; without a usable answer, go on waiting.

        Raises:
            ExposureLost: the camera says that there will be no frame.
        """
        try:
            state = await self.shot.ccd.state()
        except CameraError as error:
            self._check_patience(error)
            self._exposure.in_doubt = True
            self._watch.log.debug(f"{error} The exposure continues; asking again.")
            await self._clock.sleep(RETRY_S)
            return Verdict.WAIT
        return self._exposure.observe(state, self._clock.monotonic())

    # --- download ------------------------------------------------------------------------------

    async def _fetch(self) -> Frame:
        """Prepare the file while the camera reads out, then receive the pixels into it."""
        download = await self._open_download()
        try:
            while (verdict := await self._look()) is not Verdict.READY:
                if verdict is Verdict.DOUBT:
                    identity = await self._identify()
                    if identity is Identity.OURS:
                        break
                    if identity is Identity.UNKNOWN and self._believes_without_a_name():
                        download.discard()
                        download = await self._open_download(UNVERIFIED)
                        break
                    if identity is Identity.OTHER:
                        self._check_grace()
                await self._clock.sleep(CLOSE_LOOK_S)
            self._happened(Event.READY)
            while not await self._receive(download):
                await self._clock.sleep(RETRY_S)
                download.rewind()
            self._happened(Event.RECEIVED)
            if self._told:
                self._watch.log.info("The camera answers again; the frame is here.")
            return download.finish()
        finally:
            download.discard()

    async def _open_download(self, *cards: CustomCard) -> Download:
        draft = draft_of(self.shot, self.started.utc, cards)
        return await open_download(self.shot, draft, self._watch.log)

    # --- whose frame it is -----------------------------------------------------------------------

    async def _identify(self) -> Identity | None:
        """Check the name of the image in the camera; None when the camera did not answer."""
        try:
            date_obs = await self.shot.ccd.image_date_obs()
        except (CameraReplyInvalid, CameraRefused):
            return Identity.OTHER  # no image at all
        except CameraError as error:
            self._check_patience(error)
            await self._clock.sleep(RETRY_S)
            return None
        identity = self._names.judge(date_obs, self.started.name)
        self._watch.log.debug(
            f"The image in the camera is {identity.value}: DATE-OBS {date_obs}, "
            f"expected {written(self.started.name)}."
        )
        return identity

    def _believes_without_a_name(self) -> bool:
        """Decide by state and time, when the camera does not echo names; warn if accepted."""
        believes = self._exposure.seen_running or self._after_end_s() > GRACE_S
        if believes:
            self._watch.log.warning(
                "This camera does not say which exposure its frame is from; judging by the "
                "camera's state and the time, it is from this one."
            )
        return believes

    def _check_grace(self) -> None:
        """Give up when the camera has gone on having no frame of ours, not at one odd answer."""
        now_s = self._clock.monotonic()
        if self._without_frame_s is None:
            self._without_frame_s = now_s
        if min(self._after_end_s(), now_s - self._without_frame_s) > GRACE_S:
            raise ExposureLost(
                "The camera has no frame of this exposure: it was aborted by another program, or "
                "the camera was restarted."
            )

    def _after_end_s(self) -> float:
        return self._clock.monotonic() - self._exposure.started_s - self.shot.duration_s

    # --- the pixels ------------------------------------------------------------------------------

    async def _receive(self, download: Download) -> bool:
        """Download once; False when the connection broke and it is worth another try."""
        try:
            await download.receive()
        except (CameraUnreachable, CameraTimeout) as error:
            self._check_patience(error)
            self._tell_once(f"{error} The camera still has the frame; trying again.")
            return False
        except (CameraReplyInvalid, ImageError) as error:
            await self._explain(error)
            return False
        return True

    def _tell_once(self, trouble: str) -> None:
        """Warn of the first of several tries that fail; the others are for the log alone."""
        say = self._watch.log.debug if self._told else self._watch.log.warning
        self._told = True
        say(trouble)

    async def _explain(self, error: IndiStxError) -> None:
        """Find out whether a wrong download means that the camera has no frame at all.

        Raises:
            ExposureLost: it has none, or it keeps sending a wrong one.
        """
        self._wrong_tries_left -= 1
        with contextlib.suppress(CameraUnreachable, CameraTimeout):
            await self._check_there(error)
        if not self._wrong_tries_left:
            raise ExposureLost(f"No usable frame in {WRONG_TRIES} tries. {error}") from error
        self._watch.log.warning(f"{error} Trying again.")

    async def _check_there(self, error: IndiStxError) -> None:
        if not await self.shot.ccd.image_ready():
            raise ExposureLost(
                "The camera has no frame: it was restarted, or the exposure was aborted by "
                "another program."
            ) from error

    def _check_patience(self, error: IndiStxError) -> None:
        if self._after_end_s() > GIVE_UP_S:
            raise ExposureLost(
                f"No frame {GIVE_UP_S / 60:.0f} minutes after the exposure's end. {error}"
            ) from error

    def _remaining_s(self) -> float:
        return self._exposure.remaining_s(self._clock.monotonic())

    def _happened(self, event: Event) -> None:
        if self.phase is not Phase.IDLE or event is Event.REQUESTED:
            self.phase = next_phase(self.phase, event)
