"""After Connect: exposures that an earlier connection or process has left behind.

What the journal still has was not delivered. The server was given the frame in the last moment of
the old process: nothing is left to do. The frame was kept on disk: it is delivered from there. Else
only the camera can have it, and only that of its last exposure: that exposure is watched to its
end, and its frame is recognised by its name. Without anything of ours, an exposure that runs is
somebody else's; it is left alone until a user asks for a new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.ccd_journal import CcdJournal
from indi_stx.camera.exposing.record import Record
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.subsystem import Log
from indi_stx.errors import CameraError, ImageError
from indi_stx.stx.ccd_states import CcdState

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame
    from indi_stx.stx import Ccd

logger = logging.getLogger(__name__)


class Recovery:
    """The recovery of one CCD's exposures, once per connection.

    Args:
        journal: of the CCD.
        ccd: the camera's calls.
        log: messages to people.
        resume: goes on with an exposure of which the camera may have the frame.
        deliver: delivers a frame that was kept on disk.
    """

    def __init__(
        self,
        journal: CcdJournal,
        ccd: Ccd,
        log: Log,
        resume: Callable[[Record], None],
        deliver: Callable[[Record, Frame], None],
    ) -> None:
        self._journal = journal
        self._ccd = ccd
        self._log = log
        self._resume = resume
        self._deliver = deliver

    async def carry_out(self) -> None:
        """Look after everything that the journal has, and tell what cannot be saved."""
        in_camera: list[Record] = []
        for record in self._journal.found():
            if self._journal.was_sent(record):
                logger.info("%s had been sent to the server", record)
                await self._journal.ended(record)
            elif record.file:
                await self._from_disk(record)
            else:
                in_camera.append(record)
        for record in in_camera[:-1]:
            self._log.error(f"Lost: {record}. The camera has begun another one since.")
            await self._journal.ended(record)
        if in_camera:
            self._log.info(f"Going on with {in_camera[-1]}.")
            self._resume(in_camera[-1])
        else:
            await self._look_for_others()

    async def _from_disk(self, record: Record) -> None:
        try:
            frame = await in_thread(partial(_load, record))
        except (OSError, ImageError) as error:
            self._log.error(f"Lost: {record}. {record.file} cannot be read: {error}")
            await self._journal.ended(record)
        else:
            self._log.info(f"Delivering {record}, which had been kept in {record.file}.")
            self._deliver(record, frame)

    async def _look_for_others(self) -> None:
        try:
            state = await self._ccd.state()
        except CameraError as error:
            logger.debug("the state of the CCD is not known: %s", error)
            return
        if state not in (CcdState.IDLE, CcdState.ERROR):
            self._log.warning(
                "The CCD is exposing for another program. A new exposure would abort that one."
            )


def _load(record: Record) -> Frame:
    from indi_stx.images.frame import Frame
    from indi_stx.images.memory import memory_file

    content = Path(record.file).read_bytes()
    geometry = record.geometry
    blocks = -(-geometry.data_bytes // 2880)
    header_size = len(content) - blocks * 2880
    if header_size <= 0:
        raise ImageError("The file is incomplete.")
    with memory_file("indi_stx frame", content) as held:
        return Frame.of(held, rows=geometry.rows, cols=geometry.cols, header_size=header_size)
