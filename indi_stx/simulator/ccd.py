"""One CCD of the camera: its exposure from start to frame (STX API, Imaging CCD).

State is a function of camera time: exposing (2), reading out (3), idle (0). Pixels are developed by
whoever `on_start` tells; a frame that is developed late keeps the CCD in state 3. When an exposure
begins, the image buffer is emptied; an aborted exposure leaves it empty. The fault `start-latency`
puts time between the start that was accepted and the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.exposure import CcdState, Exposure, Frame, FrameType
from indi_stx.simulator.faults import Fault, Faults
from indi_stx.simulator.geometry import Geometry
from indi_stx.simulator.pointing import Pointing
from indi_stx.simulator.sensor import Illumination, Sensor, add_old_charge, fill_with_noise
from indi_stx.simulator.sky import Sky

DEFAULT_DATE_TIME = "2008-01-01T00:00:00.000"


@dataclass(frozen=True)
class _ForeignAbort:
    """When another program is to abort the running exposure."""

    fault: Fault
    at_s: float


class Ccd:
    """Settings, exposure and image buffer of one CCD.

    Attributes:
        name: one of `faults.CCD_NAMES`.
        is_disturbed: tells whether something else in the camera disturbs a read-out now.
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
        self.is_disturbed: Callable[[], bool] = lambda: False
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
        self._before: Frame | None = None
        self._last: Frame | None = None
        self._foreign_abort: _ForeignAbort | None = None
        self._failed = False
        self._is_fresh = True

    def start(self, duration_s: float, frame_type: FrameType, date_time: str) -> ErrorCode | None:
        """Begin an exposure, or return the code that refuses it."""
        if self.is_busy():
            return ErrorCode.CAMERA_BUSY
        window = self.geometry.window()
        if window is None:
            return ErrorCode.BAD_PARAMETER
        latency = self._faults.take("start-latency", ccd=self.name)
        begins = self._time.now() + (latency.numbers["seconds"] if latency else 0.0)
        closes = begins + duration_s
        self._number += 1
        self._exposure = Exposure(
            number=self._number,
            duration_s=duration_s,
            frame_type=frame_type,
            date_time=date_time,
            own_date_time=self._time.own_utc(begins),
            window=window,
            starts_at=begins,
            shutter_closes_at=closes,
            read_out_ends_at=closes + self.sensor.model.read_out_s(window.width, window.height),
        )
        self._last, self._before, self._frame = self._frame or self._last, self._frame, None
        self._developed, self._failed = None, False
        self._plan_foreign_abort(begins)
        self.on_start(self, self._exposure)
        return None

    def abort(self) -> ErrorCode | None:
        """End a running exposure without an image; nothing running is no error."""
        if self.is_busy():
            if self._faults.take("abort-fails", ccd=self.name):
                return ErrorCode.ABORT_FAILED
            self._end_exposure(self._before if self._has_not_begun() else None)
        self._failed = False
        return None

    def power_up(self) -> None:
        """Forget settings, exposure and image, as a reboot does."""
        self.geometry.reset()
        self._is_fresh = True
        self._last = self._before = None
        self._end_exposure(None)
        self._failed = False

    def notice_faults(self) -> None:
        """Let a fault that was just given act on the exposure that runs."""
        if self._exposure and not (
            self._foreign_abort and self._foreign_abort.fault in self._faults
        ):
            self._plan_foreign_abort(self._time.now())

    def is_busy(self) -> bool:
        """Tell whether an exposure was accepted that has not ended, whatever the state says."""
        self._settle()
        return self._exposure is not None

    def state(self) -> CcdState:
        """Return what the CCD does now."""
        self._settle()
        if self._exposure is None:
            return CcdState.ERROR if self._failed else CcdState.IDLE
        if self._has_not_begun():
            return CcdState.IDLE
        if self._faults.get("ascom-states", ccd=self.name):
            return self._exposure.ascom_state(self._time.now())
        exposing = self._time.now() < self._exposure.shutter_closes_at
        return CcdState.EXPOSING if exposing else CcdState.READING_OUT

    def image_ready(self) -> bool:
        """Tell whether the image buffer holds a frame."""
        return self.frame() is not None

    def frame(self) -> Frame | None:
        """Return what the image buffer holds now."""
        self._settle()
        if self._has_not_begun():
            return self._before
        if self._frame is None and self._faults.get("stale-ready", ccd=self.name):
            return self._last
        return self._frame

    def frame_before(self) -> Frame | None:
        """Return what the image buffer held when the last exposure was accepted."""
        return self._before

    def awaits(self, exposure: Exposure) -> bool:
        """Tell whether an exposure has not been aborted."""
        self._settle()
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
        return Frame(exposure, pixels, temperature)

    def deliver(self, frame: Frame) -> None:
        """Accept a developed frame; that of an aborted exposure is dropped."""
        if self.awaits(frame.exposure):
            frame = self._spoilt(frame)
            self._developed = (frame, self._time.now())

    def _spoilt(self, frame: Frame) -> Frame:
        """Return a frame as active faults leave it."""
        pixels = frame.pixels
        if self._is_fresh and self._faults.take("bad-first-frame", ccd=self.name):
            add_old_charge(pixels, self.sensor.model.max_adu)
        self._is_fresh = False
        if self.is_disturbed() and self._faults.take("guide-noise", ccd=self.name):
            fill_with_noise(pixels, frame.exposure.number)
        if self._faults.take("zero-frame", ccd=self.name):
            pixels[:] = 0
        if fault := self._faults.take("wrong-shape", ccd=self.name):
            pixels = pixels[: max(1, len(pixels) - int(fault.numbers["rows"]))]
        return replace(frame, pixels=pixels)

    def _has_not_begun(self) -> bool:
        return self._exposure is not None and self._time.now() < self._exposure.starts_at

    def _end_exposure(self, frame: Frame | None) -> None:
        """End what runs; the image buffer then holds `frame`."""
        self._exposure = self._developed = self._foreign_abort = None
        self._frame = frame

    def _plan_foreign_abort(self, since_s: float) -> None:
        fault = self._faults.get("foreign-abort", ccd=self.name)
        self._foreign_abort = (
            _ForeignAbort(fault, since_s + fault.numbers["after"]) if fault else None
        )

    def _settle(self) -> None:
        """Let happen what was due: an abort by another program, or the end of a read-out."""
        available_at = inf
        if self._developed:
            frame, developed_at = self._developed
            available_at = max(developed_at, frame.exposure.read_out_ends_at)
        now, planned = self._time.now(), self._foreign_abort
        if planned and planned.fault in self._faults and planned.at_s <= min(now, available_at):
            previous = planned.fault.words["buffer"] == "previous"
            self._end_exposure(self._last if previous else None)
            self._faults.count(planned.fault)
        elif now >= available_at:
            self._end_read_out(frame, available_at)

    def _end_read_out(self, frame: Frame, available_at: float) -> None:
        self._end_exposure(None)
        if self._faults.take("error-state", ccd=self.name):
            self._failed = True
            return
        self._frame = frame
        self.frame_count += 1
        self.ready_at = self._time.machine_s(available_at)
