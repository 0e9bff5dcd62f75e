"""One device's log file, written in a thread of its own: a slow disk must not hold up the driver.

The lines have libindi's format. The file is bounded: a full one is renamed with ".1" appended,
replacing the previous one, and a new file is begun. When lines come faster than the disk takes
them, those beyond a limit are dropped, so that they do not fill the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import Full, Queue

MAX_BYTES = 4_000_000
"""Size limit of one file; there are two files at the most."""
WAITING_LINES = 10_000


class LogFile:
    """A file that lines are appended to.

    Args:
        path: created, together with its directories, by the first line.
        failed: called once, on the event loop, with the reason why the file cannot be written.
    """

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        self.path = path
        writer = _Writer(path, failed)
        queue: Queue[logging.LogRecord] = Queue(WAITING_LINES)
        self._entrance = _Entrance(queue)
        self._listener = _Exit(queue, writer)
        self._writer = writer
        self._listener.start()

    def append(self, line: str) -> None:
        """Queue a line to be written; never waits."""
        self._entrance.enqueue(logging.makeLogRecord({"msg": line}))

    async def close(self) -> None:
        """Write what has been appended, and close the file; waits for the disk."""
        await asyncio.to_thread(self._listener.stop)
        await asyncio.to_thread(self._writer.close)


class _Entrance(QueueHandler):
    """Puts records into the queue, and drops them when it is full."""

    def enqueue(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Full):
            super().enqueue(record)


class _Exit(QueueListener):
    """Takes records out of the queue; closing it waits for room when the queue is full."""

    queue: Queue[logging.LogRecord | None]

    def enqueue_sentinel(self) -> None:
        """Mark the end, behind all records."""
        self.queue.put(None)


class _Writer(RotatingFileHandler):
    """Writes lines as they are, in the listener's thread."""

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self._loop = asyncio.get_running_loop()
        self._failed = failed
        self._has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._has_failed:
            try:
                Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
                if self.shouldRollover(record):
                    self.doRollover()
                logging.FileHandler.emit(self, record)
            except OSError as error:
                self._give_up(error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Report the error being handled, but only the first."""
        import sys

        self._give_up(sys.exc_info()[1])

    def _give_up(self, error: BaseException | None) -> None:
        if not self._has_failed:
            self._has_failed = True
            reason = getattr(error, "strerror", None) or str(error)
            self._loop.call_soon_threadsafe(self._failed, f"{self.baseFilename}: {reason}")
