"""Ctrl+C, SIGTERM and SIGHUP: all three end a run in the same way, with the camera restored."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal:
    """The signal that ends a run; later ones only end the waiting for a camera that is away."""

    number = 0

    def received(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal; raise KeyboardInterrupt for the first."""
        if not self.number:
            self.number = number
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal came whose exception was lost on its way."""
        if self.number:
            raise KeyboardInterrupt


@contextmanager
def stop_signals() -> Iterator[StopSignal]:
    """Have all stop signals raise KeyboardInterrupt, except those that the caller ignores."""
    stop = StopSignal()
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop.received)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_signals_waiting() -> Iterator[None]:
    """Keep stop signals waiting until the end of the block."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def stop_signal_waits() -> bool:
    """Tell whether a signal came while `stop_signals_waiting` kept it."""
    return bool(signal.sigpending() & set(STOP_SIGNALS))
