"""The eight calls of one CCD (STX API, Imaging / Internal Guide / External Guide CCD)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from indi_stx.simulator.camera import FanState, SimulatedCamera
from indi_stx.simulator.ccd import DEFAULT_DATE_TIME, Ccd
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.exposure import Exposure, Frame, FrameType
from indi_stx.simulator.fits_file import FitsFacts, fits_file
from indi_stx.simulator.http_message import Reply, refusal, text_reply
from indi_stx.simulator.numerals import parse_decimal, parse_integer, two_decimals
from indi_stx.simulator.parameter_tables import (
    Getter,
    Query,
    Setter,
    command_reply,
    first_values,
    get_values,
    set_values,
)

GEOMETRY_NAMES = ("BinX", "BinY", "StartX", "StartY", "NumX", "NumY")
LOWEST_SETPOINT, HIGHEST_SETPOINT = -100.0, 100.0
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
    return {
        path: ccd for name, ccd in ccds for path in (f"/api/{name}Data.bin", f"/api/{name}.FIT")
    }


def get_table(camera: SimulatedCamera, ccd: Ccd) -> dict[str, Getter]:
    """Return the Get Settings table of one of the three CCDs."""
    geometry, sensor, cooler = ccd.geometry, ccd.sensor.model, camera.cooler
    table: dict[str, Getter] = {
        "BinX": lambda: str(geometry.bin_x),
        "BinY": lambda: str(geometry.bin_y),
        "CameraXSize": lambda: str(geometry.columns),
        "CameraYSize": lambda: str(geometry.rows),
        "ElectronsPerADU": lambda: two_decimals(sensor.electrons_per_adu),
        "FullWellCapacity": lambda: two_decimals(sensor.full_well_electrons),
        "AmbientTemperature": lambda: two_decimals(cooler.ambient_celsius),
        "MaxADU": lambda: str(sensor.max_adu),
        "MaxBinX": lambda: str(sensor.max_bin),
        "MaxBinY": lambda: str(sensor.max_bin),
        "StartX": lambda: str(geometry.start_x),
        "StartY": lambda: str(geometry.start_y),
        "NumX": lambda: str(geometry.shown_num_x),
        "NumY": lambda: str(geometry.shown_num_y),
        "PixelSizeX": lambda: two_decimals(sensor.pixel_um),
        "PixelSizeY": lambda: two_decimals(sensor.pixel_um),
    }
    if ccd is not camera.external_guider:
        table |= _cooler_getters(camera, ccd)
    if ccd is camera.imager:
        table["CCDTemperatureSetpoint"] = lambda: two_decimals(cooler.setpoint_celsius)
        if camera.options.firmware == "newer":
            table["FanState"] = lambda: str(int(camera.fan_state))
            table["FanPower"] = lambda: str(camera.fan_percent())
            table["OverScan"] = lambda: str(camera.overscan)
    return table


def _cooler_getters(camera: SimulatedCamera, ccd: Ccd) -> dict[str, Getter]:
    cooler = camera.cooler
    cooled = ccd is camera.imager or camera.model.guider_is_cooled
    return {
        "CoolerState": lambda: str(int(cooled and cooler.on)),
        "CCDTemperature": lambda: two_decimals(ccd.temperature_celsius()),
        "CoolerPower": lambda: two_decimals(cooler.power_percent() if cooled else 0.0),
    }


def set_table(camera: SimulatedCamera, ccd: Ccd) -> dict[str, Setter]:
    """Return the Set Settings table, in the document's order of checks."""

    def geometry_setter(name: str) -> Setter:
        return lambda text: ccd.geometry.set_parameter(name, text)

    geometry = {name: geometry_setter(name) for name in GEOMETRY_NAMES}
    if ccd is not camera.imager:
        return geometry
    newer = camera.options.firmware == "newer"
    settings = _ImagerSettings(camera)
    fan: dict[str, Setter] = {"FanState": settings.fan_state, "FanPower": settings.fan_power}
    return {
        "BinX": geometry.pop("BinX"),
        "BinY": geometry.pop("BinY"),
        "CoolerState": settings.cooler_state,
        "CCDTemperatureSetpoint": settings.setpoint,
        **(fan if newer else {}),
        **geometry,
        **({"OverScan": settings.overscan} if newer else {}),
    }


@dataclass(frozen=True)
class _ImagerSettings:
    """Setters that only the imager has.

    The document demands a 400 for any invalid value but lists no code for these: Bad parameter.
    """

    camera: SimulatedCamera

    def cooler_state(self, text: str) -> ErrorCode | None:
        value = parse_integer(text)
        if value not in (0, 1):
            return ErrorCode.BAD_PARAMETER
        self.camera.cooler.switch(value == 1)
        return None

    def setpoint(self, text: str) -> ErrorCode | None:
        value = parse_decimal(text)
        if value is None or not LOWEST_SETPOINT <= value <= HIGHEST_SETPOINT:
            return ErrorCode.BAD_PARAMETER
        self.camera.cooler.aim(value)
        return None

    def fan_state(self, text: str) -> ErrorCode | None:
        value = parse_integer(text)
        if value is None or value not in set(FanState):
            return ErrorCode.BAD_PARAMETER
        if "fan-writes-ignored" not in self.camera.faults:
            self.camera.fan_state = FanState(value)
        return None

    def fan_power(self, text: str) -> ErrorCode | None:
        value = parse_decimal(text)
        if value is None or not 0 <= value <= 100:
            return ErrorCode.BAD_PARAMETER
        if "fan-writes-ignored" in self.camera.faults:
            return None
        if self.camera.fan_state is not FanState.MANUAL:
            return ErrorCode.BAD_PARAMETER
        self.camera.manual_fan_percent = round(value)
        return None

    def overscan(self, text: str) -> ErrorCode | None:
        value = parse_integer(text)
        if value not in (0, 1):
            return ErrorCode.BAD_PARAMETER
        self.camera.overscan = value
        return None
