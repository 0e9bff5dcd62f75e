"""The parameters of the three CCDs: wire names, types and order, from the document's tables.

`CcdSettings` holds the answer to one GetSettings, `CcdChanges` are the arguments of SetSettings.
FanState, FanPower and OverScan belong to newer firmware (libraries for real cameras know them, the
document of 2011 does not) and are marked optional: a camera may not have them. Source: STX API, Get
Settings and Set Settings of each CCD. The order of a table is the order of both requests.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from indi_stx.errors import ValueRefused
from indi_stx.stx.arguments import decimal, member, real, switch, whole
from indi_stx.stx.replies import parse_integer, parse_real, parse_switch

MIN_SETPOINT_CELSIUS, MAX_SETPOINT_CELSIUS = -100.0, 100.0
BYTES_PER_PIXEL = 2


class FanState(enum.IntEnum):
    """What controls the fan; its power can only be set in MANUAL."""

    OFF = 0
    MANUAL = 1
    AUTOMATIC = 2


class CcdSettings:
    """The parameters that one request asked for; the others are missing.

    Reading a parameter that was not asked for, or that this camera does not have, raises
    AttributeError; check it with `"fan_state" in settings`. Frame positions and sizes are in
    unbinned pixels.
    """

    bin_x: int
    bin_y: int
    cooler_on: bool
    temperature_celsius: float
    setpoint_celsius: float
    cooler_power_percent: float
    sensor_width: int
    sensor_height: int
    electrons_per_adu: float
    fan_state: FanState
    fan_power_percent: float
    full_well_electrons: float
    ambient_celsius: float
    max_adu: int
    max_bin_x: int
    max_bin_y: int
    start_x: int
    start_y: int
    num_x: int
    num_y: int
    pixel_size_x_um: float
    pixel_size_y_um: float
    overscan_on: bool

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    if not TYPE_CHECKING:  # a type checker would take this as "every name exists"

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"{name} was not asked for, or this camera does not have it")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            "these are the camera's answers; use set_settings to change its settings"
        )

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CcdSettings) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"CcdSettings({inside})"


class CcdChanges(TypedDict, total=False):
    """The arguments of `Ccd.set_settings`; guide CCDs only take the binning and the frame."""

    bin_x: int
    bin_y: int
    cooler_on: bool
    setpoint_celsius: float
    fan_state: FanState
    fan_power_percent: float
    start_x: int
    start_y: int
    num_x: int
    num_y: int
    overscan_on: bool


@dataclass(frozen=True, slots=True)
class Geometry:
    """Frame and binning of a CCD; positions and sizes in unbinned pixels."""

    start_x: int
    start_y: int
    num_x: int
    num_y: int
    bin_x: int = 1
    bin_y: int = 1

    @property
    def cols(self) -> int:
        """Width of the image in binned pixels."""
        return self.num_x // self.bin_x

    @property
    def rows(self) -> int:
        """Height of the image in binned pixels."""
        return self.num_y // self.bin_y

    @property
    def data_bytes(self) -> int:
        """Length of the binary download (STX API, Imager Data Binary; the divisions are floors)."""
        return self.rows * self.cols * BYTES_PER_PIXEL


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of a settings table.

    Attributes:
        field: our name, with its unit.
        wire: the document's name.
        read: the value of an answer's line; raises ValueError.
        write: the text to send; raises ValueRefused. None when the parameter is read only.
        optional: True when a camera may not know it.
    """

    field: str
    wire: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] | None = None
    optional: bool = False


def _whole(value: int) -> str:
    return str(whole(value))


def _setpoint(value: float) -> str:
    text = decimal(value, 2)
    if not MIN_SETPOINT_CELSIUS <= value <= MAX_SETPOINT_CELSIUS:
        raise ValueRefused(
            f"The set point may be {MIN_SETPOINT_CELSIUS:g} to {MAX_SETPOINT_CELSIUS:g} degrees "
            f"Celsius, not {text}."
        )
    return text


def _fan_state(text: str) -> FanState:
    return FanState(parse_integer(text))


def _fan_number(value: FanState) -> str:
    return str(int(member(value, FanState)))


def _fan_power(value: float) -> str:
    if not 0 <= real(value) <= 100:
        raise ValueRefused(f"The fan's power may be 0 to 100 percent, not {value}.")
    return str(round(value))


IMAGER = (
    Parameter("bin_x", "BinX", parse_integer, _whole),
    Parameter("bin_y", "BinY", parse_integer, _whole),
    Parameter("cooler_on", "CoolerState", parse_switch, switch),
    Parameter("temperature_celsius", "CCDTemperature", parse_real),
    Parameter("setpoint_celsius", "CCDTemperatureSetpoint", parse_real, _setpoint),
    Parameter("cooler_power_percent", "CoolerPower", parse_real),
    Parameter("sensor_width", "CameraXSize", parse_integer),
    Parameter("sensor_height", "CameraYSize", parse_integer),
    Parameter("electrons_per_adu", "ElectronsPerADU", parse_real),
    Parameter("fan_state", "FanState", _fan_state, _fan_number, optional=True),
    Parameter("fan_power_percent", "FanPower", parse_real, _fan_power, optional=True),
    Parameter("full_well_electrons", "FullWellCapacity", parse_real),
    Parameter("ambient_celsius", "AmbientTemperature", parse_real),
    Parameter("max_adu", "MaxADU", parse_integer),
    Parameter("max_bin_x", "MaxBinX", parse_integer),
    Parameter("max_bin_y", "MaxBinY", parse_integer),
    Parameter("start_x", "StartX", parse_integer, _whole),
    Parameter("start_y", "StartY", parse_integer, _whole),
    Parameter("num_x", "NumX", parse_integer, _whole),
    Parameter("num_y", "NumY", parse_integer, _whole),
    Parameter("pixel_size_x_um", "PixelSizeX", parse_real),
    Parameter("pixel_size_y_um", "PixelSizeY", parse_real),
    Parameter("overscan_on", "OverScan", parse_switch, switch, optional=True),
)


def _without(table: tuple[Parameter, ...], *fields: str) -> tuple[Parameter, ...]:
    return tuple(row for row in table if row.field not in fields)


def _read_only(table: tuple[Parameter, ...], field: str) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(row.field, row.wire, row.read) if row.field == field else row for row in table
    )


GUIDER = _read_only(
    _without(IMAGER, "setpoint_celsius", "fan_state", "fan_power_percent", "overscan_on"),
    "cooler_on",
)
"""The guider reports the cooler, but has no set point and cannot switch the cooler."""

EXTERNAL_GUIDER = _without(GUIDER, "cooler_on", "temperature_celsius", "cooler_power_percent")
