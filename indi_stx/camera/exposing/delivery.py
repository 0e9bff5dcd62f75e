"""What becomes of a finished frame: a file, a BLOB, or both, as the device's uploads say.

One head delivers one frame after another, in the order they were taken, while the next is already
being exposed. A frame that has been received completely is delivered even when the connection ends
meanwhile. Only an ordinary frame whose exposure was aborted or replaced before it could be sent is
not sent any more: its request is over, and clients would take it for the answer to the next one.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indi_stx.errors import ImageError
from indi_stx.indi import Attached, State

if TYPE_CHECKING:
    from indi_stx.camera.exposing.run import ExposureRun
    from indi_stx.camera.features.ccd import CcdHead
    from indi_stx.camera.features.upload import Upload
    from indi_stx.images.frame import Frame
    from indi_stx.images.memory import MemoryFile

logger = logging.getLogger(__name__)

GOODBYE_S = 10.0
"""How long the end of a connection waits for frames that are still on their way."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A frame to deliver; `answered` when its exposure has been reported as done already."""

    frame: Frame
    run: ExposureRun
    answered: bool


class Delivery:
    """The deliveries of one CCD.

    Attributes:
        upload: where frames are stored; None for a head whose frames only go to clients.
    """

    def __init__(self, head: CcdHead) -> None:
        self.upload: Upload | None = None
        self._head = head
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, frame: Frame, run: ExposureRun, *, answered: bool = False) -> None:
        """Deliver a frame in the background and close it; then report its exposure's end.

        Args:
            frame: belongs to the delivery from now on.
            run: the exposure it came from.
            answered: the exposure's end has been reported, so the frame is sent in any case.
        """
        name = f"{self._head.device.name}: delivery of {self._head.image.name}"
        task = asyncio.create_task(self._deliver(Parcel(frame, run, answered)), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def at_most(self, frames: int) -> None:
        """Wait until no more than so many frames are on their way."""
        while len(self._tasks) > frames:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self) -> None:
        """Wait for what is on its way, and give up on what does not get through."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self.at_most(0)
        except TimeoutError:
            self._head.device.log.warning("A frame did not get through before the disconnection.")
        finally:
            for task in self._tasks:
                task.cancel()
            await self.at_most(0)

    async def _deliver(self, parcel: Parcel) -> None:
        with parcel.frame:
            try:
                async with self._turn:
                    delivered = await self._store_and_send(parcel)
            except Exception:
                logger.exception("the delivery of a frame failed")
                self._head.device.log.error("Internal error: a frame could not be delivered.")
                delivered = False
        self._report(parcel, delivered)

    async def _store_and_send(self, parcel: Parcel) -> bool:
        """Tell whether the frame got where the upload mode wants it, or at least to clients."""
        upload = self.upload
        stored = True
        sends = upload is None or upload.sends
        if upload is not None and upload.stores:
            stored = await upload.store(parcel.frame)
        if sends and (parcel.answered or self._head.is_current(parcel.run)):
            await self._send(parcel.frame)
        return stored or sends

    async def _send(self, frame: Frame) -> None:
        packed = await self._compressed(frame)
        if packed is None:
            await send_file(self._head, frame, ".fits")
            return
        with packed:
            await send_file(self._head, packed, ".fits.fz")

    async def _compressed(self, frame: Frame) -> MemoryFile | None:
        """Return the frame as clients asked for it, or None for the frame as it is."""
        if not self._head.compression["INDI_ENABLED"]:
            return None
        try:
            return await asyncio.to_thread(_compress, frame)
        except ImageError as error:
            self._head.device.log.warning(f"{error} The frame is sent uncompressed.")
            return None

    def _report(self, parcel: Parcel, delivered: bool) -> None:
        """Turn the exposure Ok or Alert, unless another one is on its way by now."""
        head = self._head
        if not delivered and head.fast is not None:
            head.fast.stop()
        if not head.is_current(parcel.run):
            return
        if not delivered:
            head.exposure.publish(state=State.ALERT)
        elif not parcel.answered:
            head.show_exposure(0, State.OK)


async def send_file(head: CcdHead, file: MemoryFile, suffix: str) -> None:
    """Send a file as the head's BLOB.

    Size, length and descriptor agree even for a compressed file: local clients map `size` bytes of
    the descriptor, and die when it is shorter (libindi 1.9.9 sends the uncompressed size).
    """
    content = Attached(file.fd, file.size)
    await head.image.deliver(head.words["blob"], content, size=file.size, suffix=suffix)


def _compress(frame: Frame) -> MemoryFile:
    """Compress, importing what that takes: it is only loaded where compression is used."""
    from indi_stx.images.compress import compress

    try:
        return compress(frame)
    except OSError as error:
        raise ImageError(f"The frame cannot be compressed: {error.strerror or error}.") from error
