"""What is written down of an exposure, so that its frame is not lost with the driver.

A `Record` has all that is needed to recognise the frame in the camera and to deliver it with its
true header: it is a `Shot` without what belongs to a connection. As JSON it is made of the fields
of the dataclasses, by name; enumerations by name, times in ISO 8601.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from indi_stx.camera.exposing.shot import DeliveryMode, ImageSource, Shot
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.errors import ConfigError
from indi_stx.stx.ccd_states import FrameType
from indi_stx.stx.settings import Geometry

if TYPE_CHECKING:
    from indi_stx.camera.facts import CameraFacts, CcdFacts
    from indi_stx.stx import Ccd

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    """One exposure whose frame has not been delivered.

    Attributes:
        camera: host and port.
        ccd: which CCD of it.
        name: the time that was sent with the start.
        started_utc: when the shutter opened.
        surroundings: what else the header tells, at the start or, once it is known, at the end.
        file: where the frame itself is kept; empty while only the camera has it.
    """

    camera: str
    ccd: str
    name: datetime
    started_utc: datetime
    duration_s: float
    geometry: Geometry
    frame_type: FrameType
    source: ImageSource
    surroundings: Surroundings
    mode: DeliveryMode
    file: str = ""

    @classmethod
    def of(cls, shot: Shot, camera: str, ccd: str, name: datetime) -> Self:
        """Return the record of an exposure that is about to start."""
        return cls(
            camera=camera,
            ccd=ccd,
            name=name,
            started_utc=name,
            duration_s=shot.duration_s,
            geometry=shot.geometry,
            frame_type=shot.frame_type,
            source=shot.source,
            surroundings=shot.surroundings(),
            mode=shot.mode(),
        )

    def shot(
        self, *, name: str, instrument: str, ccd: Ccd, sensor: CcdFacts, camera: CameraFacts
    ) -> Shot:
        """Return what was exposed, with what a new connection knows; fields as in `Shot`."""
        return Shot(
            name=name,
            instrument=instrument,
            ccd=ccd,
            duration_s=self.duration_s,
            geometry=self.geometry,
            frame_type=self.frame_type,
            source=self.source,
            sensor=sensor,
            camera=camera,
            surroundings=lambda: self.surroundings,
            mode=lambda: self.mode,
        )

    def __str__(self) -> str:
        return f"the exposure of {self.duration_s:g} s begun at {self.started_utc:%H:%M:%S} UTC"


def to_plain(value: Any) -> Any:
    """Return a value of a record, or a record, as JSON can hold it."""
    match value:
        case enum.Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case tuple() if hasattr(value, "_asdict"):
            return {name: to_plain(v) for name, v in value._asdict().items()}
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
