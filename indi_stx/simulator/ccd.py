"""One CCD of the camera: its exposure from start to frame (STX API, Imaging CCD).

State is a function of camera time: exposing (2), reading out (3), idle (0). Pixels are developed by
whoever `on_start` tells; a frame that is developed late keeps the CCD in state 3. Starting an
exposure empties the image buffer; an aborted exposure leaves it empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.faults import Faults
from indi_stx.simulator.geometry import Geometry, Window
from indi_stx.simulator.pointing import Pointing
from indi_stx.simulator.sensor import Illumination, Pixels, Sensor
from indi_stx.simulator.sky import Sky

DEFAULT_DATE_TIME = "2008-01-01T00:00:00.000"


class CcdState(IntEnum):
    """Reply of ImagerState.cgi and its sisters."""

    IDLE = 0
    EXPOSING = 2
    READING_OUT = 3
    ERROR = 5


class FrameType(IntEnum):
    """FrameType of StartExposure; bias is a dark and flat is a light but for the header."""

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
    """One exposure; times are camera seconds."""

    number: int
    duration_s: float
    frame_type: FrameType
    date_time: str
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


class Ccd:
    """Settings, exposure and image buffer of one CCD.

    Attributes:
        name: one of `faults.CCD_NAMES`.
        ready_at: machine monotonic time at which the last frame became available.
        frame_count: how many frames became available.
    """

    def __init__(
        self,
        name: str,
        sensor: Sensor,
        sky: Sky,
        pointing: Pointing,
        time: CameraTime,
        faults: Faults,
        temperature_celsius: Callable[[], float],
    ) -> None:
        self.name = name
        self.sensor = sensor
        self.sky = sky
        self.geometry = Geometry(sensor.model)
        self.temperature_celsius = temperature_celsius
        self.on_start: Callable[[Ccd, Exposure], None] = lambda ccd, exposure: None
        self.ready_at: float | None = None
        self.frame_count = 0
        self._pointing = pointing
        self._time = time
        self._faults = faults
        self._number = 0
        self._exposure: Exposure | None = None
        self._developed: tuple[Frame, float] | None = None
        self._frame: Frame | None = None
        self._stale: Frame | None = None
        self._failed = False

    def start(self, duration_s: float, frame_type: FrameType, date_time: str) -> ErrorCode | None:
        """Begin an exposure, or return the code that refuses it."""
        if self.state() in (CcdState.EXPOSING, CcdState.READING_OUT):
            return ErrorCode.CAMERA_BUSY
        window = self.geometry.window()
        if window is None:
            return ErrorCode.BAD_PARAMETER
        now = self._time.now()
        closes = now + duration_s
        ends = closes + self.sensor.model.read_out_s(window.width, window.height)
        self._number += 1
        self._exposure = Exposure(
            self._number, duration_s, frame_type, date_time, window, now, closes, ends
        )
        self._stale, self._frame = self._frame or self._stale, None
        self._developed, self._failed = None, False
        self.on_start(self, self._exposure)
        return None

    def abort(self) -> ErrorCode | None:
        """End a running exposure without an image; nothing running is no error."""
        if self.state() in (CcdState.EXPOSING, CcdState.READING_OUT):
            if "abort-fails" in self._faults:
                return ErrorCode.ABORT_FAILED
            self._exposure, self._developed = None, None
        self._failed = False
        return None

    def power_up(self) -> None:
        """Forget settings, exposure and image, as a reboot does."""
        self.geometry.reset()
        self._exposure = self._developed = self._frame = self._stale = None
        self._failed = False

    def state(self) -> CcdState:
        """Return what the CCD does now."""
        self._settle()
        if self._exposure is None:
            return CcdState.ERROR if self._failed else CcdState.IDLE
        exposing = self._time.now() < self._exposure.shutter_closes_at
        return CcdState.EXPOSING if exposing else CcdState.READING_OUT

    def image_ready(self) -> bool:
        """Tell whether the image buffer holds a frame."""
        return self.frame() is not None

    def frame(self) -> Frame | None:
        """Return what a download would deliver now."""
        self._settle()
        if self._frame is None and "stale-ready" in self._faults:
            return self._stale
        return self._frame

    def awaits(self, exposure: Exposure) -> bool:
        """Tell whether an exposure has not been aborted."""
        return exposure is self._exposure

    def develop(self, exposure: Exposure) -> Frame:
        """Make the pixels of an exposure whose shutter has closed; slow, any thread."""
        temperature = self.temperature_celsius()
        light = Illumination(exposure.duration_s, temperature)
        if exposure.frame_type.shutter_opens:
            path = self._pointing.path_arcsec(exposure.starts_at, exposure.shutter_closes_at)
            light = replace(
                light,
                starlight=self.sky.starlight(path),
                glow_electrons_per_s=self.sky.glow_electrons_per_s(),
            )
        pixels = self.sensor.read(exposure.window, light, exposure.number)
        if "zero-frame" in self._faults:
            pixels[:] = 0
        return Frame(exposure, pixels, temperature)

    def deliver(self, frame: Frame) -> None:
        """Accept a developed frame; that of an aborted exposure is dropped."""
        if frame.exposure is self._exposure:
            self._developed = (frame, self._time.now())

    def _settle(self) -> None:
        """Move a developed frame into the image buffer once read-out has ended."""
        if self._developed is None:
            return
        frame, developed_at = self._developed
        available_at = max(developed_at, frame.exposure.read_out_ends_at)
        if self._time.now() < available_at:
            return
        self._exposure = self._developed = None
        if self._faults.get("error-state", ccd=self.name):
            self._failed = True
            return
        self._frame = frame
        self.frame_count += 1
        self.ready_at = self._time.machine_s(available_at)
