"""Snooping: what other drivers on the same server say, as plain values.

A driver asks by sending getProperties for another device; from then on indiserver copies that
property's definitions and changes to it (indiserver 1.9.9: there is no way to stop that, and it
lets a driver snoop itself). When the other driver dies, snoopers are not told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indi_stx.indi import (
    AnyMessage,
    DefBlob,
    DefVector,
    DelProperty,
    GetProperties,
    OneBlob,
    SetVector,
    State,
)

Value = float | str | bool | State
Listener = Callable[[Mapping[str, Value] | None, State | None], None]
"""Called with all values of a message, and its state if it says one; None for the values once the
property was deleted."""


class Snoop:
    """Who listens to which property of which device."""

    def __init__(self, send: Callable[[AnyMessage], None]) -> None:
        self._send = send
        self._listeners: dict[tuple[str, str], list[Listener]] = {}

    def watch(self, device: str, name: str, listener: Listener) -> None:
        """Call a listener with every definition and change of a property from now on."""
        self._listeners.setdefault((device, name), []).append(listener)
        self.ask(device, name)

    def ask(self, device: str, name: str) -> None:
        """Ask for a property's definition; the answer goes to all its listeners."""
        self._send(GetProperties(device=device, name=name))

    def forget(self, device: str, name: str, listener: Listener) -> None:
        """Stop calling a listener; unknown ones are ignored."""
        listeners = self._listeners.get((device, name), [])
        if listener in listeners:
            listeners.remove(listener)

    def feed(self, message: DefVector | SetVector | DelProperty) -> None:
        """Pass a message of another driver on to those who listen."""
        if isinstance(message, DelProperty):
            for (device, name), listeners in self._listeners.items():
                if device == message.device and message.name in (None, name):
                    _call(listeners, None, None)
            return
        values = {e.name: e.value for e in message.elements if not isinstance(e, DefBlob | OneBlob)}
        listeners = self._listeners.get((message.device, message.name), [])
        _call(listeners, values, message.state)


def _call(
    listeners: list[Listener], values: Mapping[str, Value] | None, state: State | None
) -> None:
    for listener in list(listeners):
        listener(values, state)
