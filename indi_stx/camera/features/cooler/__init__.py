"""The cooler of the imaging CCD: temperature, set point, ramp, power, ambient temperature.

Writing a temperature switches the cooler on, as INDI clients expect; the property stays Busy until
the CCD is within the ramp's threshold of it. The camera itself has no ramps: its set point is moved
once a minute. Source: STX API, Imager Get / Set Settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from indi_stx.camera.facts import Capability
from indi_stx.camera.features.cooler.ramp import (
    RAMP_STEP_S,
    LatchUpWatch,
    Ramp,
    Steadiness,
    ramp_step,
)
from indi_stx.camera.repeating import repeated
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.declarations import Num, Numbers, Save, Sw, Switches, number, switch
from indi_stx.driver.properties import Property
from indi_stx.driver.tabs import MAIN
from indi_stx.errors import IndiStxError
from indi_stx.indi import Permission, State

if TYPE_CHECKING:
    from indi_stx.stx import CcdSettings

SHOWN_CELSIUS = 0.01
OURS_CELSIUS = 0.25
"""A set point this near to the one that was sent may be a camera's rounding of it."""


PUT_BACK_S = 60.0
"""How long to try to restore the set point of a camera that was restarted."""


class Destination:
    """The ramp to the target temperature, if any; outlives the connection."""

    ramp: Ramp | None = None


class Cooler(Feature):
    """CCD_TEMPERATURE, CCD_TEMP_RAMP, CCD_COOLER, CCD_SETPOINT, and what is measured.

    Args:
        session: the connection.
        comes_back: tells whether to go back to the temperature of an earlier process.
    """

    needs = Capability.COOLER
    reads = ("cooler_on", "temperature_celsius", "setpoint_celsius", "cooler_power_percent")

    temperature = number(
        "CCD_TEMPERATURE",
        "Temperature",
        MAIN,
        {"CCD_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
    )
    ramp = number(
        "CCD_TEMP_RAMP",
        "Temp. Ramp",
        MAIN,
        {
            "RAMP_SLOPE": Num("Max. dT (C/min)", "%.f", 0, 30, 1),
            "RAMP_THRESHOLD": Num("Threshold (C)", "%.1f", 0.1, 2, 0.1, 0.2),
        },
        save=Save.ON_REQUEST,
        lasting=True,
        autosave=True,
    )
    cooler = switch(
        "CCD_COOLER",
        "Cooler",
        MAIN,
        {"COOLER_ON": Sw("ON"), "COOLER_OFF": Sw("OFF", True)},
        timeout_s=0,
    )
    power = number(
        "CCD_COOLER_POWER",
        "Cooler %",
        MAIN,
        {"CCD_COOLER_VALUE": Num("[%]", "%.1f", 0, 100)},
        permission=Permission.READ_ONLY,
        shows={"CCD_COOLER_VALUE": "cooler_power_percent"},
    )
    ambient = number(
        "AMBIENT_TEMPERATURE",
        "Ambient",
        MAIN,
        {"AMBIENT_TEMPERATURE_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        permission=Permission.READ_ONLY,
        shows={"AMBIENT_TEMPERATURE_VALUE": "ambient_celsius"},
    )
    setpoint = number(
        "CCD_SETPOINT",
        "Set point",
        MAIN,
        {"CCD_SETPOINT_VALUE": Num("Temperature (C)", "%5.2f", -100, 100)},
        shows={"CCD_SETPOINT_VALUE": "setpoint_celsius"},
    )
    setpoint_celsius: float | None = None
    """The camera's current set point; None while the cooler is off."""

    def __init__(
        self, session: CameraSession, *, comes_back: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__(session)
        self._comes_back = comes_back
        self._kept = session.lasting.of(Destination)
        self._steadiness = Steadiness()
        self._latch_up = LatchUpWatch()
        self._gave_up = False
        """Whether the target was said to be out of reach."""

    @property
    def ccd_celsius(self) -> float:
        """The CCD's temperature at the last poll."""
        return self.temperature["CCD_TEMPERATURE_VALUE"]

    # --- writes --------------------------------------------------------------------------------

    @temperature.on_write
    async def _temperature_requested(self, new: Numbers) -> None:
        """Switch the cooler on and go to a temperature."""
        target = new["CCD_TEMPERATURE_VALUE"]
        await repeated(lambda: self._aim(target), self.device.clock)
        self._want(target)
        self._steadiness, self._latch_up, self._gave_up = Steadiness(), LatchUpWatch(), False
        self.cooler.select("COOLER_ON", State.OK)
        self.temperature.publish(state=State.OK if self._reached() else State.BUSY)

    @cooler.on_write
    async def _cooler_requested(self, new: Switches) -> None:
        """Switch the cooler off, or on with the camera's current set point."""
        imager, is_on = self.camera.imager, new["COOLER_ON"]
        await repeated(lambda: imager.set_settings(cooler_on=is_on), self.device.clock)
        if new["COOLER_OFF"]:
            self._want(None)
            self.setpoint_celsius = None
            self._kept.ramp = None
            self._gave_up = False
            self.temperature.publish(state=State.IDLE)

    @setpoint.on_write
    async def _setpoint_requested(self, new: Numbers) -> None:
        """Set the camera's set point and leave the cooler on or off, as it is."""
        celsius = round(new["CCD_SETPOINT_VALUE"], 2)
        imager = self.camera.imager
        await repeated(lambda: imager.set_settings(setpoint_celsius=celsius), self.device.clock)
        self._kept.ramp = None
        self.setpoint.publish({"CCD_SETPOINT_VALUE": celsius}, State.OK)
        if self.cooler["COOLER_ON"]:
            self._want(celsius)
            self.setpoint_celsius = celsius
            self._steadiness, self._latch_up, self._gave_up = Steadiness(), LatchUpWatch(), False
            self.temperature.publish(state=State.OK if self._reached() else State.BUSY)

    async def _aim(self, target_celsius: float) -> None:
        """Send the camera the next set point on the way to a target."""
        step = round(ramp_step(self.ccd_celsius, target_celsius, self.ramp["RAMP_SLOPE"]), 2)
        await self.camera.imager.set_settings(cooler_on=True, setpoint_celsius=step)
        self.device.log.debug(f"Set point {step:g} C, on the way to {target_celsius:g} C.")
        due_s = self.device.clock.monotonic() + RAMP_STEP_S
        self._kept.ramp = Ramp(round(target_celsius, 2), step, due_s)
        self.setpoint_celsius = step
        self.setpoint.publish({"CCD_SETPOINT_VALUE": step})

    async def _go_on(self) -> None:
        """Take the next step of a ramp; runs on the lane, so that it never overtakes a write."""
        if self._step_due() and self._kept.ramp is not None:
            try:
                await self._aim(self._kept.ramp.target_celsius)
            except IndiStxError as error:
                self.device.log.warning(f"The temperature ramp waits for the camera. {error}")

    def _step_due(self) -> bool:
        return (
            self._kept.ramp is not None
            and not self._kept.ramp.complete
            and (
                not self.ramp["RAMP_SLOPE"]
                or self.device.clock.monotonic() >= self._kept.ramp.step_due_s
            )
        )

    # --- what the camera shows -----------------------------------------------------------------

    async def begin(self) -> None:
        """Go on with a ramp of an earlier connection, if the camera still follows it."""
        if self._kept.ramp and not self._reached():
            self.temperature.state = State.BUSY

    @property
    def telemetry(self) -> list[Property[Any]]:
        """As in general, and the temperature."""
        return [self.temperature, *super().telemetry]

    def _want(self, target_celsius: float | None) -> None:
        self.session.journal.want_setpoint(self.session.address, target_celsius)

    def appeared(self) -> None:
        """After a start without a person, go back to the temperature that was wanted before."""
        wanted = self.session.journal.wanted_setpoint(self.session.address)
        if wanted is None or self._kept.ramp is not None or not self._comes_back():
            return
        if self.setpoint_celsius is None or abs(self.setpoint_celsius - wanted) > OURS_CELSIUS:
            self.device.log.info(f"Cooling to {wanted:.1f} C again, as before the driver ended.")
            self.lane.put(partial(self._aim_again, wanted))

    def put_back(self) -> str | None:
        """Go to the temperature again that the user had chosen, by the ramp."""
        ramp, setpoint = self._kept.ramp, self.setpoint_celsius
        target = ramp.target_celsius if ramp else setpoint
        if target is None:
            return None
        self.lane.put(partial(self._aim_again, target))
        return f"cooler to {target:.1f} C"

    async def _aim_again(self, target_celsius: float) -> None:
        give_up_s = self.device.clock.monotonic() + PUT_BACK_S
        while True:
            try:
                await self._aim(target_celsius)
            except IndiStxError as error:
                if self.device.clock.monotonic() > give_up_s:
                    self.device.refuse(self.temperature, f"The cooler is off. {error}")
                    return
                await self.device.clock.sleep(1)
            else:
                self._steadiness = Steadiness()
                self.temperature.publish(state=State.BUSY)
                return

    def state_shown(self, p: Property[Any], readings: Mapping[str, Any]) -> State | None:
        """Show the cooler's power as Idle while it is off."""
        if p is self.power and not readings.get("cooler_on", True):
            return State.IDLE
        return super().state_shown(p, readings)

    def observe(self, settings: CcdSettings) -> None:
        """Report what changed, and keep a ramp going."""
        before = self.setpoint_celsius
        self.setpoint_celsius = settings.setpoint_celsius if settings.cooler_on else None
        self._notice_others(before)
        power_percent = getattr(settings, "cooler_power_percent", None)
        self._show_temperature(settings.temperature_celsius, power_percent)
        if settings.cooler_on != self.cooler["COOLER_ON"]:
            self.cooler.select("COOLER_ON" if settings.cooler_on else "COOLER_OFF", State.OK)
        self._watch(settings, power_percent)
        if self._step_due():
            self.lane.put(self._go_on)

    def _notice_others(self, before: float | None) -> None:
        """Give up a ramp when somebody else changed the set point or switched the cooler off."""
        setpoint, ramp = self.setpoint_celsius, self._kept.ramp
        if setpoint is not None and before is not None and abs(setpoint - before) > OURS_CELSIUS:
            self.device.log.info(f"Another program has changed the set point to {setpoint:.1f} C.")
        if setpoint is None and before is not None:
            self.device.refuse(
                self.temperature,
                "The cooler went off: another program did it, or the camera was restarted.",
            )
        if ramp and (setpoint is None or abs(setpoint - ramp.setpoint_celsius) > OURS_CELSIUS):
            self._kept.ramp = None

    def _show_temperature(self, celsius: float, power_percent: float | None) -> None:
        moved = abs(celsius - self.ccd_celsius) >= SHOWN_CELSIUS
        self.temperature.assign({"CCD_TEMPERATURE_VALUE": celsius})
        busy = self.temperature.state is State.BUSY
        if busy and (self._reached() or self._ends_short(power_percent)):
            self.temperature.publish(state=State.OK)
        elif moved or busy:
            self.temperature.publish()

    def _reached(self) -> bool:
        target = self._kept.ramp.target_celsius if self._kept.ramp else self.setpoint_celsius
        threshold = self.ramp["RAMP_THRESHOLD"]
        return target is not None and abs(self.ccd_celsius - target) <= threshold

    def _ends_short(self, power_percent: float | None) -> bool:
        """Tell whether the CCD is as warm as it can get: a cooler cannot heat above ambient."""
        now_s, threshold = self.device.clock.monotonic(), self.ramp["RAMP_THRESHOLD"]
        steady = self._steadiness.look(now_s, self.ccd_celsius, threshold)
        ends = (
            steady
            and power_percent == 0
            and self.setpoint_celsius is not None
            and self.ccd_celsius < self.setpoint_celsius
        )
        if ends:
            self._kept.ramp = None
            self.device.log.info("The CCD is as warm as its surroundings let it get.")
        return ends

    def _watch(self, s: CcdSettings, power_percent: float | None) -> None:
        """Say that a temperature cannot be reached, and when it can be after all."""
        if power_percent is not None and self._latch_up.look(
            self.device.clock.monotonic(),
            s.temperature_celsius,
            self.setpoint_celsius,
            power_percent,
        ):
            self._give_up(
                f"The cooler works at full power, but the CCD stays at "
                f"{s.temperature_celsius:.1f} C instead of {s.setpoint_celsius:.1f} C. Choose a "
                "warmer set point, which the cooler can reach; if it still does not cool, it has "
                "latched up: restart the camera."
            )
        elif self._gave_up and not self._latch_up.latched:
            self._gave_up = False
            self.temperature.publish(state=State.OK if self._reached() else State.BUSY)

    def _give_up(self, reason: str) -> None:
        """Warn; a client that waits for the temperature must not do so for hours."""
        self.device.log.warning(reason)
        if self.temperature.state is State.BUSY:
            self._gave_up = True
            self.temperature.publish(state=State.ALERT)
