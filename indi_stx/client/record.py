"""What a server has said: every message with its time, and how things stand after the last."""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.clock import Clock, SystemClock
from indi_stx.indi import (
    AnyMessage,
    DefBlob,
    DefVector,
    DelProperty,
    Message,
    OneBlob,
    SetVector,
    State,
)

Value = str | float | bool | State


@dataclass(frozen=True, slots=True)
class Seen:
    """A message, and when it came in seconds of the clock's `monotonic`."""

    at: float
    message: AnyMessage


class Record:
    """All that was said, in order.

    Where a parameter is called `since`, it is a place in `seen`: only what came there or later
    counts. Devices that are not named are the `device` that the record was made for.

    Attributes:
        seen: all messages. A frame is kept as long as its message: clear the list, between waits,
            when that is too much; places count from its new beginning then.
        properties: the last definition of each property that is defined now, by device and name.
        states: the last state of each property that was ever defined.
        values: the last values of each property but BLOBs, by element.
    """

    def __init__(self, device: str, clock: Clock | None = None) -> None:
        self.device = device
        self.seen: list[Seen] = []
        self.properties: dict[tuple[str, str], DefVector] = {}
        self.states: dict[tuple[str, str], State] = {}
        self.values: dict[tuple[str, str], dict[str, Value]] = {}
        self._clock = clock or SystemClock()

    def note(self, message: AnyMessage) -> None:
        """Append a message."""
        self.seen.append(Seen(self._clock.monotonic(), message))
        match message:
            case DefVector():
                key = (message.device, message.name)
                self.properties[key] = message
                self.states[key] = message.state
                self.values[key] = {
                    e.name: e.value for e in message.elements if not isinstance(e, DefBlob)
                }
            case SetVector():
                key = (message.device, message.name)
                if message.state is not None:
                    self.states[key] = message.state
                self.values.setdefault(key, {}).update(
                    {e.name: e.value for e in message.elements if not isinstance(e, OneBlob)}
                )
            case DelProperty(device, name):
                gone = [
                    key for key in self.properties if key[0] == device and name in (None, key[1])
                ]
                for key in gone:
                    del self.properties[key]

    def sets(self, name: str, since: int = 0, device: str | None = None) -> list[SetVector]:
        """Return all that was reported of a property."""
        wanted = (device or self.device, name)
        return [
            s.message
            for s in self.seen[since:]
            if isinstance(s.message, SetVector) and (s.message.device, s.message.name) == wanted
        ]

    def texts_said(self, since: int = 0) -> list[str]:
        """Return the messages to people, of all devices."""
        return [s.message.text for s in self.seen[since:] if isinstance(s.message, Message)]

    def tail(self, since: int = 0, count: int = 15) -> str:
        """Return the last messages, shortened to a line each."""
        return "\n".join(str(s.message)[:300] for s in self.seen[since:][-count:])
