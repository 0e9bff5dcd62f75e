"""The journal's part about one CCD: what its exposures' life means for the journal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from indi_stx.camera.exposing.identity import Names
from indi_stx.camera.exposing.journal import Journal, NamesGiven
from indi_stx.camera.exposing.record import Record

if TYPE_CHECKING:
    from indi_stx.images.memory import MemoryFile

LONG_S = 5.0
"""From this length on an exposure is worth a flush to the medium, for the case of a power cut."""
CCDS = ("imager", "guider", "external guider")


class CcdJournal:
    """The journal's part about one CCD.

    Attributes:
        names: of the CCD's exposures, continued from earlier processes.
        read_outs: how long the CCD reads out, continued likewise.
    """

    def __init__(self, journal: Journal, camera: str, ccd: str) -> None:
        self.journal = journal
        self.camera = camera
        self.ccd = ccd
        self.read_outs = journal.read_outs(camera, ccd)
        known = journal.names(camera, ccd)
        self.names = Names(known.given, are_echoed=known.are_echoed)

    def found(self) -> list[Record]:
        """Return the undelivered exposures, the oldest first."""
        return self.journal.records(self.camera, self.ccd)

    async def starting(self, record: Record) -> None:
        """Write down an exposure that the camera is about to be told of."""
        names = NamesGiven(tuple(self.names.given), self.names.are_echoed)
        await self.journal.put(record, names)

    def started(self, record: Record) -> None:
        """Write down, in the background, when it really began or with what it ended."""

        async def put() -> None:
            if self.journal.has(record):
                await self.journal.put(record)

        self.journal.later(put(), "journal: exposure")
        if record.duration_s >= LONG_S:
            self.journal.flush_soon()

    def sent(self, record: Record) -> None:
        """Note that the server has been given the frame; quick, and not to be interrupted."""
        self.journal.marks.sent(_slot(self.ccd), record.name)

    def was_sent(self, record: Record) -> bool:
        """Tell whether the server that runs was given this frame, by an earlier process too."""
        return self.journal.marks.was_sent(_slot(self.ccd), record.name)

    def delivered(self, record: Record, confirmed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Strike an exposure off once the server has confirmed its frame."""

        async def strike() -> None:
            await confirmed()
            await self.journal.strike(record)

        self.journal.later(strike(), "journal: delivered")

    async def unsaved(self, record: Record, frame: MemoryFile, *, sent: bool) -> None:
        """Put a frame on disk that could not be stored where it belongs and that is kept in memory.

        Args:
            record: of its exposure.
            frame: stays the caller's.
            sent: whether clients have got it, so that only the file is missing.
        """
        self.journal.hold(record)
        if sent:
            record = replace(record, mode=replace(record.mode, sends=False))
            await self.journal.put(record)
        await self.journal.keep_frame(record, frame)

    def gone(self, record: Record) -> None:
        """Strike off, in the background, an exposure whose frame is no longer kept."""
        self.journal.later(self.journal.strike(record), "journal: gone")

    async def ended(self, record: Record) -> None:
        """Strike off an exposure that brings no frame."""
        await self.journal.strike(record)


def _slot(ccd: str) -> int:
    return CCDS.index(ccd)
