"""Declare properties on a subsystem class, with their handlers beneath them.

    class Cooler(Subsystem):
        ramp = number(
            "CCD_TEMP_RAMP", "Temp. Ramp", MAIN,
            {"RAMP_SLOPE": Num("Max. dT (C/min)", "%.f", 0, 30, 1)},
            save=Save.ON_REQUEST,
        )

        @ramp.on_write
        async def _ramp_requested(self, new: Numbers) -> None: ...

On the class, `ramp` is the declaration, listable without a camera; on an instance it is the live
property. Definition and deletion with the connection, limits, partial writes, saving and the
documentation row all follow from the declaration.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, Unpack, overload

from indi_stx.driver.properties import (
    BlobProperty,
    LightProperty,
    NumberProperty,
    Property,
    SwitchProperty,
    TextProperty,
)
from indi_stx.indi import Kind, Permission, State, SwitchRule

if TYPE_CHECKING:
    from typing import Self

    from indi_stx.driver.subsystem import Subsystem

Numbers = Mapping[str, float]
Texts = Mapping[str, str]
Switches = Mapping[str, bool]


class When(enum.Enum):
    """When a property is defined at the clients."""

    ALWAYS = "always"
    CONNECTED = "connected"
    ON_DEMAND = "on demand"
    """Only while the subsystem itself says so, with `define()` and `delete()`."""


class Save(enum.Enum):
    """What a configuration file has to do with a property."""

    NEVER = "never"
    ON_REQUEST = "on request"
    """Written by CONFIG_SAVE, applied by CONFIG_LOAD."""
    AT_START = "at start"
    """As ON_REQUEST, and taken over silently when the driver starts."""


@dataclass(frozen=True, slots=True)
class Num:
    """A number element: label, display format, limits and first value."""

    label: str
    format: str = "%g"
    min: float = 0.0
    max: float = 0.0
    step: float = 0.0
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Txt:
    """A text element: label and first value."""

    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Sw:
    """A switch element: label and first position."""

    label: str
    value: bool = False


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light element: label and first colour."""

    label: str
    value: State = State.IDLE


@dataclass(frozen=True, slots=True)
class Blob:
    """A BLOB element: its label; the value is never anything but empty."""

    label: str
    value: str = ""


Element = Num | Txt | Sw | Lamp | Blob


@dataclass(frozen=True, slots=True)
class Spec:
    """All that a declaration says; names may hold `{words}` of the subsystem, as `{head}_FRAME`.

    Attributes:
        needs: a capability the device must have for the property to be defined; None for none.
        autosave: write this property alone to the configuration file whenever a client changes it.
        whole: refuse a write that leaves out an element (libindi: frame and binning).
        checked: refuse numbers outside their limits before the handler sees them.
        momentary: a write is a command, such as a guide pulse: elements that it leaves out are at
            their first value again, not at that of the command before.
    """

    kind: Kind
    name: str
    label: str
    group: str
    elements: Mapping[str, Element] = field(default_factory=dict)
    permission: Permission = Permission.READ_WRITE
    timeout_s: float = 60.0
    rule: SwitchRule | None = None
    when: When = When.CONNECTED
    needs: Hashable | None = None
    save: Save = Save.NEVER
    autosave: bool = False
    whole: bool = False
    checked: bool = True
    momentary: bool = False


class Options(TypedDict, total=False):
    """The fields of `Spec` that a declaration may set by keyword."""

    permission: Permission
    timeout_s: float
    rule: SwitchRule
    when: When
    needs: Hashable
    save: Save
    autosave: bool
    whole: bool
    checked: bool
    momentary: bool


P = TypeVar("P", bound=Property[Any])
H = TypeVar("H", bound=Callable[..., Awaitable[None]])


class Declaration(Generic[P]):
    """A property as written on a class; on an instance the attribute is the live property."""

    def __init__(self, spec: Spec, property_class: type[P]) -> None:
        self.spec = spec
        self.property_class = property_class
        self.handler_name: str | None = None

    @overload
    def __get__(self, instance: None, owner: type[Subsystem]) -> Self: ...

    @overload
    def __get__(self, instance: Subsystem, owner: type[Subsystem]) -> P: ...

    def __get__(self, instance: Subsystem | None, owner: type[Subsystem]) -> Self | P:
        return self if instance is None else instance.property_of(self)

    def on_write(self, handler: H) -> H:
        """Mark a coroutine method as the answer to clients' writes.

        It gets every element, checked and completed. If it publishes nothing, the new values are
        published as Ok; if it raises, the property turns Alert and the client reads why.
        """
        self.handler_name = handler.__name__
        return handler


def declarations(owner: type) -> list[Declaration[Any]]:
    """Return the declarations of a class, base classes first, in the order of their lines."""
    found: dict[str, Declaration[Any]] = {}
    for cls in reversed(owner.__mro__):
        for attribute, value in vars(cls).items():
            if isinstance(value, Declaration):
                found[attribute] = value
    return list(found.values())


def number(
    name: str, label: str, group: str, elements: Mapping[str, Num], **options: Unpack[Options]
) -> Declaration[NumberProperty]:
    """Declare a property of numbers."""
    return Declaration(Spec(Kind.NUMBER, name, label, group, elements, **options), NumberProperty)


def text(
    name: str, label: str, group: str, elements: Mapping[str, Txt], **options: Unpack[Options]
) -> Declaration[TextProperty]:
    """Declare a property of texts."""
    return Declaration(Spec(Kind.TEXT, name, label, group, elements, **options), TextProperty)


def switch(
    name: str, label: str, group: str, elements: Mapping[str, Sw], **options: Unpack[Options]
) -> Declaration[SwitchProperty]:
    """Declare a property of switches; one of many unless a rule is given."""
    options.setdefault("rule", SwitchRule.ONE_OF_MANY)
    return Declaration(Spec(Kind.SWITCH, name, label, group, elements, **options), SwitchProperty)


def light(
    name: str, label: str, group: str, elements: Mapping[str, Lamp], **options: Unpack[Options]
) -> Declaration[LightProperty]:
    """Declare a property of lights, which clients only read."""
    options["permission"] = Permission.READ_ONLY
    return Declaration(Spec(Kind.LIGHT, name, label, group, elements, **options), LightProperty)


def blob(
    name: str, label: str, group: str, elements: Mapping[str, Blob], **options: Unpack[Options]
) -> Declaration[BlobProperty]:
    """Declare a property of BLOBs that the driver sends."""
    options["permission"] = Permission.READ_ONLY
    return Declaration(Spec(Kind.BLOB, name, label, group, elements, **options), BlobProperty)
