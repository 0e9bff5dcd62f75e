"""Client of the SBIG STX HTTP Camera API: `Camera`, with one typed method per call.

Knows nothing of INDI and can be used by itself, see docs/library.md. Importing it is cheap: httpx
is imported when the first `Camera` is made. `api` holds the calls for the whole camera, `ccd` those
of each CCD, `settings`, `filters`, `guiding` and `fits_settings` their values; `query` and
`replies` are the wire format, `pacing` decides what goes next, `slot`, `deadlines`, `link` and
`transport` carry it.
"""

from indi_stx.stx.api import Camera, VersionNumbers
from indi_stx.stx.ccd import Ccd, CcdState, FrameType
from indi_stx.stx.filters import FilterSettings, FilterState
from indi_stx.stx.fits_settings import FitsSettings
from indi_stx.stx.guiding import AoState, RelayDirection, RelayPulse, RelayTimes
from indi_stx.stx.link import Download
from indi_stx.stx.pacing import Priority
from indi_stx.stx.settings import CcdChanges, CcdSettings, FanState, Geometry
from indi_stx.stx.timing import CommandTiming

__all__ = [
    "AoState",
    "Camera",
    "Ccd",
    "CcdChanges",
    "CcdSettings",
    "CcdState",
    "CommandTiming",
    "Download",
    "FanState",
    "FilterSettings",
    "FilterState",
    "FitsSettings",
    "FrameType",
    "Geometry",
    "Priority",
    "RelayDirection",
    "RelayPulse",
    "RelayTimes",
    "VersionNumbers",
]
