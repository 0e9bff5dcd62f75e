"""Where the pixels of a frame come from: the camera's binary file, or its own FITS file.

Both become the same kind of frame. The binary file is the default: its header can be composed while
the camera is still reading out. Users may choose the camera's FITS file for the cards that only the
camera writes; when that file is unusable, the binary file is fetched instead, because the camera
still has the pixels. Source: STX API, Imager Data Binary and Imager Data FITS.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.header import HeaderDraft
from indi_stx.camera.exposing.shot import ImageSource, Shot
from indi_stx.driver.subsystem import Log
from indi_stx.errors import CameraReplyInvalid, ImageError

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame


class Download(ABC):
    """The download of one frame; `finish` or `discard` ends it."""

    @abstractmethod
    async def receive(self) -> None:
        """Download once, from the first byte on.

        Raises:
            CameraError: the connection broke, or the camera answered with something else.
            ImageError: what was received is not this frame.
        """

    @property
    @abstractmethod
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""

    @abstractmethod
    def rewind(self) -> None:
        """Forget what was received, to receive it again."""

    @abstractmethod
    def finish(self) -> Frame:
        """Return the frame, which the caller must close."""

    @abstractmethod
    def discard(self) -> None:
        """Free the memory; harmless after `finish`."""


class BinaryDownload(Download):
    """The pixels alone, behind a header that is complete before they arrive."""

    def __init__(self, shot: Shot, header: bytes) -> None:
        from indi_stx.images.frame import FrameReceiver

        geometry = shot.geometry
        self._ccd = shot.ccd
        self._bytes = geometry.data_bytes
        self._receiver = FrameReceiver(header, geometry.rows, geometry.cols)

    async def receive(self) -> None:
        """Download the binary file, straight into the frame's memory."""
        await self._ccd.receive_data(self._bytes, self._receiver)

    @property
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""
        return self._receiver.missing

    def rewind(self) -> None:
        """Forget what came."""
        self._receiver.rewind()

    def finish(self) -> Frame:
        """Return the frame."""
        return self._receiver.finish()

    def discard(self) -> None:
        """Give memory back."""
        self._receiver.discard()


class FitsDownload(Download):
    """The camera's own FITS file, its header merged with ours."""

    def __init__(self, shot: Shot, draft: HeaderDraft, log: Log) -> None:
        from indi_stx.images.fits_receiver import FitsReceiver

        self._shot = shot
        self._draft = draft
        self._log = log
        self._receiver = FitsReceiver(shot.geometry.rows, shot.geometry.cols, draft.merge)
        self._without: BinaryDownload | None = None
        """Used instead, once the camera's file has turned out to be unusable."""

    async def receive(self) -> None:
        """Download the FITS file, or the pixels alone when it is not of this frame."""
        if self._without is None:
            try:
                await self._receive_file()
                return
            except (ImageError, CameraReplyInvalid) as error:
                self._log.warning(
                    f"{error} The frame is fetched without the camera's own header instead."
                )
            self._receiver.discard()
            self._without = await _prepare(self._shot, self._draft)
        await self._without.receive()

    async def _receive_file(self) -> None:
        await self._shot.ccd.receive_fits(self._receiver)
        if missing := self._receiver.missing:
            raise ImageError(f"The camera's FITS file lacks {missing} bytes of pixels.")

    @property
    def missing(self) -> int:
        """Bytes of pixels that have not arrived yet."""
        return (self._without or self._receiver).missing

    def rewind(self) -> None:
        """Forget what came."""
        (self._without or self._receiver).rewind()

    def finish(self) -> Frame:
        """Return the frame."""
        return (self._without or self._receiver).finish()

    def discard(self) -> None:
        """Give memory back."""
        self._receiver.discard()
        if self._without is not None:
            self._without.discard()


async def open_download(shot: Shot, draft: HeaderDraft, log: Log) -> Download:
    """Prepare the download of a frame from the source that its user chose.

    Raises:
        ImageError: there is no memory for such a frame, or a card of the user cannot be written.
    """
    match shot.source:
        case ImageSource.CAMERA_FITS:
            return FitsDownload(shot, draft, log)
        case ImageSource.BINARY:
            return await _prepare(shot, draft)


async def _prepare(shot: Shot, draft: HeaderDraft) -> BinaryDownload:
    """Compose the header and reserve the memory, in a thread; both take milliseconds."""
    making = asyncio.create_task(
        asyncio.to_thread(lambda: BinaryDownload(shot, draft.compose())), name="preparing a frame"
    )
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        with contextlib.suppress(ImageError):
            (await making).discard()  # nobody else would free the memory that the thread allocates
        raise
