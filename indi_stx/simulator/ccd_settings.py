"""The tables of Get Settings and Set Settings of the three CCDs (STX API)."""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.simulator.camera import FanState, SimulatedCamera
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.error_codes import (
    FAN_POWER,
    FAN_POWER_NOT_SETTABLE,
    FAN_STATE,
    NEWER_NUM_X,
    NEWER_NUM_Y,
    OVER_SCAN,
    ErrorCode,
    Refused,
)
from indi_stx.simulator.numerals import parse_decimal, parse_integer, two_decimals
from indi_stx.simulator.parameter_tables import Getter, Setter

GEOMETRY_NAMES = ("BinX", "BinY", "StartX", "StartY", "NumX", "NumY")
LOWEST_SETPOINT, HIGHEST_SETPOINT = -100.0, 100.0


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
            table["OverScan"] = lambda: str(int(camera.overscan_on))
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
    if newer:
        geometry["NumX"] = _in_other_words(geometry["NumX"], NEWER_NUM_X)
        geometry["NumY"] = _in_other_words(geometry["NumY"], NEWER_NUM_Y)
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


def _in_other_words(setter: Setter, refused: Refused) -> Setter:
    return lambda text: refused if setter(text) is not None else None


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

    def fan_state(self, text: str) -> Refused | None:
        value = parse_integer(text)
        if value is None or value not in set(FanState):
            return FAN_STATE
        if "fan-writes-ignored" not in self.camera.faults:
            self.camera.fan_state = FanState(value)
        return None

    def fan_power(self, text: str) -> Refused | None:
        value = parse_decimal(text)
        if value is None or not 0 <= value <= 100:
            return FAN_POWER
        if "fan-writes-ignored" in self.camera.faults:
            return None
        if self.camera.fan_state is not FanState.MANUAL:
            return FAN_POWER_NOT_SETTABLE
        self.camera.manual_fan_percent = round(value)
        return None

    def overscan(self, text: str) -> Refused | None:
        value = parse_integer(text)
        if value not in (0, 1):
            return OVER_SCAN
        self.camera.switch_overscan(value == 1)
        return None
