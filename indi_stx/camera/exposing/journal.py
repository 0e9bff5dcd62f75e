"""The journal: which exposures are under way, so that the next process can deliver their frames.

One small file per camera, replaced as a whole. An exposure is written down before the camera is
told to start it, and struck off when its frame has been delivered or the exposure has ended without
one. What is found there after Connect has lost its driver: see `recovery.py`. Nothing here runs on
the event loop but the bookkeeping; a journal that cannot be written costs no exposure, only the
safety. Source of the design: docs/decisions/0011-journal.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indi_stx.camera.exposing.journal_file import keep_frame, locks, open_lock, replace_file
from indi_stx.camera.exposing.plain import from_plain
from indi_stx.camera.exposing.read_out import ReadOuts, Window
from indi_stx.camera.exposing.record import Record
from indi_stx.camera.exposing.sent_marks import MARKS_SIZE, SentMarks, open_marks
from indi_stx.clock import Clock
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.subsystem import Log
from indi_stx.errors import ConfigError, ImageError

if TYPE_CHECKING:
    from indi_stx.images.memory import MemoryFile

logger = logging.getLogger(__name__)

MAX_RECORDS = 64
ENDING_S = 16.0
"""A little longer than a driver takes to end, after its server has gone."""
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class NamesGiven:
    """The names of one CCD's last exposures, so that an old frame is recognised as such."""

    given: tuple[str, ...] = ()
    are_echoed: bool = False


class Journal:
    """The undelivered exposures of one camera device.

    Args:
        path: of the file; None keeps all in memory, for a camera that ends with this process.
        clock: the time.
        log: messages to people.
    """

    def __init__(self, path: Path | None, clock: Clock, log: Log) -> None:
        self._path = path
        self._clock = clock
        self._log = log
        self._lock_fd = -1
        self._records: dict[tuple[str, str, datetime], Record] = {}
        self._names: dict[str, NamesGiven] = {}
        self._read_outs: dict[str, dict[str, Window]] = {}
        self._setpoints: dict[str, float] = {}
        self._held: set[tuple[str, str, datetime]] = set()
        self._marks: SentMarks | None = None
        self._turn = asyncio.Lock()
        self._changes = self._written = 0
        self._flush = False
        self._failed = False
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the file, once; a damaged one is put aside and reported."""
        if self._marks is not None:
            return
        path = self._path
        if path is not None and not await self._lock(path):
            self._log.warning(
                f"Another driver uses {path}: exposures are not written down, and a frame is lost "
                "if the driver ends before it is delivered."
            )
            path = self._path = None
        self._marks = (
            SentMarks(bytearray(MARKS_SIZE), b"")
            if path is None
            else (await in_thread(partial(open_marks, path)))
        )
        if path is not None:
            await self._load(path)

    async def close(self) -> None:
        """Write what is still to be written; what was not confirmed stays in the file."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._write()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    async def _lock(self, path: Path) -> bool:
        """Own the file until `close`; a process that is just ending still has it for a moment."""
        give_up_s = self._clock.monotonic() + ENDING_S
        try:
            self._lock_fd = await in_thread(partial(open_lock, path))
            while not locks(self._lock_fd):
                if self._clock.monotonic() > give_up_s:
                    return False
                await self._clock.sleep(LOOK_S)
        except OSError as error:
            logger.info("%s cannot be locked: %s", path, error)  # `put` tells if it matters
        return True

    async def _load(self, path: Path) -> None:
        try:
            text = await in_thread(path.read_text)
            plain = json.loads(text)
            records = [from_plain(Record, each) for each in plain["exposures"]]
            names = {key: from_plain(NamesGiven, each) for key, each in plain["names"].items()}
            setpoints = {key: float(v) for key, v in plain.get("setpoints", {}).items()}
            read_outs = {
                ccd: {key: from_plain(Window, each) for key, each in known.items()}
                for ccd, known in plain.get("read_outs", {}).items()
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
            self._log.warning(
                f"The journal of exposures cannot be read ({error}); frames of an earlier run of "
                f"the driver are not delivered. It is kept as {path.name}.damaged."
            )
            with contextlib.suppress(OSError):
                await in_thread(partial(os.replace, path, f"{path}.damaged"))
            return
        self._records = {_key(record): record for record in records}
        self._names = names
        self._read_outs = read_outs
        self._setpoints = setpoints

    # --- what it knows ---------------------------------------------------------------------------

    def records(self, camera: str, ccd: str) -> list[Record]:
        """Return the undelivered exposures of a CCD that nobody holds, the oldest first."""
        found = [
            r
            for key, r in self._records.items()
            if (r.camera, r.ccd) == (camera, ccd) and key not in self._held
        ]
        return sorted(found, key=lambda record: record.name)

    def names(self, camera: str, ccd: str) -> NamesGiven:
        """Return the names of the CCD's last exposures."""
        return self._names.get(f"{camera} {ccd}", NamesGiven())

    def read_outs(self, camera: str, ccd: str) -> ReadOuts:
        """Return how long the CCD reads out; what it learns is written with the next exposure."""
        return ReadOuts(self._read_outs.setdefault(f"{camera} {ccd}", {}))

    def wanted_setpoint(self, camera: str) -> float | None:
        """Return the temperature that was last wanted of a camera's cooler, None for off."""
        return self._setpoints.get(camera)

    def want_setpoint(self, camera: str, celsius: float | None) -> None:
        """Write down, in the background, the temperature that is wanted of a camera's cooler."""
        if self._setpoints.pop(camera, None) != celsius:
            self.later(self._write(), "journal: set point")
        if celsius is not None:
            self._setpoints[camera] = celsius

    @property
    def marks(self) -> SentMarks:
        """Which frames the server was given; only after `open`."""
        assert self._marks is not None
        return self._marks

    # --- changes ---------------------------------------------------------------------------------

    async def put(self, record: Record, names: NamesGiven | None = None) -> None:
        """Write down an exposure, or what has become known of it; returns when it is written."""
        self._records[_key(record)] = record
        while len(self._records) > MAX_RECORDS:
            del self._records[next(iter(self._records))]
        if names is not None:
            self._names[f"{record.camera} {record.ccd}"] = names
        await self._write()

    def has(self, record: Record) -> bool:
        """Whether the exposure is still undelivered."""
        return _key(record) in self._records

    def hold(self, record: Record) -> None:
        """Note that this process has the frame of an exposure in its memory, to be delivered."""
        self._held.add(_key(record))

    async def strike(self, record: Record) -> None:
        """Remove an exposure, and its frame if that was kept on disk."""
        self._held.discard(_key(record))
        kept = self._records.pop(_key(record), None)
        if kept is None:
            return
        await self._write()
        if kept.file:
            with contextlib.suppress(OSError):
                await in_thread(partial(os.unlink, kept.file))

    def later(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do work for the journal in the background; `close` ends it."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def flush_soon(self) -> None:
        """Have what is written reach the medium, in the background."""
        self._flush = True
        self.later(self._write(), "journal: flush")

    # --- frames on disk --------------------------------------------------------------------------

    async def keep_frame(self, record: Record, frame: MemoryFile) -> bool:
        """Save a frame that the camera will not have much longer; return whether that worked."""
        if self._path is None or not self.has(record) or self._records[_key(record)].file:
            return False
        folder = self._path.with_name(f"{self._path.stem}_frames")
        path = folder / f"{record.ccd.replace(' ', '_')}_{record.name:%Y%m%dT%H%M%S.%f}.fits"
        try:
            await in_thread(partial(keep_frame, frame, path))
        except ImageError as error:
            self._log.warning(f"{error} The frame is lost if the driver ends before it is sent.")
            return False
        if self.has(record):
            await self.put(replace(self._records[_key(record)], file=str(path)))
        else:  # delivered meanwhile
            with contextlib.suppress(OSError):
                await in_thread(partial(os.unlink, path))
        return True

    # --- the file --------------------------------------------------------------------------------

    async def _write(self) -> None:
        if self._path is None:
            return
        self._changes += 1
        mine = self._changes
        async with self._turn:
            if self._written >= mine and not self._flush:
                return  # another call has written it
            now, flush, self._flush = self._changes, self._flush, False
            content = {
                "exposures": tuple(self._records.values()),
                "names": dict(self._names),
                "setpoints": dict(self._setpoints),
                "read_outs": {ccd: dict(known) for ccd, known in self._read_outs.items()},
            }
            try:
                await in_thread(partial(replace_file, self._path, content, flush=flush))
            except OSError as error:
                self._say_once(error)
            else:
                self._failed = False
                self._written = now

    def _say_once(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            self._log.warning(
                f"{self._path} cannot be written ({error.strerror or error}): a frame is lost if "
                "the driver ends before it is delivered."
            )


def _key(record: Record) -> tuple[str, str, datetime]:
    return record.camera, record.ccd, record.name
