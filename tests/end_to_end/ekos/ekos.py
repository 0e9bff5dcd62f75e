"""Ekos by its D-Bus interface: connecting, mount, sequences, guiding.

Source: KStars 3.6.2, the interfaces org.kde.kstars.Ekos and below, org.kde.kstars.INDI.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.ekos.kstars import EKOS, KStars


class Communication(enum.IntEnum):
    """Ekos' own state, and that of its connection with INDI."""

    IDLE = 0
    PENDING = 1
    SUCCESS = 2
    ERROR = 3


class MountStatus(enum.IntEnum):
    """States of the mount module."""

    IDLE = 0
    MOVING = 1
    SLEWING = 2
    TRACKING = 3


class CaptureStatus(enum.IntEnum):
    """States of the capture module, those that end a sequence."""

    ABORTED = 6
    COMPLETE = 19


class GuideStatus(enum.IntEnum):
    """States of the guide module that matter here."""

    IDLE = 0
    ABORTED = 1
    CALIBRATING = 9
    CALIBRATION_ERROR = 10
    GUIDING = 12


@dataclass(frozen=True)
class Ekos:
    """What a person does in Ekos, and sees there."""

    kstars: KStars

    # --- devices -------------------------------------------------------------------------------

    def connect(self, profile: str) -> None:
        """Start a profile, and wait until its devices are connected and the modules ready."""
        self.kstars.action("show_ekos")
        assert self._ekos("setProfile", profile), f"no profile {profile}"
        self._ekos("start")
        self.kstars.until("Ekos connects", self._connected, 60)
        for module in ("Capture", "Guide", "Mount"):
            interface = f"org.kde.kstars.Ekos.{module}"
            self.kstars.until(
                f"module {module}",
                lambda m=module, i=interface: self.kstars.bus.has(f"{EKOS}/{m}", i),
                20,
            )

    def _connected(self) -> bool:
        states = [self._property("ekosStatus"), self._property("indiStatus")]
        assert Communication.ERROR not in states, self._property("logText")
        return states == [Communication.SUCCESS, Communication.SUCCESS]

    def disconnect(self) -> None:
        """Stop the profile; devices are disconnected."""
        self._ekos("stop")
        self.kstars.until(
            "Ekos stops", lambda: self._property("ekosStatus") == Communication.IDLE, 20
        )

    def connected_devices(self) -> set[str]:
        """Return the devices that KStars knows and shows as connected."""
        names = self._indi("getDevices")
        assert isinstance(names, list)
        return {n for n in names if self._indi("getSwitch", n, "CONNECTION", "CONNECT") == "On"}

    def number(self, device: str, name: str, element: str) -> float:
        """Return the value of a number as KStars knows it."""
        value = self._indi("getNumber", device, name, element)
        assert isinstance(value, float)
        return value

    # --- mount ---------------------------------------------------------------------------------

    def slew(self, ra_hours: float, dec_degrees: float) -> None:
        """Point the mount, and wait until it tracks."""
        assert self.module("Mount", "slew", ra_hours, dec_degrees)
        self.kstars.until("the mount slews", lambda: self._mount() == MountStatus.SLEWING, 10)
        self.kstars.until("the mount arrives", lambda: self._mount() == MountStatus.TRACKING, 120)

    def _mount(self) -> object:
        return self.status("Mount")

    # --- sequences -----------------------------------------------------------------------------

    def take_sequence(self, path: Path, limit_s: float) -> None:
        """Load a sequence, start it and wait for its end."""
        assert self.module("Capture", "loadSequenceQueue", str(path)), "the sequence is refused"
        self.module("Capture", "start")

        def complete() -> bool:
            status = self.status("Capture")
            assert status != CaptureStatus.ABORTED, self.says("Capture")
            return status == CaptureStatus.COMPLETE

        self.kstars.until("the sequence ends", complete, limit_s)

    # --- guiding -------------------------------------------------------------------------------

    def calibrate_and_guide(self, limit_s: float) -> list[object]:
        """Start the guider, which calibrates first; return its states until it guides."""
        self.module("Guide", "setAutoStarEnabled", True)
        self.module("Guide", "clearCalibration")
        assert self.module("Guide", "guide"), self.says("Guide")
        seen: list[object] = []

        def guiding() -> bool:
            status = self.status("Guide")
            if status not in seen:
                seen.append(status)
            stopped = status == GuideStatus.ABORTED and GuideStatus.CALIBRATING in seen
            assert status != GuideStatus.CALIBRATION_ERROR, self.says("Guide")
            assert not stopped, self.says("Guide")
            return status == GuideStatus.GUIDING

        self.kstars.until("the guider calibrates", guiding, limit_s)
        return seen

    def stop_guiding(self) -> None:
        """Stop the guider, and wait until nothing of it is going on."""
        self.module("Guide", "abort")
        over = (GuideStatus.IDLE, GuideStatus.ABORTED)
        self.kstars.until("the guider stops", lambda: self.status("Guide") in over, 20)
        # KStars 3.6.2 crashes when Ekos stops while a guide frame is still being looked at.
        self.kstars.until_quiet(3, 30)

    # --- modules -------------------------------------------------------------------------------

    def module(self, module: str, method: str, *arguments: object) -> object:
        """Call a method of a module."""
        interface = f"org.kde.kstars.Ekos.{module}"
        return self.kstars.bus.call(f"{EKOS}/{module}", f"{interface}.{method}", *arguments)

    def shows(self, module: str, name: str) -> object:
        """Return a property of a module."""
        return self.kstars.bus.get(f"{EKOS}/{module}", f"org.kde.kstars.Ekos.{module}", name)

    def status(self, module: str) -> object:
        """Return the state of a module."""
        return self.shows(module, "status")

    def says(self, module: str) -> object:
        """Return the newest lines of a module's log."""
        lines = self.shows(module, "logText")
        assert isinstance(lines, list)
        return lines[:10]

    def _ekos(self, method: str, *arguments: object) -> object:
        return self.kstars.bus.call(EKOS, f"org.kde.kstars.Ekos.{method}", *arguments)

    def _indi(self, method: str, *arguments: object) -> object:
        return self.kstars.bus.call("/KStars/INDI", f"org.kde.kstars.INDI.{method}", *arguments)

    def _property(self, name: str) -> object:
        return self.kstars.bus.get(EKOS, "org.kde.kstars.Ekos", name)
