"""The end of an exposure: wait for the frame, make sure that it is the right one, download it.

A download that breaks is made again: a frame stays in the camera until its next exposure.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.download import Download, open_download
from indi_stx.camera.exposing.header import draft_of
from indi_stx.camera.exposing.identity import Identity, Names, written
from indi_stx.camera.exposing.phases import Event, ExposureLost, Verdict
from indi_stx.camera.exposing.progress import shown
from indi_stx.camera.exposing.read_out import Looks, ReadOuts
from indi_stx.camera.exposing.shot import Shot
from indi_stx.camera.exposing.starting import Started
from indi_stx.camera.exposing.watching import RETRY_S, Watch, Watched
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

WRONG_TRIES = 3
"""After how many downloads that were not what was asked for an exposure is lost."""
GRACE_S = 2.0
"""How long after the exposure's end a CCD may be idle without its frame before it is lost."""
UNVERIFIED = CustomCard("COMMENT", "Camera did not confirm which exposure this is", "")
RESUMED = CustomCard("COMMENT", "The connection or the driver ended during this exposure", "")


class Fetch:
    """Fetches the frame of one exposure whose time is up.

    Args:
        shot: what was exposed.
        started: the name of the exposure, and when the shutter opened.
        names: of the CCD's exposures.
        watched: the exposure.
        watch: how it is watched.
        read_outs: how long the CCD reads out.
        happened: called with READY and RECEIVED.
    """

    def __init__(
        self,
        shot: Shot,
        started: Started,
        names: Names,
        watched: Watched,
        watch: Watch,
        read_outs: ReadOuts,
        happened: Callable[[Event], None],
    ) -> None:
        self._shot = shot
        self._started = started
        self._names = names
        self._watched = watched
        self._watch = watch
        self._clock = watch.clock
        self._log = watch.log
        self._expect_frame = watch.expect_frame
        self._read_outs = read_outs
        self._happened = happened
        self._wrong_tries_left = WRONG_TRIES
        self._told = False
        self._without_frame_s: float | None = None
        """When the camera was first seen without a frame of this exposure, after its end."""

    async def to_frame(self) -> Frame:
        """Prepare the file while the camera reads out, then receive the pixels into it."""
        download = await self._open_download()
        try:
            if not await self._wait_until_there():
                download.discard()
                download = await self._open_download(UNVERIFIED)
            self._happened(Event.READY)
            while not await self._receive(download):
                download.rewind()
            self._happened(Event.RECEIVED)
            if self._told:
                self._log.info("The camera answers again; the frame is here.")
            return download.finish()
        finally:
            download.discard()

    async def _wait_until_there(self) -> bool:
        """Wait until the camera has the frame; return whether it is known to be of this exposure.

        Raises:
            ExposureLost: there is no frame, and there never will be.
        """
        looks = Looks(self._read_outs.of(self._shot.geometry))
        while True:
            pause_s = looks.pause_s(self._watched.after_end_s)
            self._expect_frame(self._clock.monotonic() + pause_s)
            await self._clock.sleep(pause_s)
            asked_s = self._watched.after_end_s
            match await self._watched.look():
                case Verdict.READY:
                    looks.there(asked_s)
                    self._read_outs.learn(self._shot.geometry, looks.window)
                    return True
                case Verdict.DOUBT:
                    match await self._identify():
                        case Identity.OURS:
                            looks.there(asked_s)
                            self._read_outs.learn(self._shot.geometry, looks.window)
                            return True
                        case Identity.UNKNOWN if self._believes_without_a_name():
                            return False
                        case Identity.OTHER:
                            self._check_grace()
            looks.not_there(asked_s)

    async def _open_download(self, *cards: CustomCard) -> Download:
        if self._watched.exposure.resumed:
            cards = (RESUMED, *cards)
        draft = draft_of(self._shot, self._started.utc, cards)
        return await open_download(self._shot, draft, self._log)

    # --- whose frame it is -----------------------------------------------------------------------

    async def _identify(self) -> Identity | None:
        """Check the name of the image in the camera; None when the camera did not answer."""
        try:
            date_obs = await self._shot.ccd.image_date_obs()
        except (CameraReplyInvalid, CameraRefused):
            return Identity.OTHER  # no image at all
        except CameraError as error:
            await self._watched.be_patient(error)
            return None
        identity = self._names.judge(date_obs, self._started.name)
        self._log.debug(
            f"The image in the camera is {identity.value}: DATE-OBS {date_obs}, "
            f"expected {written(self._started.name)}."
        )
        return identity

    def _believes_without_a_name(self) -> bool:
        """Decide by state and time, when the camera does not echo names; warn if accepted."""
        believes = self._watched.exposure.seen_running or self._watched.after_end_s > GRACE_S
        if believes:
            self._log.warning(
                "This camera does not say which exposure its frame is from; judging by the "
                "camera's state and the time, it is from this one."
            )
        return believes

    def _check_grace(self) -> None:
        """Give up when the camera has gone on having no frame of ours, not at one odd answer."""
        now_s = self._clock.monotonic()
        if self._without_frame_s is None:
            self._without_frame_s = now_s
        if min(self._watched.after_end_s, now_s - self._without_frame_s) > GRACE_S:
            raise ExposureLost(
                "The camera has no frame of this exposure: it was aborted by another program, or "
                "the camera was restarted."
            )

    # --- the pixels ------------------------------------------------------------------------------

    async def _receive(self, download: Download) -> bool:
        """Download once; False when the connection broke and it is worth another try."""
        try:
            async with shown(download, self._shot.geometry.data_bytes, self._watch):
                await download.receive()
        except (CameraUnreachable, CameraTimeout) as error:
            self._tell_once(f"{error} The camera still has the frame; trying again.")
            await self._watched.be_patient(error)
            return False
        except (CameraReplyInvalid, ImageError) as error:
            await self._explain(error)
            await self._clock.sleep(RETRY_S)
            return False
        return True

    def _tell_once(self, trouble: str) -> None:
        """Warn of the first of several tries that fail; the others are for the log alone."""
        say = self._log.debug if self._told else self._log.warning
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
        self._log.warning(f"{error} Trying again.")

    async def _check_there(self, error: IndiStxError) -> None:
        if not await self._shot.ccd.image_ready():
            raise ExposureLost(
                "The camera has no frame: it was restarted, or the exposure was aborted by "
                "another program."
            ) from error
