"""Declare properties on a subsystem class, with their handlers beneath them.

    class Cooler(Subsystem):
        ramp = number(
            "CCD_TEMP_RAMP", "Temp. Ramp", MAIN,
            {"RAMP_SLOPE": Num("Max. dT (C/min)", "%.f", 0, 30, 1)},
            save=Save.ON_REQUEST,
        )

        @ramp.on_write
        async def _ramp_requested(self, new: Numbers) -> None: ...

On the class, `ramp` is the declaration, which can be listed without a camera; on an instance it is
the live property. The declaration alone decides when the property is defined and deleted, its
limits, how partial writes are completed, what is saved, which polled values it shows, and its row
in the documentation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Protocol, Self, TypedDict, TypeVar, Unpack, overload

from indi_stx.driver.properties import (
    BlobProperty,
    LightProperty,
    NumberProperty,
    Property,
    SwitchProperty,
    TextProperty,
)
from indi_stx.driver.spec import Blob, Condition, Lamp, Num, Save, Spec, Sw, Txt
from indi_stx.indi import Kind, Permission, State, SwitchRule

__all__ = [
    "Blob",
    "Condition",
    "Declaration",
    "Lamp",
    "Num",
    "Numbers",
    "Save",
    "Spec",
    "State",
    "Sw",
    "Switches",
    "Texts",
    "Txt",
    "blob",
    "declarations",
    "light",
    "number",
    "switch",
    "text",
]

Numbers = Mapping[str, float]
Texts = Mapping[str, str]
Switches = Mapping[str, bool]


class Options(TypedDict, total=False):
    """The fields of `Spec` that a declaration may set by keyword."""

    permission: Permission
    timeout_s: float
    rule: SwitchRule
    exists: Condition
    save: Save
    save_rank: int
    lasting: bool
    shows: Mapping[str, str]
    autosave: bool
    whole: bool
    checked: bool
    momentary: bool


P = TypeVar("P", bound=Property[Any])
H = TypeVar("H", bound=Callable[..., Awaitable[None]])
C = TypeVar("C", bound=Callable[..., Mapping[str, Any]])


class HasProperties(Protocol):
    """An object whose class has declarations."""

    def property_of(self, declaration: Declaration[P]) -> P:
        """Return the live property of a declaration."""


class Declaration(Generic[P]):
    """A property as written on a class; on an instance the attribute is the live property."""

    def __init__(self, spec: Spec, property_class: type[P]) -> None:
        self.spec = spec
        self.property_class = property_class
        self.handler_name: str | None = None
        self.check_name: str | None = None

    @overload
    def __get__(self, instance: None, owner: type[HasProperties]) -> Self: ...

    @overload
    def __get__(self, instance: HasProperties, owner: type[HasProperties]) -> P: ...

    def __get__(self, instance: HasProperties | None, owner: type[HasProperties]) -> Self | P:
        return self if instance is None else instance.property_of(self)

    def on_write(self, handler: H) -> H:
        """Mark a coroutine method as the answer to clients' writes.

        It gets every element, checked and completed. If it publishes nothing, the new values are
        published as Ok; if it raises, the property turns Alert and the client reads why.
        """
        self.handler_name = handler.__name__
        return handler

    def on_check(self, check: C) -> C:
        """Mark a method that says which values may be, and how they are written.

        It gets every element and returns them, tidied up; or it raises ValueRefused. It is asked
        for each write before the handler, and for each value that is restored from a file: what it
        says must not depend on what the camera does at the moment.
        """
        self.check_name = check.__name__
        return check


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
