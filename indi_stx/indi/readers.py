"""What one XML element of INDI means: from a parsed element to a message.

Attributes that the INDI DTD requires are required here, elements of another kind than their vector
are ignored, and every value must be of its kind. Only a client's wishes (`new...Vector`) keep raw
text: there the property answers for the value, and can say so to the user.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, TypeVar

from indi_stx.errors import IndiProtocolError
from indi_stx.indi.messages import (
    PROTOCOL_VERSION,
    AnyMessage,
    Attached,
    BlobPolicy,
    DefBlob,
    DefElement,
    DefLight,
    DefNumber,
    DefSwitch,
    DefText,
    DefVector,
    DelProperty,
    EnableBlob,
    GetProperties,
    Kind,
    Message,
    NewVector,
    OneBlob,
    OneElement,
    OneLight,
    OneNumber,
    OneSwitch,
    OneText,
    Permission,
    PingReply,
    PingRequest,
    SetVector,
    State,
    SwitchRule,
)
from indi_stx.indi.numbers import parse_number

if TYPE_CHECKING:
    from enum import Enum
    from xml.etree.ElementTree import Element

    _AnyEnum = TypeVar("_AnyEnum", bound=Enum)

_WHITESPACE = " \t\r\n"
_SWITCH = {"On": True, "Off": False}
_EXCERPT_CHARACTERS = 100


def read_message(xml: Element) -> AnyMessage:
    """Turn a parsed element into the message it is; its tag must be one of `framing.TAGS`.

    Raises:
        IndiProtocolError: something required is missing, or a value is not of its kind.
    """
    try:
        return _read(xml)
    except ValueError as error:
        where = ".".join(filter(None, (xml.get("device"), xml.get("name"))))
        whose = where[:_EXCERPT_CHARACTERS] or "nobody"
        names = " ".join(f'{key}="{xml.get(key, "")}"' for key in ("device", "name"))
        raise IndiProtocolError(
            f"{xml.tag} of {whose} skipped: {error}", start_tag=f"<{xml.tag} {names}"
        ) from error


def _read(xml: Element) -> AnyMessage:
    match xml.tag:
        case "getProperties":
            version = xml.get("version", PROTOCOL_VERSION)
            return GetProperties(version, xml.get("device"), xml.get("name"))
        case "delProperty":
            return DelProperty(
                _required(xml, "device"),
                xml.get("name"),
                timestamp=xml.get("timestamp"),
                message=xml.get("message"),
            )
        case "message":
            return Message(xml.get("message", ""), xml.get("device"), xml.get("timestamp"))
        case "enableBLOB":
            policy = _word(BlobPolicy, _text(xml))
            return EnableBlob(_required(xml, "device"), policy, xml.get("name"))
        case "pingRequest":
            return PingRequest(_required(xml, "uid"))
        case "pingReply":
            return PingReply(_required(xml, "uid"))
        case _:
            return _read_vector(xml)


def _read_vector(xml: Element) -> AnyMessage:
    verb, kind = xml.tag[:3], Kind(xml.tag[3 : -len("Vector")])
    match verb:
        case "def":
            return _read_definition(xml, kind)
        case "set":
            return SetVector(
                kind,
                _required(xml, "device"),
                _required(xml, "name"),
                _optional_word(State, xml, "state"),
                tuple(_one(item, kind) for item in xml.iterfind(f"one{kind.value}")),
                timeout_s=_optional_number(xml, "timeout"),
                timestamp=xml.get("timestamp"),
                message=xml.get("message"),
            )
        case _:
            return NewVector(
                kind,
                _required(xml, "device"),
                _required(xml, "name"),
                tuple(_wish(item, kind) for item in xml.iterfind(f"one{kind.value}")),
                timestamp=xml.get("timestamp"),
            )


def _read_definition(xml: Element, kind: Kind) -> DefVector:
    name = _required(xml, "name")
    needs_permission, needs_rule = kind is not Kind.LIGHT, kind is Kind.SWITCH
    return DefVector(
        kind,
        _required(xml, "device"),
        name,
        xml.get("label", name),
        xml.get("group", ""),
        _word(State, _required(xml, "state")),
        tuple(_definition(item, kind) for item in xml.iterfind(f"def{kind.value}")),
        permission=_word(Permission, _required(xml, "perm")) if needs_permission else None,
        rule=_word(SwitchRule, _required(xml, "rule")) if needs_rule else None,
        timeout_s=_optional_number(xml, "timeout"),
        timestamp=xml.get("timestamp"),
        message=xml.get("message"),
    )


def _definition(xml: Element, kind: Kind) -> DefElement:
    name = _required(xml, "name")
    label = xml.get("label", name)
    match kind:
        case Kind.TEXT:
            return DefText(name, label, _text(xml))
        case Kind.NUMBER:
            return DefNumber(
                name,
                label,
                parse_number(_text(xml)),
                _required(xml, "format"),
                min=parse_number(_required(xml, "min")),
                max=parse_number(_required(xml, "max")),
                step=parse_number(_required(xml, "step")),
            )
        case Kind.SWITCH:
            return DefSwitch(name, label, _switch(xml))
        case Kind.LIGHT:
            return DefLight(name, label, _word(State, _text(xml)))
        case Kind.BLOB:
            return DefBlob(name, label)


def _one(xml: Element, kind: Kind) -> OneElement:
    name = _required(xml, "name")
    match kind:
        case Kind.TEXT:
            return OneText(name, _text(xml))
        case Kind.NUMBER:
            return OneNumber(
                name,
                parse_number(_text(xml)),
                min=_optional_number(xml, "min"),
                max=_optional_number(xml, "max"),
                step=_optional_number(xml, "step"),
            )
        case Kind.SWITCH:
            return OneSwitch(name, _switch(xml))
        case Kind.LIGHT:
            return OneLight(name, _word(State, _text(xml)))
        case Kind.BLOB:
            return _blob(xml)


def _wish(xml: Element, kind: Kind) -> OneText | OneBlob:
    return _blob(xml) if kind is Kind.BLOB else OneText(_required(xml, "name"), _text(xml))


def _blob(xml: Element) -> OneBlob:
    name, size = _required(xml, "name"), _count(xml, "size")
    content: bytes | Attached
    if xml.get("attached") == "true":
        content = Attached(fd=-1, length=_count(xml, "len") if xml.get("len") else size)
    else:
        # `enclen` and `len` are not believed: senders disagree on what they count, and the closing
        # tag already proves that nothing is missing.
        base64 = "".join((xml.text or "").split())
        content = binascii.a2b_base64(base64, strict_mode=True)
    return OneBlob(name, size, _required(xml, "format"), content)


def _text(xml: Element) -> str:
    return (xml.text or "").strip(_WHITESPACE)


def _required(xml: Element, attribute: str) -> str:
    value = xml.get(attribute)
    if value is None:
        raise ValueError(f"{xml.tag} lacks its {attribute}")
    return value


def _optional_number(xml: Element, attribute: str) -> float | None:
    value = xml.get(attribute)
    return None if value is None else parse_number(value)


def _count(xml: Element, attribute: str) -> int:
    value = _required(xml, attribute).strip(_WHITESPACE)
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise ValueError(f"{attribute} of {xml.tag} is not a number of bytes")
    return int(value)


def _switch(xml: Element) -> bool:
    text = _text(xml)
    if text not in _SWITCH:
        raise ValueError(f"{text[:40]!r} is neither On nor Off")
    return _SWITCH[text]


def _word(words: type[_AnyEnum], text: str) -> _AnyEnum:
    try:
        return words(text)
    except ValueError:
        known = ", ".join(word.value for word in words)
        raise ValueError(f"{text[:40]!r} is none of {known}") from None


def _optional_word(words: type[_AnyEnum], xml: Element, attribute: str) -> _AnyEnum | None:
    value = xml.get(attribute)
    return None if value is None else _word(words, value)
