"""What a declaration says of a property: its elements, when it exists, how it is saved."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from indi_stx.indi import Kind, Permission, State, SwitchRule


@dataclass(frozen=True, slots=True)
class Condition:
    """When a property exists while its subsystem lives.

    Attributes:
        words: the condition in the words of the documentation, such as "while frames are stored".
        holds: gets the subsystem and tells whether the property exists now.
    """

    words: str
    holds: Callable[[Any], bool]


class Save(enum.Enum):
    """When a property is saved to and loaded from the configuration file."""

    NEVER = "never"
    ON_REQUEST = "on request"
    """Written by CONFIG_SAVE, applied by CONFIG_LOAD."""
    AT_START = "at start"
    """As ON_REQUEST, and also loaded, without a message, when the driver starts."""

    def __bool__(self) -> bool:
        return self is not Save.NEVER


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
    """A BLOB element: its label; the value is always empty."""

    label: str
    value: str = ""


Element = Num | Txt | Sw | Lamp | Blob


@dataclass(frozen=True, slots=True)
class Spec:
    """All that a declaration says. Names may hold `{words}`: `{head}_FRAME`.

    Attributes:
        exists: when clients know the property; None for as long as its subsystem lives.
        save_rank: properties are saved in the order of their declarations, but those of a lower
            rank first.
        lasting: a session's property keeps its values for the next session; so does one that is
            saved and taken over at the start.
        shows: elements that follow a polled parameter, by the parameter's name.
        autosave: write this property alone to the configuration file whenever a client changes it.
        whole: refuse a write that leaves out an element (libindi: frame and binning).
        checked: refuse numbers outside their limits before the handler sees them.
        momentary: a write is a command, such as a guide pulse: elements that it leaves out return
            to their first value instead of keeping that of the previous command.
    """

    kind: Kind
    name: str
    label: str
    group: str
    elements: Mapping[str, Element] = field(default_factory=dict)
    permission: Permission = Permission.READ_WRITE
    timeout_s: float = 60.0
    rule: SwitchRule | None = None
    exists: Condition | None = None
    save: Save = Save.NEVER
    save_rank: int = 0
    lasting: bool = False
    shows: Mapping[str, str] = field(default_factory=dict)
    autosave: bool = False
    whole: bool = False
    checked: bool = True
    momentary: bool = False
