"""The filter wheel (STX API, Filter State and Change Filter).

The wheel turns the shorter way, one slot after another. Position 0 is "no filter": the wheel
returns to its home mark after one whole turn. Until it arrives, it reports its old position.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.error_codes import ErrorCode

SECONDS_PER_SLOT = 1.0
SETTLING_S = 0.5
HIGHEST_POSITION = 8


class FilterState(IntEnum):
    """Reply of FilterState.cgi."""

    IDLE = 0
    MOVING = 1
    ERROR = 2


class WheelTrouble(Enum):
    """What can be wrong with the wheel."""

    MISSING = "missing"
    JAMMED = "jammed"
    COMMUNICATION = "communication"


class FilterWheel:
    """A wheel of 5, 7 or 8 slots as a function of camera time."""

    def __init__(self, time: CameraTime, slots: int) -> None:
        self._time = time
        self.slots = slots
        self.trouble: WheelTrouble | None = None
        self._position = 1
        self._target = 1
        self._arrives_at = time.now()
        self._jams = False
        self._stuck = False

    def state(self) -> FilterState:
        """Return idle, moving or error."""
        self._settle()
        if self.trouble in (WheelTrouble.MISSING, WheelTrouble.COMMUNICATION):
            return FilterState.ERROR
        if self._time.now() < self._arrives_at:
            return FilterState.MOVING
        return FilterState.ERROR if self._stuck else FilterState.IDLE

    def position(self) -> int:
        """Return the filter in the beam: 1 to `slots`, or 0 for none."""
        self._settle()
        return 0 if self.trouble is WheelTrouble.MISSING else self._position

    def move(self, position: int) -> ErrorCode | None:
        """Start turning, or return the code that refuses it."""
        match self.trouble:
            case WheelTrouble.MISSING:
                return ErrorCode.FILTER_NOT_FOUND
            case WheelTrouble.COMMUNICATION:
                return ErrorCode.FILTER_COMMUNICATION
        if self.state() is FilterState.MOVING:
            return ErrorCode.FILTER_BUSY
        if not 0 <= position <= min(self.slots, HIGHEST_POSITION):
            return ErrorCode.BAD_PARAMETER
        self._depart(position, self._travel_s(position))
        return None

    @property
    def target(self) -> int:
        """Where it is going, or stands."""
        return self._target

    def initialise(self) -> ErrorCode | None:
        """Find the home mark and stop at filter 1, or return the code that refuses it."""
        code = self.move(self._position)
        if code is None:
            self.home()
        return code

    def home(self) -> None:
        """Turn once past the home mark and stop at filter 1, as after power-up."""
        self._settle()
        self._depart(1, self.slots * SECONDS_PER_SLOT + SETTLING_S)

    def _depart(self, target: int, travel_s: float) -> None:
        self._target = target
        self._jams = self.trouble is WheelTrouble.JAMMED
        self._stuck = False
        self._arrives_at = self._time.now() + travel_s

    def _settle(self) -> None:
        if self._time.now() < self._arrives_at or self._stuck:
            return
        if self._jams:
            self._stuck, self._jams = True, False
        else:
            self._position = self._target

    def _travel_s(self, target: int) -> float:
        self._settle()
        if target == self._position:
            return 0.0
        if 0 in (target, self._position):
            return self.slots * SECONDS_PER_SLOT + SETTLING_S
        steps = abs(target - self._position)
        return min(steps, self.slots - steps) * SECONDS_PER_SLOT + SETTLING_S
