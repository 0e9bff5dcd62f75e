"""One exposure and the frame that comes of it (STX API, Start Exposure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from indi_stx.simulator.geometry import Window
from indi_stx.simulator.sensor import Pixels

WAITING_S = 0.2


class CcdState(IntEnum):
    """Reply of ImagerState.cgi and its sisters; 1 and 4 only with the fault `ascom-states`."""

    IDLE = 0
    WAITING = 1
    EXPOSING = 2
    READING_OUT = 3
    DOWNLOADING = 4
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

    def ascom_state(self, now: float) -> CcdState:
        """Return the state in all of ASCOM's steps; waiting and download last a moment."""
        read_out_s = self.read_out_ends_at - self.shutter_closes_at
        if now >= self.shutter_closes_at + read_out_s / 2:
            return CcdState.DOWNLOADING
        if now >= self.shutter_closes_at:
            return CcdState.READING_OUT
        waits = now < self.starts_at + min(WAITING_S, self.duration_s / 2)
        return CcdState.WAITING if waits else CcdState.EXPOSING


@dataclass(frozen=True)
class Frame:
    """A developed frame; `pixels` has shape (rows, columns), little-endian."""

    exposure: Exposure
    pixels: Pixels
    temperature_celsius: float
