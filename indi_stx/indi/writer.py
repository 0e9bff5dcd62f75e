"""Messages to bytes, as libindi's programs write them, one message to a call.

Whatever the texts hold, the result is XML that lilxml reads: UTF-8, the five named entities, no
comments, no CDATA. Texts are never shortened: libindi cuts a message at 255 bytes where a driver
formats it, but no reader of the wire has that limit. Inline BLOBs are one line of base64 without
`enclen`: indiserver 1.9.9 stalls on such a line with `enclen` above some 36 kB, and its clients
count the line breaks of wrapped base64 as bytes of the BLOB.
"""

from __future__ import annotations

import binascii
import re
from itertools import chain

from indi_stx.indi.messages import (
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
    EnableBlob,
    GetProperties,
    Message,
    NewVector,
    OneBlob,
    OneElement,
    OneLight,
    OneNumber,
    OneSwitch,
    OneText,
    PingReply,
    PingRequest,
    SetVector,
)
from indi_stx.indi.numbers import wire_number

_UNSAFE = re.compile("[^ !#-%(-;=?-~]")  # not plain ASCII, or needs an entity
_NOT_XML = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_SAFE = dict.fromkeys(_NOT_XML, "?") | str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
)
# Readers must turn them into spaces, but lilxml does not; better that all see the same.
_ONE_LINE = str.maketrans("\t\n\r", "   ")
_SWITCH = {True: "On", False: "Off"}


def encode(message: AnyMessage) -> bytes:
    """Write a message for the wire, newline included.

    Characters that XML cannot carry (controls, lone surrogates) become "?", in attributes line
    breaks and tabs become spaces. Descriptors of attached BLOBs are not in the bytes: send those of
    `attached_fds` with the first byte. Lengths of names and labels are not checked: libindi's own
    programs keep 63 bytes of each.

    Raises:
        ValueError: a number is not finite.
    """
    match message:
        case DefVector() | SetVector() | NewVector():
            return _encode_vector(message)
        case GetProperties(version, device, name):
            return _empty("getProperties", version=version, device=device, name=name)
        case DelProperty(device, name, timestamp, text):
            return _empty(
                "delProperty", device=device, name=name, timestamp=timestamp, message=text
            )
        case Message(text, device, timestamp):
            return _empty("message", device=device, timestamp=timestamp, message=text)
        case EnableBlob(device, policy, name):
            attributes = _attributes(device=device, name=name)
            return f"<enableBLOB{attributes}>{policy.value}</enableBLOB>\n".encode()
        case PingRequest(uid):
            return _empty("pingRequest", uid=uid)
        case PingReply(uid):
            return _empty("pingReply", uid=uid)


def attached_fds(message: AnyMessage) -> tuple[int, ...]:
    """Return the descriptors that must travel with this message, in element order."""
    if not isinstance(message, SetVector | NewVector):
        return ()
    return tuple(
        element.content.fd
        for element in message.elements
        if isinstance(element, OneBlob) and isinstance(element.content, Attached)
    )


def _empty(tag: str, **attributes: str | None) -> bytes:
    return f"<{tag}{_attributes(**attributes)}/>\n".encode()


def _encode_vector(vector: DefVector | SetVector | NewVector) -> bytes:
    kind = vector.kind.value
    names = _attributes(device=vector.device, name=vector.name)
    match vector:
        case DefVector():
            tag, attributes = f"def{kind}Vector", names + _definition_attributes(vector)
            children = [_definition(element, f"def{kind}") for element in vector.elements]
        case SetVector():
            tag, attributes = f"set{kind}Vector", names + _update_attributes(vector)
            children = [_one(element, f"one{kind}") for element in vector.elements]
        case NewVector():
            tag, attributes = f"new{kind}Vector", names + _attributes(timestamp=vector.timestamp)
            children = [_one(element, f"one{kind}") for element in vector.elements]
    # One join for everything: the base64 of a frame is copied once, into the result.
    return b"".join([f"<{tag}{attributes}>\n".encode(), *chain(*children), f"</{tag}>\n".encode()])


def _definition_attributes(vector: DefVector) -> str:
    return _attributes(
        label=vector.label,
        group=vector.group,
        state=vector.state.value,
        perm=vector.permission.value if vector.permission else None,
        rule=vector.rule.value if vector.rule else None,
        timeout=_optional_number(vector.timeout_s),
        timestamp=vector.timestamp,
        message=vector.message,
    )


def _update_attributes(vector: SetVector) -> str:
    return _attributes(
        state=vector.state.value if vector.state else None,
        timeout=_optional_number(vector.timeout_s),
        timestamp=vector.timestamp,
        message=vector.message,
    )


def _definition(element: DefElement, tag: str) -> list[bytes]:
    names = _attributes(name=element.name, label=element.label)
    match element:
        case DefText():
            return _child(tag, names, _escaped(element.value))
        case DefNumber():
            limits = _attributes(
                format=element.format,
                min=wire_number(element.min),
                max=wire_number(element.max),
                step=wire_number(element.step),
            )
            return _child(tag, names + limits, wire_number(element.value))
        case DefSwitch():
            return _child(tag, names, _SWITCH[element.value])
        case DefLight():
            return _child(tag, names, element.value.value)
        case DefBlob():
            return [f"<{tag}{names}/>\n".encode()]


def _one(element: OneElement, tag: str) -> list[bytes]:
    name = _attributes(name=element.name)
    match element:
        case OneText():
            return _child(tag, name, _escaped(element.value))
        case OneNumber():
            limits = _attributes(
                min=_optional_number(element.min),
                max=_optional_number(element.max),
                step=_optional_number(element.step),
            )
            return _child(tag, name + limits, wire_number(element.value))
        case OneSwitch():
            return _child(tag, name, _SWITCH[element.value])
        case OneLight():
            return _child(tag, name, element.value.value)
        case OneBlob():
            return _blob(element, tag)


def _blob(element: OneBlob, tag: str) -> list[bytes]:
    # indiserver 1.9.9 drops a driver that leaves out `size`, attached or not.
    attributes = _attributes(name=element.name, size=str(element.size), format=element.format)
    match element.content:
        case Attached(length=length):
            return [f'<{tag}{attributes} len="{length}" attached="true"/>\n'.encode()]
        case content:
            return [
                f'<{tag}{attributes} len="{len(content)}">'.encode(),
                binascii.b2a_base64(content, newline=False),
                f"</{tag}>\n".encode(),
            ]


def _child(tag: str, attributes: str, content: str) -> list[bytes]:
    return [f"<{tag}{attributes}>{content}</{tag}>\n".encode()]


def _attributes(**values: str | None) -> str:
    return "".join(
        [f' {name}="{_attribute(value)}"' for name, value in values.items() if value is not None]
    )


def _attribute(text: str) -> str:
    if _UNSAFE.search(text) is None:
        return text
    return _escaped(text.translate(_ONE_LINE))


def _escaped(text: str) -> str:
    if _UNSAFE.search(text) is None:
        return text
    return text.translate(_SAFE)


def _optional_number(value: float | None) -> str | None:
    return None if value is None else wire_number(value)
