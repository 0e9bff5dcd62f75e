"""Binning and sub-frame of one CCD, with the camera's limit checks (STX API, Set Settings).

StartX/StartY never change NumX/NumY, so a stored geometry can be invalid; `window` finds out when
an exposure starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.models import SensorModel
from indi_stx.simulator.numerals import parse_integer


@dataclass(frozen=True)
class Window:
    """A valid sub-frame in unbinned pixels, and its binning."""

    start_x: int
    start_y: int
    num_x: int
    num_y: int
    bin_x: int
    bin_y: int

    @property
    def width(self) -> int:
        """Binned columns; a remainder is dropped."""
        return self.num_x // self.bin_x

    @property
    def height(self) -> int:
        """Binned rows; a remainder is dropped."""
        return self.num_y // self.bin_y


class Geometry:
    """The six geometry parameters of a CCD; a missing CCD has size 0 x 0.

    Attributes:
        present: whether there is such a CCD.
        overscan_columns: how many columns without light follow those of the sensor now.
    """

    def __init__(self, sensor: SensorModel) -> None:
        self._sensor = sensor
        self.present = True
        self.overscan_columns = 0
        self.reset()

    def reset(self) -> None:
        """Return to the power-up defaults: whole sensor, unbinned."""
        self.bin_x = self.bin_y = 1
        self.start_x = self.start_y = 0
        self.num_x = self._sensor.columns
        self.num_y = self._sensor.rows

    @property
    def columns(self) -> int:
        """CameraXSize."""
        return self._sensor.columns + self.overscan_columns if self.present else 0

    @property
    def rows(self) -> int:
        """CameraYSize."""
        return self._sensor.rows if self.present else 0

    @property
    def shown_num_x(self) -> int:
        """NumX; of a missing CCD, 0."""
        return self.num_x if self.present else 0

    @property
    def shown_num_y(self) -> int:
        """NumY; of a missing CCD, 0."""
        return self.num_y if self.present else 0

    def centre(self, part: int) -> None:
        """Set the frame to the middle of the sensor, 1/`part` of it either way."""
        self.num_x, self.num_y = self.columns // part, self.rows // part
        self.start_x, self.start_y = self._middle(part)

    def is_centred(self, part: int) -> bool:
        """Tell whether the frame is what `centre` makes it."""
        size = (self.columns // part, self.rows // part)
        start = (self.start_x, self.start_y)
        return (self.num_x, self.num_y) == size and start == self._middle(part)

    def _middle(self, part: int) -> tuple[int, int]:
        return (self.columns - self.columns // part) // 2, (self.rows - self.rows // part) // 2

    def set_parameter(self, name: str, text: str) -> ErrorCode | None:
        """Set one parameter by its API name, or return the code that refuses it."""
        low, high, attribute, code = self._rule(name)
        value = parse_integer(text)
        if value is None or not low <= value <= high:
            return code
        setattr(self, attribute, value)
        return None

    def _rule(self, name: str) -> tuple[int, int, str, ErrorCode]:
        match name:
            case "BinX":
                return 1, self._sensor.max_bin, "bin_x", ErrorCode.BIN_X
            case "BinY":
                return 1, self._sensor.max_bin, "bin_y", ErrorCode.BIN_Y
            case "StartX":
                return 0, self.columns - 1, "start_x", ErrorCode.START_X
            case "StartY":
                return 0, self.rows - 1, "start_y", ErrorCode.START_Y
            case "NumX":
                return 1, self.columns - self.start_x, "num_x", ErrorCode.NUM_X
            case "NumY":
                return 1, self.rows - self.start_y, "num_y", ErrorCode.NUM_Y
        raise KeyError(name)

    def window(self) -> Window | None:
        """Return what an exposure started now would read, or None when it does not fit."""
        window = Window(self.start_x, self.start_y, self.num_x, self.num_y, self.bin_x, self.bin_y)
        fits = (
            window.start_x + window.num_x <= self.columns
            and window.start_y + window.num_y <= self.rows
            and window.width > 0
            and window.height > 0
        )
        return window if fits else None
