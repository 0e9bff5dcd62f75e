"""The camera's fan, which only newer firmware shows and lets one set.

It is read with the cooler's telemetry. Some cameras accept a setting but ignore it, so every
write is read back. Source: parameters FanState and FanPower of Imager Get / Set Settings,
which the API document of 2011 does not contain.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

from indi_stx.camera.facts import Capability
from indi_stx.camera.repeating import repeated
from indi_stx.camera.session import Feature
from indi_stx.driver.declarations import Num, Numbers, Sw, Switches, number, switch
from indi_stx.driver.tabs import MAIN
from indi_stx.errors import IndiStxError, ValueRefused
from indi_stx.indi import State
from indi_stx.stx.settings import CcdSettings, FanState

if TYPE_CHECKING:
    from indi_stx.stx import CcdChanges

PARAMETERS = ("fan_state", "fan_power_percent")
STATES = {
    "FAN_OFF": FanState.OFF,
    "FAN_MANUAL": FanState.MANUAL,
    "FAN_AUTOMATIC": FanState.AUTOMATIC,
}
ELEMENTS = {state: element for element, state in STATES.items()}


class Fan(Feature):
    """CCD_FAN and CCD_FAN_POWER."""

    needs = Capability.FAN
    reads = PARAMETERS

    fan = switch(
        "CCD_FAN",
        "Fan",
        MAIN,
        {
            "FAN_OFF": Sw("Off"),
            "FAN_MANUAL": Sw("Manual"),
            "FAN_AUTOMATIC": Sw("Automatic", True),
        },
    )
    power = number(
        "CCD_FAN_POWER",
        "Fan %",
        MAIN,
        {"CCD_FAN_VALUE": Num("[%]", "%.f", 0, 100, 1)},
        shows={"CCD_FAN_VALUE": "fan_power_percent"},
    )

    @fan.on_write
    async def _fan_requested(self, new: Switches) -> None:
        """Choose what drives the fan."""
        wished = next(state for element, state in STATES.items() if new[element])
        await self._set(fan_state=wished)
        self.fan.publish(state=State.OK)

    @power.on_write
    async def _power_requested(self, new: Numbers) -> None:
        """Set the fan's power, which makes it manual."""
        percent = float(round(new["CCD_FAN_VALUE"]))
        await self._set(fan_state=FanState.MANUAL, fan_power_percent=percent)
        self.power.publish(state=State.OK)

    async def _set(self, **changes: Unpack[CcdChanges]) -> None:
        imager = self.camera.imager
        clock = self.device.clock
        await repeated(lambda: imager.set_settings(**changes), clock)
        kept = await repeated(lambda: imager.get_settings(*PARAMETERS), clock)
        self.show(vars(kept))
        self.observe(kept)
        if any(getattr(kept, name, value) != value for name, value in changes.items()):
            raise ValueRefused("The camera accepted the fan's setting but kept its own: try again.")

    def put_back(self) -> str | None:
        """Set the fan again as it was."""
        state = STATES[self.fan.on or "FAN_AUTOMATIC"]
        if state is FanState.AUTOMATIC:
            return None
        changes: CcdChanges = {"fan_state": state}
        if state is FanState.MANUAL:
            changes["fan_power_percent"] = self.power["CCD_FAN_VALUE"]
        self.lane.put(partial(self._set_again, changes))
        return f"fan {state.name.lower()}"

    async def _set_again(self, changes: CcdChanges) -> None:
        try:
            await self._set(**changes)
        except IndiStxError as error:
            self.device.refuse(self.fan, f"The fan was not restored. {error}")

    def observe(self, settings: CcdSettings) -> None:
        """Report what drives the fan, if that has changed."""
        if "fan_state" in settings and ELEMENTS[settings.fan_state] != self.fan.on:
            self.fan.select(ELEMENTS[settings.fan_state])
