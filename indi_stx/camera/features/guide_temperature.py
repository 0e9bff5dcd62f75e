"""The temperatures of the guide CCDs, as far as the camera knows them.

The internal guide CCD of an STX shares the imager's cooler; that of an STXL or STT sits in the
filter wheel and is not cooled, and the external head has no cooler at all. Source: STX API, Guider
and External Guider Get Settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.facts import Capability
from indi_stx.camera.session import Feature
from indi_stx.camera.tabs import GUIDER_HEAD
from indi_stx.driver.declarations import Lamp, Num, light, number
from indi_stx.driver.tabs import MAIN
from indi_stx.indi import Permission, State

if TYPE_CHECKING:
    from indi_stx.stx import CcdSettings

LAMPS = {True: State.OK, False: State.IDLE}


class GuiderTemperature(Feature):
    """GUIDER_TEMPERATURE, GUIDER_COOLER, GUIDER_COOLER_POWER and GUIDER_AMBIENT_TEMPERATURE."""

    needs = Capability.GUIDER
    reads = ("cooler_on",)

    temperature = number(
        "GUIDER_TEMPERATURE",
        "Temperature",
        GUIDER_HEAD,
        {"GUIDER_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        permission=Permission.READ_ONLY,
        shows={"GUIDER_TEMPERATURE_VALUE": "temperature_celsius"},
    )
    cooler = light("GUIDER_COOLER", "Cooler", GUIDER_HEAD, {"COOLER": Lamp("Cools")})
    power = number(
        "GUIDER_COOLER_POWER",
        "Cooler %",
        GUIDER_HEAD,
        {"GUIDER_COOLER_VALUE": Num("[%]", "%.1f", 0, 100)},
        permission=Permission.READ_ONLY,
        shows={"GUIDER_COOLER_VALUE": "cooler_power_percent"},
    )
    ambient = number(
        "GUIDER_AMBIENT_TEMPERATURE",
        "Ambient",
        GUIDER_HEAD,
        {"AMBIENT_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        permission=Permission.READ_ONLY,
        shows={"AMBIENT_TEMPERATURE_VALUE": "ambient_celsius"},
    )

    @property
    def ccd_celsius(self) -> float | None:
        """The guide CCD's temperature at the last poll; None when the camera does not know it."""
        known = "temperature_celsius" not in self.unknown
        return self.temperature["GUIDER_TEMPERATURE_VALUE"] if known else None

    def observe(self, settings: CcdSettings) -> None:
        """Report whether the guide CCD is cooled."""
        lamp = LAMPS[getattr(settings, "cooler_on", False)]
        if lamp is not self.cooler["COOLER"]:
            self.cooler.publish({"COOLER": lamp}, State.OK)


class HeadTemperature(Feature):
    """AMBIENT_TEMPERATURE of the external guide head."""

    ambient = number(
        "AMBIENT_TEMPERATURE",
        "Ambient",
        MAIN,
        {"AMBIENT_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        permission=Permission.READ_ONLY,
        shows={"AMBIENT_TEMPERATURE_VALUE": "ambient_celsius"},
    )
