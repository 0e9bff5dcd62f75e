"""What can be said in INDI 1.7, as frozen dataclasses.

One class per verb (define, set, new, delete, ...), with the property's kind as a field: the five
kinds differ only in their elements. Both directions are here, because a driver that snoops reads
what other drivers write. Source: the INDI white paper (protocol 1.7) and libindi's own traffic.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

PROTOCOL_VERSION = "1.7"


class Kind(enum.Enum):
    """The five kinds of property; the value is the word in the tag (`defNumberVector`)."""

    TEXT = "Text"
    NUMBER = "Number"
    SWITCH = "Switch"
    LIGHT = "Light"
    BLOB = "BLOB"


class State(enum.Enum):
    """State of a property, and the value of a light."""

    IDLE = "Idle"
    OK = "Ok"
    BUSY = "Busy"
    ALERT = "Alert"


class Permission(enum.Enum):
    """What clients may do with a property."""

    READ_ONLY = "ro"
    WRITE_ONLY = "wo"
    READ_WRITE = "rw"


class SwitchRule(enum.Enum):
    """How many switches of a vector may be On together."""

    ONE_OF_MANY = "OneOfMany"
    AT_MOST_ONE = "AtMostOne"
    ANY_OF_MANY = "AnyOfMany"


class BlobPolicy(enum.Enum):
    """What a client wants of BLOBs on its connection."""

    NEVER = "Never"
    ALSO = "Also"
    ONLY = "Only"


# --- elements of a definition ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefText:
    """Define one text."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class DefNumber:
    """Define one number; `format` is printf's, or INDI's `%<w>.<f>m` for sexagesimal display."""

    name: str
    label: str
    value: float
    format: str
    min: float
    max: float
    step: float


@dataclass(frozen=True, slots=True)
class DefSwitch:
    """Define one switch."""

    name: str
    label: str
    value: bool


@dataclass(frozen=True, slots=True)
class DefLight:
    """Define one light."""

    name: str
    label: str
    value: State


@dataclass(frozen=True, slots=True)
class DefBlob:
    """Define one BLOB; it has no value until it is sent."""

    name: str
    label: str


# --- elements of a set or new ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneText:
    """The value of one text; in a `NewVector` the raw text of an element of any kind."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class OneNumber:
    """The value of one number; limits only when they changed with it."""

    name: str
    value: float
    min: float | None = None
    max: float | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class OneSwitch:
    """The value of one switch."""

    name: str
    value: bool


@dataclass(frozen=True, slots=True)
class OneLight:
    """The value of one light."""

    name: str
    value: State


@dataclass(frozen=True, slots=True)
class Attached:
    """BLOB bytes that travel as a file descriptor beside the XML; `length` bytes from offset 0."""

    fd: int
    length: int


@dataclass(frozen=True, slots=True)
class OneBlob:
    """The value of one BLOB.

    Attributes:
        size: bytes before compression; what clients reserve.
        format: file name ending with its dot, such as ".fits".
        content: the bytes themselves, sent inline as base64, or an attached descriptor; a receiver
            may put a view of the descriptor's memory in its place.
    """

    name: str
    size: int
    format: str
    content: bytes | memoryview | Attached


DefElement = DefText | DefNumber | DefSwitch | DefLight | DefBlob
OneElement = OneText | OneNumber | OneSwitch | OneLight | OneBlob


# --- messages -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetProperties:
    """Ask for definitions; from a driver it asks to snoop. None means every device or property."""

    version: str = PROTOCOL_VERSION
    device: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DefVector:
    """Define a property; `rule` only for switches, no `permission` and no `timeout` for lights."""

    kind: Kind
    device: str
    name: str
    label: str
    group: str
    state: State
    elements: tuple[DefElement, ...]
    permission: Permission | None = None
    rule: SwitchRule | None = None
    timeout_s: float | None = None
    timestamp: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class SetVector:
    """Report values and state of a property; a state of None leaves the state as it was."""

    kind: Kind
    device: str
    name: str
    state: State | None
    elements: tuple[OneElement, ...]
    timeout_s: float | None = None
    timestamp: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class NewVector:
    """A client's wish; values stay raw text, because only the property knows what they mean.

    A bad number must be answered by name, so it is not the parser's to refuse. BLOB elements are
    the exception: they come decoded, as `OneBlob`.
    """

    kind: Kind
    device: str
    name: str
    elements: tuple[OneText | OneBlob, ...]
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class DelProperty:
    """Delete one property, or with a name of None the whole device."""

    device: str
    name: str | None = None
    timestamp: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A line for the person at the client; a device of None means nobody in particular."""

    text: str
    device: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class EnableBlob:
    """A client's BLOB policy for a device, or for one property of it."""

    device: str
    policy: BlobPolicy
    name: str | None = None


@dataclass(frozen=True, slots=True)
class PingRequest:
    """Ask the peer to reply once everything before this has been handled; uid <= 64 chars."""

    uid: str


@dataclass(frozen=True, slots=True)
class PingReply:
    """The answer to a `PingRequest` of the same uid."""

    uid: str


AnyMessage = (
    GetProperties
    | DefVector
    | SetVector
    | NewVector
    | DelProperty
    | Message
    | EnableBlob
    | PingRequest
    | PingReply
)
