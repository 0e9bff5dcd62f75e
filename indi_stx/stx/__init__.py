"""Client of the SBIG STX HTTP Camera API: `Camera`, with one typed method per call.

Knows nothing of INDI and can be used by itself, see docs/library.md. Importing it is cheap: each
name is imported when it is first used, httpx when the first `Camera` is made. `api` holds the calls
for the whole camera, `ccd` those of each CCD; `settings`, `ccd_states`, `filters`, `guiding` and
`fits_settings` their values; `uri` and `replies` are the wire format, `pacing` decides what goes
next, `turns`, `deadlines`, `link` and `transport` carry it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indi_stx.stx.api import Camera, VersionNumbers
    from indi_stx.stx.ccd import Ccd
    from indi_stx.stx.ccd_states import CcdState, FrameType
    from indi_stx.stx.download import Download
    from indi_stx.stx.filters import FilterSettings, FilterState
    from indi_stx.stx.fits_settings import FitsSettings
    from indi_stx.stx.guiding import AoState, RelayDirection, RelayPulse, RelayTimes
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

_HOMES = {
    "AoState": "guiding",
    "Camera": "api",
    "Ccd": "ccd",
    "CcdChanges": "settings",
    "CcdSettings": "settings",
    "CcdState": "ccd_states",
    "CommandTiming": "timing",
    "Download": "download",
    "FanState": "settings",
    "FilterSettings": "filters",
    "FilterState": "filters",
    "FitsSettings": "fits_settings",
    "FrameType": "ccd_states",
    "Geometry": "settings",
    "Priority": "pacing",
    "RelayDirection": "guiding",
    "RelayPulse": "guiding",
    "RelayTimes": "guiding",
    "VersionNumbers": "api",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a driver that only waits needs none of them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
