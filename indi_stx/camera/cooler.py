"""The cooler of the imaging CCD: temperature, set point, power.

Writing a temperature switches the cooler on, as INDI clients expect; the property stays Busy until
the CCD is within half a degree of it. Source: STX API, Imager Get / Set Settings.
"""

from __future__ import annotations

from indi_stx.camera.capabilities import Capability
from indi_stx.camera.stx_device import CameraSubsystem
from indi_stx.driver.declarations import Num, Numbers, Sw, Switches, number, switch
from indi_stx.driver.groups import MAIN
from indi_stx.indi import Permission, State

REACHED_CELSIUS = 0.5
"""How near the set point counts as there; the camera regulates to a few hundredths."""
SHOWN_CELSIUS = 0.01


class Cooler(CameraSubsystem):
    """CCD_TEMPERATURE, CCD_COOLER and CCD_COOLER_POWER."""

    temperature = number(
        "CCD_TEMPERATURE",
        "Temperature",
        MAIN,
        {"CCD_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        needs=Capability.COOLER,
    )
    cooler = switch(
        "CCD_COOLER",
        "Cooler",
        MAIN,
        {"COOLER_ON": Sw("On"), "COOLER_OFF": Sw("Off", True)},
        timeout_s=0,
        needs=Capability.COOLER,
    )
    power = number(
        "CCD_COOLER_POWER",
        "Cooler %",
        MAIN,
        {"CCD_COOLER_VALUE": Num("[%]", "%.1f", 0, 100)},
        permission=Permission.READ_ONLY,
        needs=Capability.COOLER,
    )
    setpoint_celsius: float | None = None
    """What the camera regulates to; None while the cooler is off."""

    @property
    def ccd_celsius(self) -> float:
        """The CCD's temperature at the last poll."""
        return self.temperature["CCD_TEMPERATURE_VALUE"]

    @temperature.on_write
    async def _temperature_requested(self, new: Numbers) -> None:
        """Set the set point and switch the cooler on."""
        target = new["CCD_TEMPERATURE_VALUE"]
        await self.device.camera.imager.set_settings(cooler_on=True, setpoint_celsius=target)
        self.setpoint_celsius = target
        self.cooler.select("COOLER_ON", State.OK)
        self.temperature.publish(state=State.OK if self._reached() else State.BUSY)

    @cooler.on_write
    async def _cooler_requested(self, new: Switches) -> None:
        """Switch the cooler on, to the camera's present set point, or off."""
        await self.device.camera.imager.set_settings(cooler_on=new["COOLER_ON"])
        if new["COOLER_OFF"] and self.temperature.state is State.BUSY:
            self.temperature.publish(state=State.IDLE)

    async def on_connect(self) -> None:
        """Show true values from the first definition on."""
        self.temperature.state = State.IDLE
        await self.poll()

    async def poll(self) -> None:
        """Read temperature, cooler and power in one request, and report what changed."""
        s = await self.device.camera.imager.get_settings(
            "cooler_on", "temperature_celsius", "setpoint_celsius", "cooler_power_percent"
        )
        self.setpoint_celsius = s.setpoint_celsius if s.cooler_on else None
        self._show_temperature(s.temperature_celsius)
        if s.cooler_on != self.cooler["COOLER_ON"]:
            self.cooler.select("COOLER_ON" if s.cooler_on else "COOLER_OFF", State.OK)
        if s.cooler_power_percent != self.power["CCD_COOLER_VALUE"]:
            state = State.OK if s.cooler_on else State.IDLE
            self.power.publish({"CCD_COOLER_VALUE": s.cooler_power_percent}, state)

    def _show_temperature(self, celsius: float) -> None:
        moved = abs(celsius - self.ccd_celsius) >= SHOWN_CELSIUS
        self.temperature.assign({"CCD_TEMPERATURE_VALUE": celsius})
        if self.temperature.state is State.BUSY and self._reached():
            self.temperature.publish(state=State.OK)
        elif moved or self.temperature.state is State.BUSY:
            self.temperature.publish()

    def _reached(self) -> bool:
        return (
            self.setpoint_celsius is not None
            and abs(self.ccd_celsius - self.setpoint_celsius) <= REACHED_CELSIUS
        )
