"""A camera that was restarted: noticed even when nothing is exposed, and put back as it was.

A restarted camera has the settings of its power-up: cooler off, its default set point, the whole
sensor unbinned. So when everything that was away from these values is back at them at once, and
more than one thing was, the camera was restarted; a single change is another program's. The
features then restore what is theirs, if the user wants that. Source: STX API, Set Settings (the
defaults).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.declarations import Save, Sw, switch
from indi_stx.driver.tabs import OPTIONS

if TYPE_CHECKING:
    from indi_stx.camera.facts import CcdFacts
    from indi_stx.stx import CcdSettings

DEFAULT_SETPOINT_CELSIUS = 25.0
SETPOINT_TOLERANCE_CELSIUS = 0.25
FRAME = ("start_x", "start_y", "num_x", "num_y")
BINNING = ("bin_x", "bin_y")
WATCHED = (*BINNING, *FRAME, "cooler_on", "setpoint_celsius")


class Restart(Feature):
    """RESTORE_SETTINGS, and the watch for restarts."""

    reads = WATCHED

    restore = switch(
        "RESTORE_SETTINGS",
        "After restart",
        OPTIONS,
        {"INDI_ENABLED": Sw("Restore", True), "INDI_DISABLED": Sw("Leave")},
        timeout_s=0,
        save=Save.AT_START,
    )

    def __init__(self, session: CameraSession, facts: CcdFacts) -> None:
        super().__init__(session)
        self._power_up = {
            "binning": (1, 1),
            "frame": (0, 0, facts.width, facts.height),
            "cooler": (False,),
            "set point": (DEFAULT_SETPOINT_CELSIUS,),
        }
        self._last: dict[str, tuple[Any, ...]] | None = None

    def noticed(self, settings: CcdSettings) -> bool:
        """Look at a poll; True when the camera was restarted and what it shows will be put back."""
        now, before = _grouped(vars(settings)), self._last
        self._last = now
        if before is None or not self._is_restart(before, now):
            return False
        features = [s for s in self.session.subsystems if isinstance(s, Feature)]
        for feature in features:
            feature.restarted()
        if not self.restore["INDI_ENABLED"]:
            self.device.log.warning(
                "The camera was restarted: its settings are those of its power-up."
            )
            return False
        restored = [text for feature in features if (text := feature.put_back())]
        self._last = None
        self.device.log.warning(
            f"The camera was restarted. Restoring: {', '.join(restored) or 'nothing to do'}."
        )
        return True

    def _is_restart(
        self, before: Mapping[str, tuple[Any, ...]], now: Mapping[str, tuple[Any, ...]]
    ) -> bool:
        away = {group for group in now if not self._at_power_up(group, before)}
        return len(away) > 1 and all(self._at_power_up(group, now) for group in away)

    def _at_power_up(self, group: str, settings: Mapping[str, tuple[Any, ...]]) -> bool:
        if group == "set point":
            (celsius,) = settings[group]
            return bool(abs(celsius - DEFAULT_SETPOINT_CELSIUS) <= SETPOINT_TOLERANCE_CELSIUS)
        return bool(settings[group] == self._power_up[group])


def _grouped(settings: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return what was read, by what a restart or a program changes together."""
    groups = {
        "binning": BINNING,
        "frame": FRAME,
        "cooler": ("cooler_on",),
        "set point": ("setpoint_celsius",),
    }
    return {
        group: tuple(settings[name] for name in names)
        for group, names in groups.items()
        if all(name in settings for name in names)
    }
