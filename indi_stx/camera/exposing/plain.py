"""Frozen dataclasses as JSON: fields by name, enumerations by name, times in ISO 8601."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, TypeVar

from indi_stx.errors import ConfigError

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return a value of a record, or a record, as JSON can hold it."""
    match value:
        case enum.Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case tuple() if hasattr(value, "_asdict"):
            return {name: to_plain(v) for name, v in value._asdict().items()}
        case Mapping():
            return {name: to_plain(v) for name, v in value.items()}
        case tuple() | list():
            return [to_plain(v) for v in value]
        case _ if is_dataclass(value):
            return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """Return the value that `to_plain` was given; fields it does not know keep their defaults.

    Raises:
        ConfigError: this is no such value.
    """
    try:
        made: T = _reader(kind)(plain)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(f"not a {kind.__name__}: {error}") from error
    return made


def _reader(kind: Any) -> Callable[[Any], Any]:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return lambda plain: _any_of(inner, plain)
    if origin is tuple:
        return lambda plain: tuple(_reader(inner[0])(each) for each in plain)
    if kind is datetime:
        return datetime.fromisoformat
    if issubclass(kind, enum.Enum):
        return lambda plain: kind[plain]
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return lambda plain: _object(kind, plain)
    return lambda plain: _checked(kind, plain)


def _any_of(kinds: tuple[Any, ...], plain: Any) -> Any:
    """Return what the first fitting member of a union makes of it."""
    if plain is None and types.NoneType in kinds:
        return None
    for kind in kinds:
        try:
            return _reader(kind)(plain)
        except (TypeError, ValueError, KeyError, AttributeError):
            continue
    raise ValueError(f"{plain!r}")


def _object(kind: Any, plain: dict[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    return kind(**{n: _reader(hints[n])(v) for n, v in plain.items() if n in hints})


def _checked(kind: type, plain: Any) -> Any:
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    if type(plain) is not kind:
        raise ValueError(f"{plain!r} is not of type {kind.__name__}")
    return plain
