"""Live properties: the values and states of one device's declarations.

A property knows how to define and report itself and what a client's write means; it sends through
its device and never waits. Publishing a property that is not defined only keeps the new values:
nothing is sent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from indi_stx.driver.spec import Num, Spec
from indi_stx.errors import PropertyError, ValueRefused
from indi_stx.indi import (
    AnyMessage,
    Attached,
    DefBlob,
    DefElement,
    DefLight,
    DefNumber,
    DefSwitch,
    DefText,
    DefVector,
    DelProperty,
    NewVector,
    OneBlob,
    OneElement,
    OneLight,
    OneNumber,
    OneSwitch,
    OneText,
    Permission,
    SetVector,
    State,
    SwitchRule,
    parse_number,
    wire_number,
)

_SHOWN_CHARS = 40
"""So much of a bad value is repeated in a message."""

V = TypeVar("V", float, str, bool, State)


class Wire(Protocol):
    """The device that a property belongs to."""

    @property
    def name(self) -> str:
        """The INDI device's name."""

    def send(self, message: AnyMessage) -> None:
        """Send a message to the clients."""

    async def send_blob(self, vector: SetVector) -> None:
        """Send a BLOB; returns when it is with the server."""

    async def blobs_taken(self) -> None:
        """Wait until the server has taken all BLOBs sent so far; for ever, if it has gone."""


class Property(ABC, Generic[V]):
    """One property of one device.

    Attributes:
        state: what clients see; change it through `publish`.
        revision: counts publications, so that the runtime knows whether a handler has answered.
        defined: whether clients know of it now.
        written: the elements that the latest write of a client named; a handler gets all elements.
    """

    def __init__(self, spec: Spec, device: Wire, words: Mapping[str, str]) -> None:
        self._device = device
        self.spec = spec
        self.name, self.label, self.group = (
            word.format_map(words) for word in (spec.name, spec.label, spec.group)
        )
        self.elements: dict[str, Any] = {
            name.format_map(words): replace(e, label=e.label.format_map(words))
            for name, e in spec.elements.items()
        }
        self.state = State.IDLE
        self.defined = False
        self.revision = 0
        self.written: frozenset[str] = frozenset()
        self._values: dict[str, V] = {name: e.value for name, e in self.elements.items()}

    @property
    def writable(self) -> bool:
        """Whether clients may write it."""
        return self.spec.permission is not Permission.READ_ONLY

    # --- values --------------------------------------------------------------------------------

    def __getitem__(self, element: str) -> V:
        return self._values[element]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @property
    def values(self) -> dict[str, V]:
        """A copy of all values, in element order."""
        return dict(self._values)

    def assign(self, values: Mapping[str, V]) -> None:
        """Take over values without telling anyone.

        Raises:
            PropertyError: an element does not exist here.
        """
        for element, value in values.items():
            if element not in self._values:
                raise PropertyError(f"{self.name} has no element {element}")
            self._values[element] = value

    def redeclare(self, elements: Mapping[str, Any]) -> None:
        """Replace the elements, when only the camera knows how many there are.

        Raises:
            PropertyError: clients know the old elements already.
        """
        if self.defined:
            raise PropertyError(f"{self.name} is defined; delete it before changing its elements")
        self.elements = dict(elements)
        self._values = {name: e.value for name, e in self.elements.items()}

    # --- to the clients ------------------------------------------------------------------------

    def publish(self, values: Mapping[str, V] | None = None, state: State | None = None) -> None:
        """Take over values and state, and report all of the property to the clients.

        Raises:
            PropertyError: an element does not exist here.
        """
        self.assign(values or {})
        self.state = state or self.state
        self.revision += 1
        if self.defined:
            self._device.send(self.report())

    def define(self) -> None:
        """Send the definition; sent again whenever a client asks for it."""
        self.defined = True
        self._device.send(self.definition())

    def delete(self) -> None:
        """Withdraw the property from the clients; its values are kept."""
        if self.defined:
            self.defined = False
            self._device.send(DelProperty(self._device.name, self.name))

    def definition(self) -> DefVector:
        """Return the defining message, with the current values and state."""
        return DefVector(
            kind=self.spec.kind,
            device=self._device.name,
            name=self.name,
            label=self.label,
            group=self.group,
            state=self.state,
            permission=self.spec.permission,
            rule=self.spec.rule,
            timeout_s=self.spec.timeout_s,
            elements=tuple(self._define(name) for name in self.elements),
        )

    def report(self) -> SetVector:
        """Return the message that carries the current values and state."""
        return self._report(tuple(self._one(name) for name in self._values))

    def _report(self, elements: tuple[OneElement, ...]) -> SetVector:
        return SetVector(
            kind=self.spec.kind,
            device=self._device.name,
            name=self.name,
            state=self.state,
            timeout_s=self.spec.timeout_s,
            elements=elements,
        )

    @abstractmethod
    def _define(self, element: str) -> DefElement: ...

    @abstractmethod
    def _one(self, element: str) -> OneElement: ...

    # --- from the clients ----------------------------------------------------------------------

    def accept(self, new: NewVector) -> dict[str, V]:
        """Return the values that a client's write asks for, one for every element.

        Elements that it leaves out keep their current values, or go back to their first values
        when the property is `momentary`.

        Raises:
            ValueRefused: it names no element of this property or not enough of them, or a value is
                malformed or outside its limits.
        """
        wishes = {one.name: one for one in new.elements if one.name in self._values}
        if not wishes:
            raise ValueRefused(f"{self.name}: new{new.kind.value}Vector with no valid members")
        if self.spec.whole and len(wishes) < len(self._values):
            missing = ", ".join(name for name in self._values if name not in wishes)
            raise ValueRefused(
                f"{self.name}: all elements must be sent together; missing {missing}"
            )
        self.written = frozenset(wishes)
        parsed = {name: self._parse(one) for name, one in wishes.items()}
        return self._complete(parsed)

    def restored(self, texts: Mapping[str, str]) -> dict[str, V]:
        """Return the values with saved ones in place, skipping elements that no longer exist.

        Raises:
            ValueRefused: as `accept` does.
        """
        known = tuple(OneText(k, v) for k, v in texts.items() if k in self._values)
        if not known:
            return self.values
        return self.accept(NewVector(self.spec.kind, self._device.name, self.name, known))

    def saved_values(self) -> dict[str, str]:
        """Return the values as a configuration file spells them."""
        return {name: self._saved(value) for name, value in self._values.items()}

    def _complete(self, parsed: dict[str, V]) -> dict[str, V]:
        if self.spec.momentary:
            return {**{name: e.value for name, e in self.elements.items()}, **parsed}
        return {**self._values, **parsed}

    def _saved(self, value: V) -> str:
        return str(value)

    def _parse(self, one: OneText | OneBlob) -> V:
        raise ValueRefused(f"{self.name} cannot be written")

    @staticmethod
    def _text(one: OneText | OneBlob) -> str:
        return one.value if isinstance(one, OneText) else ""


class TextProperty(Property[str]):
    """Texts; any text is accepted unless the handler objects."""

    def _define(self, element: str) -> DefElement:
        return DefText(element, self.elements[element].label, self._values[element])

    def _one(self, element: str) -> OneElement:
        return OneText(element, self._values[element])

    def _parse(self, one: OneText | OneBlob) -> str:
        return self._text(one)


class NumberProperty(Property[float]):
    """Numbers with limits that may be narrowed to what this camera can do."""

    def narrow(self, **limits: tuple[float, float] | tuple[float, float, float]) -> None:
        """Set (min, max) or (min, max, step) of elements, and tell clients if they know them.

        Current values are moved inside the new limits.
        """
        for element, (low, high, *step) in limits.items():
            old: Num = self.elements[element]
            self.elements[element] = replace(
                old, min=low, max=high, step=step[0] if step else old.step
            )
            self._values[element] = min(max(self._values[element], low), high)
        if self.defined:
            self._device.send(self._report(tuple(self._limited(n) for n in self._values)))

    def check(self, element: str, value: float) -> None:
        """Refuse a value outside its limits; equal limits mean that there are none.

        Raises:
            ValueRefused: with the limits in the message.
        """
        limits: Num = self.elements[element]
        if limits.min < limits.max and not limits.min <= value <= limits.max:
            raise ValueRefused(
                f"{self.label.strip()}: {limits.label.strip()} = {wire_number(value)} is out of "
                f"range [{wire_number(limits.min)}, {wire_number(limits.max)}]"
            )

    def _limited(self, name: str) -> OneNumber:
        limits: Num = self.elements[name]
        return OneNumber(name, self._values[name], limits.min, limits.max, limits.step)

    def _define(self, element: str) -> DefElement:
        e: Num = self.elements[element]
        return DefNumber(element, e.label, self._values[element], e.format, e.min, e.max, e.step)

    def _one(self, element: str) -> OneElement:
        return OneNumber(element, self._values[element])

    def _parse(self, one: OneText | OneBlob) -> float:
        try:
            value = parse_number(self._text(one))
        except ValueError:
            text = self._text(one)
            shown = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
            raise ValueRefused(
                f"{self.name}: Bad format {one.name}: {shown!r} is not a number; the decimal sign "
                "is a point."
            ) from None
        if self.spec.checked:
            self.check(one.name, value)
        return value

    def _saved(self, value: float) -> str:
        return wire_number(value)


class SwitchProperty(Property[bool]):
    """Switches under one of INDI's three rules."""

    @property
    def on(self) -> str | None:
        """The first element that is On, or None."""
        return next((name for name, value in self._values.items() if value), None)

    def select(self, element: str, state: State | None = None) -> None:
        """Publish one element On and all others Off."""
        self.publish({name: name == element for name in self._values}, state)

    def clear(self, state: State | None = None) -> None:
        """Publish all elements Off."""
        self.publish(dict.fromkeys(self._values, False), state)

    def _define(self, element: str) -> DefElement:
        return DefSwitch(element, self.elements[element].label, self._values[element])

    def _one(self, element: str) -> OneElement:
        return OneSwitch(element, self._values[element])

    def _parse(self, one: OneText | OneBlob) -> bool:
        match self._text(one):
            case "Off":
                return False
            case text if text.startswith("On"):
                return True
            case text:
                raise ValueRefused(f"{self.name}: {one.name} must be On or Off, not {text!r}")

    def _complete(self, parsed: dict[str, bool]) -> dict[str, bool]:
        """Apply the rule; a client may send only the switch it turns On."""
        one_at_most = self.spec.rule is not SwitchRule.ANY_OF_MANY
        turned_on = sum(parsed.values())
        kept = {} if one_at_most and turned_on else self._values
        result = {name: parsed.get(name, kept.get(name, False)) for name in self._values}
        count = sum(result.values())
        if (one_at_most and count > 1) or (self.spec.rule is SwitchRule.ONE_OF_MANY and count != 1):
            raise ValueRefused(f"{self.name}: invalid switch state, {count} switches are On")
        return result

    def _saved(self, value: bool) -> str:
        return "On" if value else "Off"


class LightProperty(Property[State]):
    """Lights: read-only elements whose values are states."""

    def _define(self, element: str) -> DefElement:
        return DefLight(element, self.elements[element].label, self._values[element])

    def _one(self, element: str) -> OneElement:
        return OneLight(element, self._values[element])


class BlobProperty(Property[str]):
    """BLOBs that the driver sends; no content is kept after a delivery."""

    def _define(self, element: str) -> DefElement:
        return DefBlob(element, self.elements[element].label)

    def _one(self, element: str) -> OneElement:
        return OneBlob(element, 0, "", b"")

    async def deliver(
        self, element: str, content: bytes | Attached, *, size: int, suffix: str
    ) -> None:
        """Send one BLOB as Ok, after the one before it, and return when the server has it.

        Args:
            element: the BLOB's name.
            content: its bytes, or an open descriptor that may be closed when this returns.
            size: bytes before compression.
            suffix: file name ending that tells clients what it is, such as ".fits".
        """
        self.state = State.OK
        self.revision += 1
        one = OneBlob(element, size, suffix, content)
        await self._device.send_blob(self._report((one,)))
