"""The page on which the imaging CCD's binning, frame, cooler and fan are set."""

from __future__ import annotations

from indi_stx.simulator.camera import FanState, SimulatedCamera
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.http_message import Reply, html_reply
from indi_stx.simulator.numerals import parse_decimal, parse_integer, two_decimals
from indi_stx.simulator.parameter_tables import Query, Setter, set_values
from indi_stx.simulator.web_markup import form, page, radio_inputs, text_input

# The page numbers the fan's states differently from the API.
FAN_OF_PAGE = {1: FanState.AUTO, 2: FanState.MANUAL, 3: FanState.OFF}
FRAME_SIZES = {1: "full", 2: "half", 3: "quarter"}
HIGHEST_BIN_OF_PAGE = 3


class SetupPage:
    """Show and take the settings; `api_setters` are those of ImagerSetSettings."""

    def __init__(self, camera: SimulatedCamera, api_setters: dict[str, Setter]) -> None:
        self._camera = camera
        self._setters: dict[str, Setter] = {
            "Bin": self._set_bin,
            "CCDTemperatureSetpoint": api_setters["CCDTemperatureSetpoint"],
            "CoolerState": api_setters["CoolerState"],
            "Fan": self._set_fan,
            "FanSetpoint": self._set_fan_power,
            "FrameSize": self._set_frame_size,
        }

    def answer(self, query: Query) -> Reply:
        """Set what the query holds, stop at the first refusal, and show what is set now."""
        reply = set_values(self._setters, query)
        return reply if reply.status != 200 else html_reply(self._page())

    def _page(self) -> str:
        camera, geometry = self._camera, self._camera.imager.geometry
        bins = range(1, min(HIGHEST_BIN_OF_PAGE, camera.imager.sensor.model.max_bin) + 1)
        chosen_bin = geometry.bin_x if geometry.bin_x == geometry.bin_y else None
        fan = next(value for value, state in FAN_OF_PAGE.items() if state is camera.fan_state)
        rows = {
            "Binning": radio_inputs("Bin", {n: f"{n} x {n}" for n in bins}, chosen_bin),
            "Cooler": radio_inputs("CoolerState", {0: "off", 1: "on"}, int(camera.cooler.on)),
            "CCD set point, C": text_input(
                "CCDTemperatureSetpoint", two_decimals(camera.cooler.setpoint_celsius)
            ),
            "Fan": radio_inputs("Fan", {1: "automatic", 2: "manual", 3: "off"}, fan),
            "Fan power, %": text_input("FanSetpoint", f"{camera.fan_percent():.1f}"),
            "Frame": radio_inputs("FrameSize", FRAME_SIZES, self._frame_size()),
        }
        return page("Setup", form("CameraSetup", rows, action="/setup.html", button="Set"))

    def _set_bin(self, text: str) -> ErrorCode | None:
        geometry = self._camera.imager.geometry
        return geometry.set_parameter("BinX", text) or geometry.set_parameter("BinY", text)

    def _set_fan(self, text: str) -> ErrorCode | None:
        state = FAN_OF_PAGE.get(parse_integer(text) or 0)
        if state is None:
            return ErrorCode.BAD_PARAMETER
        if "fan-writes-ignored" not in self._camera.faults:
            self._camera.fan_state = state
        return None

    def _set_fan_power(self, text: str) -> ErrorCode | None:
        """Set it when the fan is manual; else the page only sends back what it showed."""
        value = parse_decimal(text)
        if value is None or not 0 <= value <= 100:
            return ErrorCode.BAD_PARAMETER
        manual = self._camera.fan_state is FanState.MANUAL
        if manual and "fan-writes-ignored" not in self._camera.faults:
            self._camera.manual_fan_percent = round(value)
        return None

    def _set_frame_size(self, text: str) -> ErrorCode | None:
        size = parse_integer(text)
        if size not in FRAME_SIZES:
            return ErrorCode.BAD_PARAMETER
        # A size that is sent back unchanged must not round a frame that was set to the pixel.
        if size != self._frame_size():
            self._camera.imager.geometry.centre(2 ** (size - 1))
        return None

    def _frame_size(self) -> int | None:
        geometry = self._camera.imager.geometry
        return next((size for size in FRAME_SIZES if geometry.is_centred(2 ** (size - 1))), None)
