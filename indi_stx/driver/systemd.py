"""What a driver tells systemd when a unit started it: that it is alive, and log lines with levels.

indiserver, which the unit starts, hands its environment to the driver, so the driver speaks for the
whole unit (which needs `NotifyAccess=all`). What a driver writes to standard error gets a stamp of
indiserver in front, behind which systemd does not find a level; so messages go to the journal
itself. Sources: sd_notify(3), sd_watchdog_enabled(3), "Native Journal Protocol" of systemd.io.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator

from indi_stx.clock import Clock

JOURNAL_SOCKET = "/run/systemd/journal/socket"
PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}


@contextlib.contextmanager
def life_signs(clock: Clock) -> Iterator[None]:
    """Tell the unit, if one started this process, that the block has begun and goes on.

    The signs come from a task of the running loop, twice in the time after which the unit would be
    restarted (`WatchdogSec=`); a loop that hangs gives none.
    """
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unit:
        unit.setblocking(False)
        _tell(unit, path, b"READY=1")
        limit_s = _limit_s()
        beating = limit_s and asyncio.create_task(_beat(unit, path, limit_s / 2, clock))
        try:
            yield
        finally:
            if beating:
                beating.cancel()


def _limit_s() -> float:
    """Return the seconds without a sign after which the unit is restarted; 0 when it never is.

    WATCHDOG_PID is not looked at: it names indiserver.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() else 0.0


async def _beat(unit: socket.socket, path: str, interval_s: float, clock: Clock) -> None:
    while True:
        _tell(unit, path, b"WATCHDOG=1")
        await clock.sleep(interval_s)


def _tell(unit: socket.socket, path: str, state: bytes) -> None:
    # A sign that cannot be given must not end a driver that works: without signs, systemd acts.
    with contextlib.suppress(OSError):
        unit.sendto(state, "\0" + path[1:] if path.startswith("@") else path)


def log_handler(name: str) -> logging.Handler | None:
    """Return a handler that writes to the journal; None when no unit started this process."""
    if "JOURNAL_STREAM" not in os.environ or not os.path.exists(JOURNAL_SOCKET):
        return None
    return JournalHandler(JOURNAL_SOCKET, name)


class JournalHandler(logging.Handler):
    """Writes records to the journal with their level, or to standard error if that fails.

    Args:
        path: the journal's socket.
        name: SYSLOG_IDENTIFIER, what `journalctl` shows in front of a line.
    """

    def __init__(self, path: str, name: str) -> None:
        super().__init__()
        self._path = path
        self._name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one entry; never waits."""
        try:
            text = self.format(record)
            entry = _entry(text, PRIORITIES.get(record.levelno, 6), self._name)
            try:
                self._socket.sendto(entry, self._path)
            except OSError:  # too long, too fast, or journald restarts
                print(f"{self._name}: {record.levelname} {text}", file=sys.stderr)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


def _entry(text: str, priority: int, name: str) -> bytes:
    """Return an entry; the message is given by its length, because it may have several lines."""
    message = text.encode("utf-8", "replace")
    return (
        f"PRIORITY={priority}\nSYSLOG_IDENTIFIER={name}\nMESSAGE\n".encode()
        + struct.pack("<Q", len(message))
        + message
        + b"\n"
    )
