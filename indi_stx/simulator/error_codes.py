"""The camera's refusals: numbers and texts (STX API, the error tables of every call)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ErrorCode(IntEnum):
    """Error number in the body of a "400 Bad Request"."""

    NO_VALID_PARAMETER = 0x80001000
    BIN_X = 0x80001001
    BIN_Y = 0x80001002
    START_X = 0x80001003
    START_Y = 0x80001004
    NUM_X = 0x80001005
    NUM_Y = 0x80001006
    ABORT_FAILED = 0x80001007
    CAMERA_BUSY = 0x80001008
    BAD_PARAMETER = 0x80001009
    PARAMETER_MISSING = 0x8000100A
    FILTER_BUSY = 0x8000100B
    FILTER_NOT_FOUND = 0x8000100C
    FILTER_COMMUNICATION = 0x8000100D


@dataclass(frozen=True)
class Refusal:
    """A refusal in the words of the newer firmware.

    The words have been published, without the numbers that the camera sends before them.
    """

    code: ErrorCode
    text: str


Refused = ErrorCode | Refusal

NEWER_NUM_X = Refusal(ErrorCode.NUM_X, "NumX < 0 or > (CameraXSize - StartX)")
NEWER_NUM_Y = Refusal(ErrorCode.NUM_Y, "NumY < 0 or > (CameraYSize - StartY)")
FAN_STATE = Refusal(ErrorCode.BAD_PARAMETER, "FanState invalid")
FAN_POWER = Refusal(ErrorCode.BAD_PARAMETER, "FanPower invalid")
FAN_POWER_NOT_SETTABLE = Refusal(
    ErrorCode.BAD_PARAMETER, "Fan Power not settable when FanState is Auto if Off"
)
OVER_SCAN = Refusal(ErrorCode.BAD_PARAMETER, "Over Scan invalid")

ERROR_TEXTS: dict[ErrorCode, str] = {
    ErrorCode.NO_VALID_PARAMETER: "No valid parameter.",
    ErrorCode.BIN_X: "BinX < 1 or > MaxBin",
    ErrorCode.BIN_Y: "BinY < 1 or > MaxBin",
    ErrorCode.START_X: "StartX < 0 or > (CameraXSize - 1)",
    ErrorCode.START_Y: "StartY < 0 or > (CameraYSize - 1)",
    ErrorCode.NUM_X: "NumX < 1 or > (CameraXSize - StartX)",
    ErrorCode.NUM_Y: "NumY < 1 or > (CameraYSize - StartY)",
    ErrorCode.ABORT_FAILED: "Abort failed.",
    ErrorCode.CAMERA_BUSY: "Camera is busy.",
    ErrorCode.BAD_PARAMETER: "Bad parameter.",
    ErrorCode.PARAMETER_MISSING: "Parameter(s) missing.",
    ErrorCode.FILTER_BUSY: "Filter Selector is busy.",
    ErrorCode.FILTER_NOT_FOUND: "Filter Selector not found.",
    ErrorCode.FILTER_COMMUNICATION: "Filter Selector communication error.",
}
