"""The API document as data: the tables of the three CCDs and the error texts.

Bounds and defaults are written as the document writes them ("CameraXSize - 1") and resolved with
the camera's own values. The other values are in `camera_tables`, the calls in `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a value is written."""

    INTEGER = "an integer"
    DECIMAL = "a number"
    HUNDREDTHS = "a number with two decimals"
    TEXT = "text"


@dataclass(frozen=True)
class Readable:
    """A row of a Get table; `low` and `high` are None where the document sets no limit."""

    name: str
    kind: Kind
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True)
class Setting:
    """A row of a Set table; `code` is None where the document names no error."""

    name: str
    kind: Kind
    low: str
    high: str
    default: str
    code: int | None = None


@dataclass(frozen=True)
class CcdTables:
    """What the document says of one of the three CCDs.

    Attributes:
        prefix: how its calls begin.
        title: how its sections begin.
        absent: settings that other CCDs have and this one has not.
        example_duration: of the Start Exposure example, in seconds.
    """

    prefix: str
    title: str
    readable: tuple[Readable, ...]
    settings: tuple[Setting, ...]
    absent: tuple[str, ...]
    example_duration: str


NO_VALID_PARAMETER = 0x80001000
NUM_X, NUM_Y = 0x80001005, 0x80001006
BAD_PARAMETER = 0x80001009
CAMERA_BUSY = 0x80001008
PARAMETERS_MISSING = 0x8000100A
FILTER_BUSY, FILTER_NOT_FOUND, FILTER_COMMUNICATION = 0x8000100B, 0x8000100C, 0x8000100D

ERROR_TEXTS = {
    NO_VALID_PARAMETER: "No valid parameter.",
    0x80001001: "BinX < 1 or > MaxBin",
    0x80001002: "BinY < 1 or > MaxBin",
    0x80001003: "StartX < 0 or > (CameraXSize - 1)",
    0x80001004: "StartY < 0 or > (CameraYSize - 1)",
    NUM_X: "NumX < 1 or > (CameraXSize - StartX)",
    NUM_Y: "NumY < 1 or > (CameraYSize - StartY)",
    0x80001007: "Abort failed.",
    CAMERA_BUSY: "Camera is busy.",
    BAD_PARAMETER: "Bad parameter.",
    PARAMETERS_MISSING: "Parameter(s) missing.",
    FILTER_BUSY: "Filter Selector is busy.",
    FILTER_NOT_FOUND: "Filter Selector not found.",
    FILTER_COMMUNICATION: "Filter Selector communication error.",
}

# What the published interface of newer firmware says instead.
NEWER_TEXTS = {
    NUM_X: "NumX < 0 or > (CameraXSize - StartX)",
    NUM_Y: "NumY < 0 or > (CameraYSize - StartY)",
}

_READABLE = (
    Readable("BinX", Kind.INTEGER, "1", "MaxBinX"),
    Readable("BinY", Kind.INTEGER, "1", "MaxBinY"),
    Readable("CoolerState", Kind.INTEGER, "0", "1"),
    Readable("CCDTemperature", Kind.DECIMAL),
    Readable("CCDTemperatureSetpoint", Kind.DECIMAL, "-100.0", "100.0"),
    Readable("CoolerPower", Kind.DECIMAL, "0", "100"),
    Readable("CameraXSize", Kind.INTEGER, "1"),
    Readable("CameraYSize", Kind.INTEGER, "1"),
    Readable("ElectronsPerADU", Kind.DECIMAL, "0"),
    Readable("FullWellCapacity", Kind.DECIMAL, "0"),
    Readable("AmbientTemperature", Kind.DECIMAL),
    Readable("MaxADU", Kind.INTEGER, "1", "65535"),
    Readable("MaxBinX", Kind.INTEGER, "1"),
    Readable("MaxBinY", Kind.INTEGER, "1"),
    Readable("StartX", Kind.INTEGER, "0", "CameraXSize - 1"),
    Readable("StartY", Kind.INTEGER, "0", "CameraYSize - 1"),
    Readable("NumX", Kind.INTEGER, "1", "CameraXSize"),
    Readable("NumY", Kind.INTEGER, "1", "CameraYSize"),
    # The only decimal number that a conversation of the document shows: "9.00".
    Readable("PixelSizeX", Kind.HUNDREDTHS, "0"),
    Readable("PixelSizeY", Kind.HUNDREDTHS, "0"),
)
_BINNING = (
    Setting("BinX", Kind.INTEGER, "1", "MaxBinX", "1", 0x80001001),
    Setting("BinY", Kind.INTEGER, "1", "MaxBinY", "1", 0x80001002),
)
_COOLING = (
    Setting("CoolerState", Kind.INTEGER, "0", "1", "0"),
    Setting("CCDTemperatureSetpoint", Kind.DECIMAL, "-100.0", "100.0", "25.0"),
)
_FRAME = (
    Setting("StartX", Kind.INTEGER, "0", "CameraXSize - 1", "0", 0x80001003),
    Setting("StartY", Kind.INTEGER, "0", "CameraYSize - 1", "0", 0x80001004),
    Setting("NumX", Kind.INTEGER, "1", "CameraXSize - StartX", "CameraXSize", NUM_X),
    Setting("NumY", Kind.INTEGER, "1", "CameraYSize - StartY", "CameraYSize", NUM_Y),
)
_NO_SETPOINT = ("CCDTemperatureSetpoint",)
_NO_COOLER = ("CoolerState", "CCDTemperature", "CCDTemperatureSetpoint", "CoolerPower")


def _readable_without(names: tuple[str, ...]) -> tuple[Readable, ...]:
    return tuple(row for row in _READABLE if row.name not in names)


CCDS = (
    CcdTables("Imager", "Imager", _READABLE, _BINNING + _COOLING + _FRAME, (), "300"),
    CcdTables(
        "Guider",
        "Guider",
        _readable_without(_NO_SETPOINT),
        _BINNING + _FRAME,
        _NO_SETPOINT,
        "11.7",
    ),
    CcdTables(
        "ExtGuider",
        "External Guider",
        _readable_without(_NO_COOLER),
        _BINNING + _FRAME,
        _NO_COOLER,
        "2.52",
    ),
)
CCD_STATES = {"0": "idle", "2": "exposing", "3": "reading out", "5": "error"}
IMAGE_STATES = {"0": "no image", "1": "an image"}
FRAME_TYPES = {0: "Dark", 1: "Light", 2: "Bias", 3: "Flat Field"}
DEFAULT_DATE_TIME = "2008-01-01T00:00:00.000"


def resolve(bound: str, values: Mapping[str, str]) -> float:
    """Return the number a bound stands for, such as "CameraXSize - StartX".

    Raises KeyError when `values` lacks a name of it, ValueError when one is no number.
    """
    first, *others = (_term(term, values) for term in bound.split(" - "))
    return first - sum(others)


def _term(term: str, values: Mapping[str, str]) -> float:
    return float(values[term]) if term[0].isalpha() else float(term)
