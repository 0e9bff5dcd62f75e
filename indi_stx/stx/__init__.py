"""Client of the SBIG STX HTTP Camera API: `Camera`, with one typed method per call.

Knows nothing of INDI and can be used by itself, see docs/library.md. A call passes through three
layers of files, from top to bottom, and its answer comes back the same way:

- `api` (the camera) and `ccd_calls` (each of its three CCDs) have the calls. They check the
  arguments (`arguments`), build the URI (`uri`), give it to `link`, and read the answer
  (`replies`); `get_call` asks for many parameters at once. The values are in `settings`,
  `ccd_states`, `filters`, `guiding`, `fits_settings` and `versions`. `ccd` has what takes several
  calls: to expose and wait (`waiting`), and a whole image in memory or in a file (`frames`).
  `blocking` is all of it for programs without an event loop.
- `link` sends one command at a time. It waits for the command's turn (`turns`; `pacing` decides
  whose turn it is), sets time limits (`deadlines`, `progress`), records when a command was sent and
  answered (`timing`), tells an observer (`exchange`), and checks the HTTP status. A download ends
  its turn once the head of the answer has arrived; then `download` yields the frame in chunks, or
  `receiving` puts it into the caller's memory, in a thread (`interruptible`).
- `transport` does HTTP and is the only file that knows httpx. It takes an `address`, returns
  `answers`, and raises the errors that `failures` describes.

Importing this package is cheap: each name is imported when it is first used, httpx when the first
`Camera` is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indi_stx.stx.api import Camera
    from indi_stx.stx.blocking import BlockingCamera, BlockingCcd
    from indi_stx.stx.ccd import Ccd
    from indi_stx.stx.ccd_states import CcdState, FrameType
    from indi_stx.stx.download import Download, Sink
    from indi_stx.stx.exchange import Exchange
    from indi_stx.stx.filters import FilterSettings, FilterState
    from indi_stx.stx.fits_settings import FitsSettings
    from indi_stx.stx.guiding import AoState, RelayDirection, RelayPulse, RelayTimes
    from indi_stx.stx.pacing import Priority
    from indi_stx.stx.settings import CcdChanges, CcdSettings, FanState, Geometry
    from indi_stx.stx.timing import CommandTiming
    from indi_stx.stx.versions import VersionNumbers

__all__ = [
    "AoState",
    "BlockingCamera",
    "BlockingCcd",
    "Camera",
    "Ccd",
    "CcdChanges",
    "CcdSettings",
    "CcdState",
    "CommandTiming",
    "Download",
    "Exchange",
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
    "Sink",
    "VersionNumbers",
]

_HOMES = {
    "AoState": "guiding",
    "BlockingCamera": "blocking",
    "BlockingCcd": "blocking",
    "Camera": "api",
    "Ccd": "ccd",
    "CcdChanges": "settings",
    "CcdSettings": "settings",
    "CcdState": "ccd_states",
    "CommandTiming": "timing",
    "Download": "download",
    "Exchange": "exchange",
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
    "Sink": "download",
    "VersionNumbers": "versions",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a driver without a connection needs none of them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List what there is, imported already or not."""
    return sorted({*globals(), *__all__})
