"""How well the camera answers, from what becomes of the requests; and all of them for DEBUG."""

from __future__ import annotations

from indi_stx.clock import Clock
from indi_stx.driver.subsystem import Log
from indi_stx.stx.exchange import Exchange

SMOOTHING = 0.2
"""The weight of the newest round trip in the average."""


class LinkWatch:
    """Watches one connection.

    Attributes:
        round_trip_s: of commands, averaged; 0 before the first answer.
        errors: requests without a usable answer.
        outages: how often answers failed to come after some had come.
        last_answer_s: when the camera answered last, on the monotonic clock.
        download_bytes_per_s: of the last frame.
    """

    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self.round_trip_s = 0.0
        self.errors = 0
        self.outages = 0
        self.last_answer_s = clock.monotonic()
        self.download_bytes_per_s = 0.0
        self._answers = True

    def saw(self, exchange: Exchange) -> None:
        """Take in what became of a request."""
        if self._log.wants_debug:
            self._log.debug(_described(exchange))
        if exchange.error is not None:
            self.errors += 1
            self.outages += self._answers
            self._answers = False
            return
        self._answers = True
        self.last_answer_s = self._clock.monotonic()
        if exchange.frame_bytes:
            self.download_bytes_per_s = exchange.frame_bytes / max(exchange.seconds, 1e-6)
        elif self.round_trip_s:
            self.round_trip_s += SMOOTHING * (exchange.seconds - self.round_trip_s)
        else:
            self.round_trip_s = exchange.seconds


def _described(exchange: Exchange) -> str:
    if exchange.error is not None:
        return f"{exchange.request}: {exchange.error}"
    answer = f"{exchange.frame_bytes} bytes" if exchange.frame_bytes else repr(exchange.text)
    return f"{exchange.request}: {exchange.status} in {exchange.seconds * 1e3:.1f} ms, {answer}"
