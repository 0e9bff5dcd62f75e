"""The API document as data: its parameters, errors and states, and its three CCDs.

Bounds and defaults are written as the document writes them ("CameraXSize - 1") and resolved with
the camera's own values. The calls that have these parameters are in `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Kind(Enum):
    """How a value is written: in words, and as a regular expression."""

    INTEGER = ("an integer", r"-?[0-9]+")
    DECIMAL = ("a number", r"-?[0-9]+(\.[0-9]+)?")
    HUNDREDTHS = ("a number with two decimals", r"-?[0-9]+\.[0-9]{2}")
    TEXT = ("text", r"[ -~]*")

    def __init__(self, words: str, form: str) -> None:
        self.words, self.form = words, form


@dataclass(frozen=True)
class Parameter:
    """A row of a Get or Set table.

    Attributes:
        low: formula of the least value that may be set, "" where the document sets no limit.
        high: of the greatest one.
        default: "" when it can only be read.
        code: of the refusal of a value outside; None where the document names no error.
        length: of the longest text.
    """

    name: str
    kind: Kind
    low: str = ""
    high: str = ""
    default: str = ""
    code: int | None = None
    length: int = 0

    @property
    def stored_high(self) -> str:
        """The greatest value that can be read: a NumX stays as it is when StartX grows."""
        return self.high.partition(" - Start")[0]

    @property
    def statement(self) -> str:
        """What the document says of a value that is read."""
        low = f", at least {self.low}" if self.low else ""
        high = f", at most {self.stored_high}" if self.high else ""
        return f"{self.name} is {self.kind.words}{low}{high}"

    def same(self, one: str, other: str) -> bool:
        """Tell whether two values are equal, numbers to the last decimal that cameras show."""
        if self.kind is Kind.DECIMAL:
            return abs(float(one) - float(other)) < 0.01
        return one == other


def resolve(formula: str, values: Mapping[str, str]) -> float:
    """Return the number a formula stands for, such as "CameraXSize - StartX + 1".

    Raises ValueError when a word of it is neither in `values` nor a number.
    """
    total, sign = 0.0, 1
    for word in formula.split(" "):
        if word in ("+", "-"):
            sign = 1 if word == "+" else -1
        else:
            total += sign * float(values.get(word, word))
    return total


NO_VALID_PARAMETER = 0x80001000
START_X, NUM_X, NUM_Y = 0x80001003, 0x80001005, 0x80001006
CAMERA_BUSY, BAD_PARAMETER, PARAMETERS_MISSING = 0x80001008, 0x80001009, 0x8000100A
FILTER_BUSY = 0x8000100B
ERROR_TEXTS = {
    NO_VALID_PARAMETER: "No valid parameter.",
    0x80001001: "BinX < 1 or > MaxBin",
    0x80001002: "BinY < 1 or > MaxBin",
    START_X: "StartX < 0 or > (CameraXSize - 1)",
    0x80001004: "StartY < 0 or > (CameraYSize - 1)",
    NUM_X: "NumX < 1 or > (CameraXSize - StartX)",
    NUM_Y: "NumY < 1 or > (CameraYSize - StartY)",
    0x80001007: "Abort failed.",
    CAMERA_BUSY: "Camera is busy.",
    BAD_PARAMETER: "Bad parameter.",
    PARAMETERS_MISSING: "Parameter(s) missing.",
    FILTER_BUSY: "Filter Selector is busy.",
    0x8000100C: "Filter Selector not found.",
    0x8000100D: "Filter Selector communication error.",
}

# What the published interface of newer firmware says instead.
NEWER_TEXTS = {
    NUM_X: "NumX < 0 or > (CameraXSize - StartX)",
    NUM_Y: "NumY < 0 or > (CameraYSize - StartY)",
}

_INTEGER, _DECIMAL, _HUNDREDTHS, _TEXT = Kind
COOLER = ("CoolerState", "CCDTemperatureSetpoint")
_IMAGER = (
    Parameter("BinX", _INTEGER, "1", "MaxBinX", "1", 0x80001001),
    Parameter("BinY", _INTEGER, "1", "MaxBinY", "1", 0x80001002),
    Parameter("CoolerState", _INTEGER, "0", "1", "0"),
    Parameter("CCDTemperature", _DECIMAL),
    Parameter("CCDTemperatureSetpoint", _DECIMAL, "-100.0", "100.0", "25.0"),
    Parameter("CoolerPower", _DECIMAL, "0", "100"),
    Parameter("CameraXSize", _INTEGER, "1"),
    Parameter("CameraYSize", _INTEGER, "1"),
    Parameter("ElectronsPerADU", _DECIMAL, "0"),
    Parameter("FullWellCapacity", _DECIMAL, "0"),
    Parameter("AmbientTemperature", _DECIMAL),
    Parameter("MaxADU", _INTEGER, "1", "65535"),
    Parameter("MaxBinX", _INTEGER, "1"),
    Parameter("MaxBinY", _INTEGER, "1"),
    Parameter("StartX", _INTEGER, "0", "CameraXSize - 1", "0", START_X),
    Parameter("StartY", _INTEGER, "0", "CameraYSize - 1", "0", 0x80001004),
    Parameter("NumX", _INTEGER, "1", "CameraXSize - StartX", "CameraXSize", NUM_X),
    Parameter("NumY", _INTEGER, "1", "CameraYSize - StartY", "CameraYSize", NUM_Y),
    # The only decimal number that a conversation of the document shows: "9.00".
    Parameter("PixelSizeX", _HUNDREDTHS, "0"),
    Parameter("PixelSizeY", _HUNDREDTHS, "0"),
)


@dataclass(frozen=True)
class Ccd:
    """What the document says of one of the three CCDs.

    Attributes:
        prefix: how its calls begin.
        title: how its sections begin.
        example_duration: of the Start Exposure example, in seconds.
        absent: parameters that other CCDs have and this one has not.
        read_only: parameters that the imager's calls can set and its own cannot.
    """

    prefix: str
    title: str
    example_duration: str
    absent: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the ids of its rows begin."""
        return self.prefix.lower()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its Get table; the cooler is set with the imager's calls only."""
        table = [row for row in _IMAGER if row.name not in self.absent]
        return tuple(replace(r, default="") if r.name in self.read_only else r for r in table)

    def uri(self, call: str, query: str = "") -> str:
        """Return the URI of one of its calls, such as `GetSettings.cgi`."""
        return f"/api/{self.prefix}{call}?{query}".rstrip("?")


_NO_COOLER = ("CoolerState", "CCDTemperature", "CCDTemperatureSetpoint", "CoolerPower")
IMAGER = Ccd("Imager", "Imager", "300")
CCDS = (
    IMAGER,
    Ccd("Guider", "Guider", "11.7", ("CCDTemperatureSetpoint",), ("CoolerState",)),
    Ccd("ExtGuider", "External Guider", "2.52", _NO_COOLER),
)
CCD_NAMES = tuple(ccd.name for ccd in CCDS)
CCD_STATES = {"0": "idle", "2": "exposing", "3": "reading out", "5": "error"}
IMAGE_STATES = {"0": "no image", "1": "an image"}
FRAME_TYPES = {0: "Dark", 1: "Light", 2: "Bias", 3: "Flat Field"}

FILTER_STATES = {"0": "idle", "1": "moving", "2": "error"}
FILTERS = (
    Parameter("CurrentFilter", _INTEGER, "0", "8"),
    Parameter("CurrentFilterName", _TEXT),
    *(Parameter(f"Filter{slot}Name", _TEXT, default="Empty", length=16) for slot in range(1, 9)),
)

RELAY_STATES = {"0": "no relay closed", "1": "a relay closed"}
RELAYS = ("XPlus", "XMinus", "YPlus", "YMinus")
RELAY_TIMES = tuple(Parameter(name, _DECIMAL, "0", "655.35") for name in RELAYS)
MIRROR_STATES = {"0": "idle", "1": "moving"}

FITS_SETTINGS = (
    Parameter("ObjectName", _TEXT, default="Object Description", length=67),
    Parameter("Observer", _TEXT, default="STX Camera Operator", length=67),
    Parameter("Telescope", _TEXT, default="Telescope Description", length=67),
    Parameter("FL", _DECIMAL, default="2000.00"),
    Parameter("Aperture", _DECIMAL, default="200.00"),
    Parameter("Area", _DECIMAL, default="25000.00"),
)
RESERVED = "!*'();:@&=+$,/?%#[] "
"""The characters that a URI holds only percent-encoded, by their ASCII number."""
