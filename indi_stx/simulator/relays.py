"""The four relays of the autoguider port (STX API, Pulse Guide).

A relay is closed for the time asked; asked again while closed, the new time replaces the rest of
the old one. Opposite relays are independent, as the document describes them.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum

from indi_stx.simulator.camera_time import CameraTime


class Relay(StrEnum):
    """Named as the parameters of PulseGuideGetTimeRemaining."""

    X_PLUS = "XPlus"
    X_MINUS = "XMinus"
    Y_PLUS = "YPlus"
    Y_MINUS = "YMinus"


class _Contact:
    """The closed intervals of one relay, oldest first."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._closed_before: list[float] = []

    def close(self, now: float, duration_s: float) -> None:
        if self._ends and self._ends[-1] > now:
            self._ends[-1] = now + duration_s
            return
        before = self.closed_s(now)
        self._starts.append(now)
        self._ends.append(now + duration_s)
        self._closed_before.append(before)

    def open(self, now: float) -> None:
        if self._ends and self._ends[-1] > now:
            self._ends[-1] = now

    def remaining_s(self, now: float) -> float:
        return max(0.0, self._ends[-1] - now) if self._ends else 0.0

    def closed_s(self, until: float) -> float:
        index = bisect_right(self._starts, until) - 1
        if index < 0:
            return 0.0
        lasted = min(until, self._ends[index]) - self._starts[index]
        return self._closed_before[index] + max(0.0, lasted)


class Relays:
    """The autoguider port as a function of camera time."""

    def __init__(self, time: CameraTime) -> None:
        self._time = time
        self._contacts = {relay: _Contact() for relay in Relay}

    def close(self, relay: Relay, duration_s: float) -> None:
        """Close a relay from now on for `duration_s`."""
        self._contacts[relay].close(self._time.now(), duration_s)

    def open_all(self) -> None:
        """Open every relay, as a reboot does."""
        for contact in self._contacts.values():
            contact.open(self._time.now())

    def remaining_s(self, relay: Relay) -> float:
        """Return how much longer a relay stays closed, 0 when it is open."""
        return self._contacts[relay].remaining_s(self._time.now())

    def any_closed(self) -> bool:
        """Tell whether any relay is closed now."""
        return any(self.remaining_s(relay) > 0 for relay in Relay)

    def closed_s(self, relay: Relay, until: float) -> float:
        """Return how long a relay has been closed in all, up to camera time `until`."""
        return self._contacts[relay].closed_s(until)
