"""One exposure and the frame that comes of it (STX API, Start Exposure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from indi_stx.simulator.geometry import Window
from indi_stx.simulator.sensor import Pixels


class CcdState(IntEnum):
    """Reply of ImagerState.cgi and its sisters."""

    IDLE = 0
    EXPOSING = 2
    READING_OUT = 3
    ERROR = 5


class FrameType(IntEnum):
    """FrameType of StartExposure; bias equals dark, and flat equals light, except in the header."""

    DARK = 0
    LIGHT = 1
    BIAS = 2
    FLAT = 3

    @property
    def shutter_opens(self) -> bool:
        """Tell whether light reaches the CCD."""
        return self in (FrameType.LIGHT, FrameType.FLAT)

    @property
    def fits_name(self) -> str:
        """IMAGETYP of the camera's own FITS file."""
        return ("Dark Frame", "Light Frame", "Bias Frame", "Flat Field")[self]


@dataclass(frozen=True)
class Exposure:
    """One exposure; times are camera seconds.

    Attributes:
        date_time: what StartExposure was given, or its default.
        own_date_time: what the camera's own clock said when the exposure began.
    """

    number: int
    duration_s: float
    frame_type: FrameType
    date_time: str
    own_date_time: str
    window: Window
    starts_at: float
    shutter_closes_at: float
    read_out_ends_at: float


@dataclass(frozen=True)
class Frame:
    """A developed frame; `pixels` has shape (rows, columns), little-endian."""

    exposure: Exposure
    pixels: Pixels
    temperature_celsius: float
