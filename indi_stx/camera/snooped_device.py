"""One snooped device: the last values it reported, with typed access to them.

Another driver may send anything, so every access checks the value's type and range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from indi_stx.clock import Clock
from indi_stx.driver.snoop import Listener, Snoop, Value
from indi_stx.indi import State

ALIVE_S = 60.0
"""After how long without a word a device is asked whether it is still there."""
ANSWER_S = 5.0
"""How long it may take to answer before what it said is forgotten."""
CONNECTION = "CONNECTION"


class SnoopedDevice:
    """One device that is listened to.

    A driver that dies does not say so, and indiserver (1.9.9) tells snoopers nothing. A mount that
    tracks has no news for hours either. So a device that has been silent for a while is asked for
    what it told before, and when it does not answer, that is forgotten.

    Attributes:
        name: of the device; empty when none is listened to.
    """

    def __init__(self, snoop: Snoop, clock: Clock, properties: tuple[str, ...]) -> None:
        self.name = ""
        self._snoop = snoop
        self._clock = clock
        self._listeners: dict[str, Listener] = {
            p: partial(self._hear, p) for p in (CONNECTION, *properties)
        }
        self._values: dict[str, dict[str, Value]] = {}
        self._states: dict[str, State] = {}
        self._heard_s: dict[str, float] = {}
        self._asked_s: float | None = None

    def follow(self, name: str) -> None:
        """Forget the previous device and listen to another one, or to none."""
        for prop, listener in self._listeners.items():
            if self.name:
                self._snoop.forget(self.name, prop, listener)
        self._forget()
        self.name = name
        for prop, listener in self._listeners.items():
            if name:
                self._snoop.watch(name, prop, listener)

    def ask_again(self) -> None:
        """Ask for all of it once more: its driver, or a server behind ours, may have come later."""
        for prop in self._listeners:
            if self.name:
                self._snoop.ask(self.name, prop)

    def lives(self) -> bool:
        """Tell whether it is heard; ask it when it has been silent for a while.

        Returns False once, when an answer has not come and all is forgotten.
        """
        now_s = self._clock.monotonic()
        if not self.was_heard:
            return True
        if self._asked_s is None:
            if now_s - max(self._heard_s.values()) > ALIVE_S:
                self._asked_s = now_s
                self._snoop.ask(self.name, next(iter(self._heard_s)))
        elif now_s - self._asked_s > ANSWER_S:
            self._forget()
            return False
        return True

    @property
    def was_heard(self) -> bool:
        """Whether it has told anything that is not forgotten."""
        return bool(self._values)

    def state(self, prop: str) -> State | None:
        """Return the state of a property; None when unknown."""
        return self._states.get(prop)

    def number(self, prop: str, element: str) -> float | None:
        """Return a number it reported, None when unknown or not finite."""
        value = self._values.get(prop, {}).get(element)
        if isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        return None

    def positive(self, prop: str, element: str) -> float | None:
        """Return a number it reported if that is above zero."""
        value = self.number(prop, element)
        return value if value is not None and value > 0 else None

    def text(self, prop: str, element: str) -> str | None:
        """Return a text it reported, None when unknown or empty."""
        value = self._values.get(prop, {}).get(element)
        return value if isinstance(value, str) and value else None

    def is_on(self, prop: str, element: str) -> bool:
        """Tell whether it reported a switch On."""
        return self._values.get(prop, {}).get(element) is True

    def heard_s(self, prop: str) -> float:
        """Return when it last reported a property, on the monotonic clock; -inf for never."""
        return self._heard_s.get(prop, -math.inf)

    def _hear(self, prop: str, values: Mapping[str, Value] | None, state: State | None) -> None:
        self._asked_s = None
        if values is None:
            for known in (self._values, self._states, self._heard_s):
                known.pop(prop, None)
            return
        if prop == CONNECTION and not values.get("CONNECT", True):
            self._forget()  # not every driver deletes its properties then
            return
        self._values.setdefault(prop, {}).update(values)
        self._heard_s[prop] = self._clock.monotonic()
        if state is not None:
            self._states[prop] = state

    def _forget(self) -> None:
        self._values.clear()
        self._states.clear()
        self._heard_s.clear()
        self._asked_s = None
