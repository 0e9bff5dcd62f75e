"""The devices around the camera, as the user named them, and what they say.

Their properties are snooped through the server. Each value is taken only from the device that is
named for its role, and forgotten when that device deletes it, disconnects or does not answer any
more, or when another one is named.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from indi_stx.camera.exposing.surroundings import Aim
from indi_stx.camera.snooped_device import SnoopedDevice
from indi_stx.driver.declarations import Save, Texts, Txt, text
from indi_stx.driver.snoop import Snoop
from indi_stx.driver.subsystem import Owner, Subsystem
from indi_stx.driver.tabs import OPTIONS
from indi_stx.errors import ValueRefused
from indi_stx.images.header_facts import PierSide, Site
from indi_stx.indi import State

SNOOPED = {
    "ACTIVE_TELESCOPE": (
        "EQUATORIAL_EOD_COORD",
        "EQUATORIAL_COORD",
        "TELESCOPE_INFO",
        "GEOGRAPHIC_COORD",
        "TELESCOPE_PIER_SIDE",
    ),
    "ACTIVE_ROTATOR": ("ABS_ROTATOR_ANGLE",),
    "ACTIVE_FOCUSER": ("ABS_FOCUS_POSITION", "FOCUS_TEMPERATURE"),
    "ACTIVE_FILTER": ("FILTER_SLOT", "FILTER_NAME"),
    "ACTIVE_SKYQUALITY": ("SKY_QUALITY",),
}
"""Which properties each role is asked for."""
TOGETHER_S = 5.0
"""How much older than JNow coordinates J2000 ones may be and still be of the same place."""
MAX_NAME_CHARS = 63


class Listening(Owner, Protocol):
    """A device that hears what other drivers say."""

    @property
    def snoop(self) -> Snoop:
        """Other drivers' properties."""


class ActiveDevices(Subsystem):
    """ACTIVE_DEVICES and the values of the devices in it."""

    devices = text(
        "ACTIVE_DEVICES",
        "Snoop devices",
        OPTIONS,
        {
            "ACTIVE_TELESCOPE": Txt("Telescope", "Telescope Simulator"),
            "ACTIVE_ROTATOR": Txt("Rotator", "Rotator Simulator"),
            "ACTIVE_FOCUSER": Txt("Focuser", "Focuser Simulator"),
            "ACTIVE_FILTER": Txt("Filter"),
            "ACTIVE_SKYQUALITY": Txt("Sky Quality", "SQM"),
        },
        save=Save.AT_START,
        autosave=True,
    )

    def __init__(self, device: Listening) -> None:
        super().__init__(device)
        self.devices.assign({"ACTIVE_FILTER": device.name})
        self._near = {
            role: SnoopedDevice(device.snoop, device.clock, properties)
            for role, properties in SNOOPED.items()
        }

    @devices.on_check
    def _checked_names(self, new: Texts) -> Texts:
        names = {role: name.strip() for role, name in new.items()}
        if too_long := [name for name in names.values() if len(name) > MAX_NAME_CHARS]:
            raise ValueRefused(f"The name of an INDI device cannot be this long: {too_long[0]!r}.")
        return names

    @devices.on_write
    async def _devices_requested(self, new: Texts) -> None:
        """Listen to the devices named; those that stay are asked again: they may be there now."""
        self.devices.publish(new, State.OK)
        self._follow(again=self.devices.written)

    def on_start(self) -> None:
        """Begin to listen; saved names are in place."""
        self._follow()

    def check_that_all_live(self) -> None:
        """Ask devices that have long been silent, and give up those that do not answer."""
        for snooped in self._near.values():
            if not snooped.lives():
                self.device.log.warning(
                    f"{snooped.name} does not answer any more: what it said is left out of the "
                    "headers. Check its driver."
                )

    def _follow(self, again: Collection[str] = ()) -> None:
        for role, snooped in self._near.items():
            name = self.devices[role]
            if role == "ACTIVE_FILTER" and name == self.device.name:
                name = ""
            if name != snooped.name:
                snooped.follow(name)
            elif role in again:
                snooped.ask_again()

    # --- telescope -----------------------------------------------------------------------------

    @property
    def telescope(self) -> str | None:
        """The name of the telescope's device; None while it has not been heard."""
        scope = self._near["ACTIVE_TELESCOPE"]
        return scope.name if scope.was_heard else None

    @property
    def aim(self) -> Aim | None:
        """Where the telescope looks; J2000 coordinates are preferred when both are reported."""
        scope = self._near["ACTIVE_TELESCOPE"]
        mean, of_date = "EQUATORIAL_COORD", "EQUATORIAL_EOD_COORD"
        # An EQUATORIAL_COORD that the mount no longer updates may be an old target.
        fresh = scope.heard_s(mean) >= scope.heard_s(of_date) - TOGETHER_S
        for prop in (mean, of_date) if fresh else (of_date,):
            ra_hours, dec_deg = scope.number(prop, "RA"), scope.number(prop, "DEC")
            if ra_hours is not None and dec_deg is not None:
                return Aim(ra_hours, dec_deg, prop == of_date, self._pier_side)
        return None

    @property
    def _pier_side(self) -> PierSide | None:
        scope = self._near["ACTIVE_TELESCOPE"]
        if scope.is_on("TELESCOPE_PIER_SIDE", "PIER_EAST"):
            return PierSide.EAST
        if scope.is_on("TELESCOPE_PIER_SIDE", "PIER_WEST"):
            return PierSide.WEST
        return None

    @property
    def site(self) -> Site | None:
        """Where the telescope stands."""
        scope = self._near["ACTIVE_TELESCOPE"]
        latitude = scope.number("GEOGRAPHIC_COORD", "LAT")
        longitude = scope.number("GEOGRAPHIC_COORD", "LONG")
        if latitude is None or longitude is None:
            return None
        return Site(latitude, longitude - 360 if longitude > 180 else longitude)

    @property
    def focal_length_mm(self) -> float | None:
        """The telescope's focal length as reported by the mount's driver."""
        return self._near["ACTIVE_TELESCOPE"].positive("TELESCOPE_INFO", "TELESCOPE_FOCAL_LENGTH")

    @property
    def aperture_mm(self) -> float | None:
        """The telescope's aperture as reported by the mount's driver."""
        return self._near["ACTIVE_TELESCOPE"].positive("TELESCOPE_INFO", "TELESCOPE_APERTURE")

    @property
    def guide_scope_focal_length_mm(self) -> float | None:
        """The guide scope's focal length as reported by the mount's driver."""
        return self._near["ACTIVE_TELESCOPE"].positive("TELESCOPE_INFO", "GUIDER_FOCAL_LENGTH")

    @property
    def guide_scope_aperture_mm(self) -> float | None:
        """The guide scope's aperture as reported by the mount's driver."""
        return self._near["ACTIVE_TELESCOPE"].positive("TELESCOPE_INFO", "GUIDER_APERTURE")

    # --- the others ----------------------------------------------------------------------------

    @property
    def rotator_deg(self) -> float | None:
        """The rotator's angle."""
        return self._near["ACTIVE_ROTATOR"].number("ABS_ROTATOR_ANGLE", "ANGLE")

    @property
    def focuser_position(self) -> int | None:
        """The focuser's position in its own steps."""
        position = self._near["ACTIVE_FOCUSER"].number(
            "ABS_FOCUS_POSITION", "FOCUS_ABSOLUTE_POSITION"
        )
        return None if position is None else round(position)

    @property
    def focuser_celsius(self) -> float | None:
        """The temperature at the focuser."""
        return self._near["ACTIVE_FOCUSER"].number("FOCUS_TEMPERATURE", "TEMPERATURE")

    @property
    def uses_own_wheel(self) -> bool:
        """Whether the filter in the light path is that of the camera's own wheel."""
        return self.devices["ACTIVE_FILTER"] == self.device.name

    @property
    def filter_name(self) -> str | None:
        """The filter in the light path, as reported by the driver of another wheel."""
        wheel, slot = self._near["ACTIVE_FILTER"], self.beam
        return wheel.text("FILTER_NAME", f"FILTER_SLOT_NAME_{slot:.0f}") if slot else None

    @property
    def beam(self) -> float | None:
        """The slot of another wheel that is in the light path; None while it moves or fails."""
        wheel = self._near["ACTIVE_FILTER"]
        if wheel.state("FILTER_SLOT") in (State.BUSY, State.ALERT):
            return None
        return wheel.number("FILTER_SLOT", "FILTER_SLOT_VALUE")

    @property
    def sky_brightness_mpsas(self) -> float | None:
        """The sky's brightness in magnitudes per square arcsecond."""
        return self._near["ACTIVE_SKYQUALITY"].number("SKY_QUALITY", "SKY_BRIGHTNESS")
