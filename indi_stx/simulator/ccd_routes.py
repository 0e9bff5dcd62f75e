"""The eight calls of one CCD (STX API, Imaging / Internal Guide / External Guide CCD)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import DEFAULT_DATE_TIME, Ccd
from indi_stx.simulator.ccd_settings import get_table, set_table
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.exposure import Exposure, Frame, FrameType
from indi_stx.simulator.fits_file import FitsFacts, fits_file
from indi_stx.simulator.http_message import Reply, refusal, text_reply
from indi_stx.simulator.numerals import parse_decimal, parse_integer
from indi_stx.simulator.parameter_tables import (
    Getter,
    Query,
    Setter,
    command_reply,
    first_values,
    get_values,
    set_values,
)

# The document's pattern has dots in the time, its default and every known client colons.
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT)(\d\d)[:.](\d\d)[:.](\d\d)(?:\.(\d{0,6}))?\Z", re.ASCII)

Handler = Callable[[Query], Reply]


def ccd_routes(camera: SimulatedCamera, prefix: str, ccd: Ccd) -> dict[str, Handler]:
    """Return the paths of one CCD; `prefix` is Imager, Guider or ExtGuider."""
    calls = _CcdCalls(camera, ccd, get_table(camera, ccd), set_table(camera, ccd))
    return {
        f"/api/{prefix}GetSettings.cgi": calls.get_settings,
        f"/api/{prefix}SetSettings.cgi": calls.set_settings,
        f"/api/{prefix}State.cgi": lambda _: text_reply(str(int(ccd.state()))),
        f"/api/{prefix}Data.bin": calls.data,
        f"/api/{prefix}.FIT": calls.fits,
        f"/api/{prefix}ImageReady.cgi": lambda _: text_reply(str(int(ccd.image_ready()))),
        f"/api/{prefix}StartExposure.cgi": calls.start_exposure,
        f"/api/{prefix}AbortExposure.cgi": lambda _: command_reply(ccd.abort()),
    }


@dataclass(frozen=True)
class _CcdCalls:
    camera: SimulatedCamera
    ccd: Ccd
    getters: dict[str, Getter]
    setters: dict[str, Setter]

    def get_settings(self, query: Query) -> Reply:
        return get_values(self.getters, query)

    def set_settings(self, query: Query) -> Reply:
        known = any(p.value is not None and p.name in self.setters for p in query)
        if self.camera.options.firmware == "newer" and not known:
            return refusal(ErrorCode.NO_VALID_PARAMETER)
        return set_values(self.setters, query)

    def start_exposure(self, query: Query) -> Reply:
        """Check in the order of the document's sentence: missing, busy, invalid."""
        given = first_values(query)
        if "Duration" not in given or "FrameType" not in given:
            return refusal(ErrorCode.PARAMETER_MISSING)
        if self.ccd.is_busy():
            return refusal(ErrorCode.CAMERA_BUSY)
        duration_s = parse_decimal(given["Duration"])
        frame_type = parse_integer(given["FrameType"])
        date_time = self._date_time(given.get("DateTime", DEFAULT_DATE_TIME))
        # Real cameras take 0 for a bias, below the document's 0.01.
        if duration_s is None or duration_s < 0 or date_time is None:
            return refusal(ErrorCode.BAD_PARAMETER)
        if frame_type is None or frame_type not in set(FrameType):
            return refusal(ErrorCode.BAD_PARAMETER)
        return command_reply(self.ccd.start(duration_s, FrameType(frame_type), date_time))

    def _date_time(self, text: str) -> str | None:
        return text if self.camera.options.date_time_check == "none" else read_date_time(text)

    def _downloadable(self) -> Frame | None:
        """Return what a download gets; whoever has to wait for it has done so before."""
        if self.camera.options.busy_download == "previous" and self.ccd.is_busy():
            return self.ccd.frame() or self.ccd.frame_before()
        return self.ccd.frame()

    def data(self, _: Query) -> Reply:
        """Send the frame, or no byte at all when there is none."""
        frame = self._downloadable()
        if frame is None:
            return Reply(binary=True)
        return Reply(binary=True, body=frame.pixels.data.cast("B"))

    def fits(self, _: Query) -> Reply:
        frame = self._downloadable()
        if frame is None:
            return Reply(binary=True)
        facts = self._facts(frame)
        return Reply(binary=True, compose=lambda: fits_file(frame.pixels, facts, self.camera.flash))

    def _facts(self, frame: Frame) -> FitsFacts:
        camera, exposure, window = self.camera, frame.exposure, frame.exposure.window
        imager = self.ccd is camera.imager
        position = camera.wheel.position() if imager else 0
        return FitsFacts(
            instrument=camera.model.description,
            sensor=self.ccd.sensor.model,
            frame_type=exposure.frame_type.fits_name,
            date_obs=self._date_obs(exposure),
            exposure_s=exposure.duration_s,
            ccd_celsius=frame.temperature_celsius,
            setpoint_celsius=camera.cooler.setpoint_celsius if imager else None,
            bin_x=window.bin_x,
            bin_y=window.bin_y,
            start_x=window.start_x,
            start_y=window.start_y,
            filter_name=camera.flash.filter_names[position - 1] if position else None,
            created=camera.time.own_utc(camera.time.now()).partition("T")[0],
            began=exposure.own_date_time,
        )

    def _date_obs(self, exposure: Exposure) -> str | None:
        options = self.camera.options
        if options.date_obs == "none":
            return None
        shown = exposure.date_time if options.date_obs == "echo" else exposure.own_date_time
        return shown.partition(".")[0] if options.date_obs_truncated else shown


def read_date_time(text: str) -> str | None:
    """Return a DateTime with colons and milliseconds, or None when there is no such moment."""
    match = _DATE_TIME.match(text)
    if not match:
        return None
    day, hour, minute, second, fraction = match.groups()
    try:
        # A leap second is the sixtieth of its minute, which datetime does not know.
        datetime.fromisoformat(f"{day}{hour}:{minute}:{'59' if second == '60' else second}")
    except ValueError:
        return None
    return f"{day}{hour}:{minute}:{second}.{(fraction or '').ljust(3, '0')[:3]}"


def downloads(camera: SimulatedCamera) -> dict[str, Ccd]:
    """Return the CCD that each path of a download belongs to."""
    ccds = zip(("Imager", "Guider", "ExtGuider"), camera.ccds.values(), strict=True)
    paths = {
        path: ccd for name, ccd in ccds for path in (f"/api/{name}Data.bin", f"/api/{name}.FIT")
    }
    return {**paths, "/Image.FIT": camera.imager, "/Preview.jpg": camera.imager}
