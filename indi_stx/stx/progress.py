"""Follow the steps of one request, to set its time limit and to record when it was sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from indi_stx.clock import Clock
from indi_stx.stx.deadlines import Deadline, TimeLimits
from indi_stx.stx.timing import Stamp


class Progress:
    """The steps of one request: sets its deadline and keeps its time stamp.

    A transport without a network reports no connections. Then the limit is that for an answer, and
    the request counts as sent when it was passed to the transport.
    """

    def __init__(self, clock: Clock, limits: TimeLimits) -> None:
        self._clock = clock
        self._limits = limits
        self.deadline: Deadline | None = None
        self.is_connecting = False
        self.is_connected = False
        self.sent = Stamp.now(clock)

    def connecting(self) -> None:
        """Wait for the connection."""
        self.is_connecting = True
        self._wait(self._limits.connect_s)

    def connected(self) -> None:
        """Wait for the answer from now on, no longer for the connection."""
        self.is_connecting = False
        self.is_connected = True
        self._wait(self._limits.answer_s)

    def sending(self) -> None:
        """Stamp the request."""
        self.sent = Stamp.now(self._clock)

    def _wait(self, limit_s: float) -> None:
        if self.deadline is not None:
            self.deadline.restart(limit_s)


class ProgressInThread:
    """The same for a request that is sent from a thread; constructed on the event loop.

    The time for the connection begins with the first of several attempts.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._has_tried = False

    def connecting(self) -> None:
        """Wait for the connection."""
        if not self._has_tried:
            self._has_tried = True
            self._call(self._progress.connecting)

    def connected(self) -> None:
        """Wait for the answer from now on."""
        self._call(self._progress.connected)

    def sending(self) -> None:
        """Stamp the request."""
        self._progress.sending()

    def _call(self, tell: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
            self._loop.call_soon_threadsafe(tell)
