"""When a command was sent and answered: the bounds on when the camera acted on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from indi_stx.clock import Clock


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment, on the wall clock and on the monotonic clock."""

    utc: datetime
    monotonic_s: float

    @classmethod
    def now(cls, clock: Clock) -> Self:
        """Return the present moment."""
        return cls(clock.utc(), clock.monotonic())


@dataclass(frozen=True, slots=True)
class CommandTiming:
    """When a request was passed to the network and when its answer began to arrive.

    The camera received the request between the two.
    """

    sent_utc: datetime
    answered_utc: datetime
    sent_monotonic_s: float
    answered_monotonic_s: float

    @classmethod
    def between(cls, sent: Stamp, answered: Stamp) -> Self:
        """Return the timing of a request and its answer."""
        return cls(sent.utc, answered.utc, sent.monotonic_s, answered.monotonic_s)
