"""One CCD of a camera: its calls, and what takes several of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.errors import CameraError, CameraReplyInvalid
from indi_stx.stx.arguments import real
from indi_stx.stx.ccd_calls import CcdCalls
from indi_stx.stx.ccd_states import FrameType
from indi_stx.stx.frames import GrowingMemory, Memory, save_file
from indi_stx.stx.settings import Geometry
from indi_stx.stx.timing import CommandTiming
from indi_stx.stx.uri import document
from indi_stx.stx.waiting import Waiting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FITS_BLOCK_BYTES = 2880


class Ccd(CcdCalls):
    """One of the three CCDs of a camera.

    Every call waits for its turn (see `pacing`) and raises a subclass of `CameraError` when the
    camera cannot be reached, does not answer, or refuses.
    """

    async def get_geometry(self) -> Geometry:
        """Ask for the frame and binning that the next exposure will have."""
        found = await self.get_settings("start_x", "start_y", "num_x", "num_y", "bin_x", "bin_y")
        return Geometry(
            found.start_x, found.start_y, found.num_x, found.num_y, found.bin_x, found.bin_y
        )

    async def expose_and_wait(
        self,
        duration_s: float,
        frame_type: FrameType = FrameType.LIGHT,
        date_time: datetime | None = None,
    ) -> CommandTiming:
        """Take an exposure, and return once the camera has its image.

        That the CCD is idle is believed only when the exposure was seen to run or the image bears
        its time. Cancelling aborts the exposure. The arguments are those of `start_exposure`.

        Raises:
            ExposureFailed: the exposure did not run, was aborted, or ended in an error.
            CameraError: it did not start, or the camera has not answered for 30 s.
        """
        clock = self._link.clock
        name = clock.utc() if date_time is None else date_time
        starting = asyncio.create_task(self.start_exposure(duration_s, frame_type, name))
        try:
            timing = await asyncio.shield(starting)
            request = document(f"{self.name}State.cgi")
            waiting = Waiting(self, clock, timing.sent_monotonic_s, real(duration_s), name, request)
            await waiting.end()
        except asyncio.CancelledError:
            await asyncio.shield(self._undo(starting))
            raise
        return timing

    async def _undo(self, starting: asyncio.Task[CommandTiming]) -> None:
        """Abort the exposure of a start that may still be under way."""
        with contextlib.suppress(CameraError):
            await starting
            await self.abort_exposure()

    async def download_bytes(self, geometry: Geometry | None = None) -> bytes:
        """Download the image: 16-bit little-endian pixels, row by row, without a header.

        Args:
            geometry: of the image, so that its length can be checked.

        Raises:
            CameraReplyInvalid: there is no image, or it has another length.
        """
        memory = GrowingMemory()
        await self.receive_data(geometry.data_bytes if geometry else None, memory)
        return memory.content()

    async def download_array(self, geometry: Geometry | None = None) -> NDArray[np.uint16]:
        """Download the image as a numpy array of shape (rows, columns).

        Args:
            geometry: of the image. When it is not given, that which the camera is set to now.

        Raises:
            CameraReplyInvalid: there is no image, or it is not of this geometry.
        """
        import numpy as np

        shape = geometry or await self.get_geometry()
        pixels = np.empty((shape.rows, shape.cols), "<u2")
        await self.receive_data(shape.data_bytes, Memory(pixels.data.cast("B")))
        return pixels

    async def download_fits(self) -> bytes:
        """Download the image as the FITS file that the camera writes.

        Raises:
            CameraReplyInvalid: there is no image, or what came is not a FITS file.
        """
        memory = GrowingMemory()
        await self.receive_fits(memory)
        content = memory.content()
        if not content.startswith(b"SIMPLE  =") or len(content) % _FITS_BLOCK_BYTES:
            raise CameraReplyInvalid(
                "The camera sent something else than a whole FITS file: download the pixels alone.",
                request=document(f"{self.name}.FIT"),
            )
        return content

    async def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Save the image as the FITS file that the camera writes; return where.

        The file appears when all of it has arrived.

        Raises:
            FileExistsError: there is a file already and it is not to be overwritten.
            OSError: the file cannot be written.
            CameraReplyInvalid: there is no image, or what came is not a FITS file.
        """
        target = Path(path)
        if not overwrite and await asyncio.to_thread(target.exists):
            raise FileExistsError(f"{target} exists already: choose another name, or overwrite.")
        content = await self.download_fits()
        await asyncio.to_thread(save_file, target, content, overwrite=overwrite)
        return target
