"""One snooped device: the last values it reported, with typed access to them.

Another driver may send anything, so every access checks the value's type and range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from indi_stx.clock import Clock
from indi_stx.driver.snoop import Listener, Snoop, Value


class SnoopedDevice:
    """One device that is listened to.

    Attributes:
        name: of the device; empty when none is listened to.
    """

    def __init__(self, snoop: Snoop, clock: Clock, properties: tuple[str, ...]) -> None:
        self.name = ""
        self._snoop = snoop
        self._clock = clock
        self._listeners: dict[str, Listener] = {p: partial(self._hear, p) for p in properties}
        self._values: dict[str, dict[str, Value]] = {}
        self._heard_s: dict[str, float] = {}

    def follow(self, name: str) -> None:
        """Forget the previous device and listen to another one, or to none."""
        for prop, listener in self._listeners.items():
            if self.name:
                self._snoop.forget(self.name, prop, listener)
        self._values.clear()
        self._heard_s.clear()
        self.name = name
        for prop, listener in self._listeners.items():
            if name:
                self._snoop.watch(name, prop, listener)

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

    def _hear(self, prop: str, values: Mapping[str, Value] | None) -> None:
        if values is None:
            self._values.pop(prop, None)
            self._heard_s.pop(prop, None)
            return
        self._values.setdefault(prop, {}).update(values)
        self._heard_s[prop] = self._clock.monotonic()
