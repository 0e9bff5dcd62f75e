"""What was asked of the camera and when: in memory, and as JSON lines in a file.

A line is written when its reply has ended, so lines are in the order of completion; `t` says when
the first byte of the request was there. `gap_ms` is measured from the `t` of the command before.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from indi_stx.clock import Clock
from indi_stx.errors import SimulatorError

# STX API, HTTP Command Interval. Clocks and networks jitter: a client that keeps exactly 50 ms is
# not punished for a few of them.
COMMAND_INTERVAL_MS = 50.0
JITTER_MS = 5.0
RECORDS_KEPT = 100_000


@dataclass
class RequestRecord:
    """One request.

    `t` is the machine's monotonic time in seconds, `status` 0 when no reply was sent, `bytes` what
    was sent of the reply's body.
    """

    t: float
    utc: str
    connection: int
    method: str = ""
    uri: str = ""
    status: int = 0
    bytes: int = 0
    gap_ms: float | None = None


class RequestLog:
    """All requests of one camera.

    Attributes:
        records: the newest ones.
        overloads: how many came too early.
        on_finished: hears of each that has been answered, or given up.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self.records: deque[RequestRecord] = deque(maxlen=RECORDS_KEPT)
        self.overloads = 0
        self.on_finished: Callable[[RequestRecord], None] = lambda record: None
        self._last_t: float | None = None
        self._file = _open(path) if path else None

    def arrived(self, connection: int) -> RequestRecord:
        """Note that a request begins now; overload is counted here."""
        t = self._clock.monotonic()
        gap_ms = None if self._last_t is None else round((t - self._last_t) * 1000.0, 3)
        self._last_t = t
        if gap_ms is not None and gap_ms < COMMAND_INTERVAL_MS - JITTER_MS:
            self.overloads += 1
        utc = self._clock.utc().isoformat(timespec="microseconds")
        record = RequestRecord(t, utc, connection, gap_ms=gap_ms)
        self.records.append(record)
        return record

    def forget(self, record: RequestRecord) -> None:
        """Take back a request that the camera is not to have heard."""
        self.records.remove(record)
        if record.gap_ms is not None and record.gap_ms < COMMAND_INTERVAL_MS - JITTER_MS:
            self.overloads -= 1
        if self._last_t == record.t:
            self._last_t = self.records[-1].t if self.records else None

    def finished(self, record: RequestRecord) -> None:
        """Write the line of a request that has been answered, or given up."""
        if self._file:
            self._file.write(json.dumps(asdict(record)) + "\n")
            self._file.flush()
        self.on_finished(record)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise SimulatorError(f"The request log cannot be written: {error}.") from error
