"""Adaptive optics: the tip-tilt mirror, moved in steps as PHD2 does.

A step is one of the camera's positions, 0 to 100, so that whole steps reach every one of them: 50
from the centre in each direction, more than the 45 that PHD2 counts. The camera tells neither where
its mirror is nor whether it has one: the position shown is the one last commanded, or the centre
before any command. Clients send steps, but the camera is told the place to go to, so a command that
gets lost is sent again. Source: STX API, "AO Guide" and "AO Status"; PHD2 and libindi's SX AO
driver for the properties; docs/decisions/0013-ao-step.md.
"""

from __future__ import annotations

import asyncio

from indi_stx.camera.facts import Capability
from indi_stx.camera.repeating import repeated
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import GUIDER_CONTROL
from indi_stx.driver.declarations import Lamp, Num, Numbers, Sw, Switches, light, number, switch
from indi_stx.driver.properties import NumberProperty
from indi_stx.errors import CameraError
from indi_stx.indi import Permission, State
from indi_stx.stx.guiding import AO_CENTER, AO_MAX, AO_MIN, AoState

STEPS_TO_LIMIT = AO_MAX - AO_CENTER
MOST_STEPS = 2 * STEPS_TO_LIMIT
SETTLE_LIMIT_S = 1.0
SETTLE_PAUSE_S = 0.02
LIMITS = {
    "AT_LIMIT_N": ("y", STEPS_TO_LIMIT),
    "AT_LIMIT_S": ("y", -STEPS_TO_LIMIT),
    "AT_LIMIT_E": ("x", STEPS_TO_LIMIT),
    "AT_LIMIT_W": ("x", -STEPS_TO_LIMIT),
}


def mirror_units(steps: float) -> int:
    """Return the position that the camera is told, 0 to 100, for steps from the centre."""
    return round(AO_CENTER + steps)


class MirrorPosition:
    """Where the mirror was last sent; it stays there when the connection ends.

    Attributes:
        steps: from the centre; north in "y", east in "x".
    """

    def __init__(self) -> None:
        self.steps = {"x": 0.0, "y": 0.0}


class AdaptiveOptics(Feature):
    """AO_NS, AO_WE, AO_CENTER, AO_POSITION and AT_LIMIT."""

    needs = Capability.ADAPTIVE_OPTICS

    north_south = number(
        "AO_NS",
        "AO Tilt North/South",
        GUIDER_CONTROL,
        {
            "AO_N": Num("North (steps)", "%.f", 0, MOST_STEPS, 1),
            "AO_S": Num("South (steps)", "%.f", 0, MOST_STEPS, 1),
        },
        momentary=True,
    )
    west_east = number(
        "AO_WE",
        "AO Tilt East/West",
        GUIDER_CONTROL,
        {
            "AO_E": Num("East (steps)", "%.f", 0, MOST_STEPS, 1),
            "AO_W": Num("West (steps)", "%.f", 0, MOST_STEPS, 1),
        },
        momentary=True,
    )
    center = switch("AO_CENTER", "AO Center", GUIDER_CONTROL, {"CENTER": Sw("Center")})
    position = number(
        "AO_POSITION",
        "AO Position",
        GUIDER_CONTROL,
        {
            "AO_X": Num("East (50 = center)", "%.f", AO_MIN, AO_MAX, 1, AO_CENTER),
            "AO_Y": Num("North (50 = center)", "%.f", AO_MIN, AO_MAX, 1, AO_CENTER),
        },
        permission=Permission.READ_ONLY,
    )
    at_limit = light(
        "AT_LIMIT",
        "AO Limits",
        GUIDER_CONTROL,
        {
            "AT_LIMIT_N": Lamp("North"),
            "AT_LIMIT_S": Lamp("South"),
            "AT_LIMIT_E": Lamp("East"),
            "AT_LIMIT_W": Lamp("West"),
        },
    )

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        self._mirror = session.lasting.of(MirrorPosition)
        self.position.assign(_shown(self._units()))
        self.at_limit.assign(self._lamps())

    def _units(self) -> dict[str, int]:
        return {axis: mirror_units(value) for axis, value in self._mirror.steps.items()}

    def restarted(self) -> None:
        """Know the mirror in its centre, where a restart puts it; a guider moves it from there."""
        self._mirror.steps = {"x": 0.0, "y": 0.0}
        self.position.publish(_shown(self._units()))
        self.at_limit.publish(self._lamps())

    @north_south.on_write
    async def _north_south_requested(self, new: Numbers) -> None:
        """Tilt by this number of steps from the mirror's current position."""
        await self._step(self.north_south, new, "y", new["AO_N"] - new["AO_S"])

    @west_east.on_write
    async def _west_east_requested(self, new: Numbers) -> None:
        """Tilt by this number of steps from the mirror's current position."""
        await self._step(self.west_east, new, "x", new["AO_E"] - new["AO_W"])

    @center.on_write
    async def _center_requested(self, new: Switches) -> None:
        """Centre the mirror in both axes."""
        self.center.publish(new, State.BUSY)
        self.center.assign(dict.fromkeys(new, False))
        stands = await self._tilt({"x": 0.0, "y": 0.0})
        for p in (self.north_south, self.west_east):
            p.publish(dict.fromkeys(p, 0.0), State.IDLE)
        if stands:
            self.device.log.info("The AO mirror is centred.")
        self.center.publish(state=State.OK if stands else State.ALERT)

    async def _step(self, p: NumberProperty, new: Numbers, axis: str, steps: float) -> None:
        p.publish(new, State.BUSY)
        p.assign(dict.fromkeys(new, 0.0))
        wished = self._mirror.steps[axis] + steps
        reachable = min(max(wished, -STEPS_TO_LIMIT), STEPS_TO_LIMIT)
        await self._tilt({**self._mirror.steps, axis: reachable})
        if reachable == wished:
            p.publish(state=State.OK)
        else:
            self.device.refuse(
                p, "The AO mirror is at its limit; move the mount to bring it back (bump)."
            )

    async def _tilt(self, steps: dict[str, float]) -> bool:
        """Move the mirror and wait until it has stopped; False when the camera does not say so.

        Raises:
            CameraRefused: the camera did not accept the command; the shown position is unchanged.
            CameraError: it did not answer. Whether the mirror moved is not known; the next command
                brings it from there to its own place.
        """
        units = {axis: mirror_units(value) for axis, value in steps.items()}
        await repeated(lambda: self.camera.ao_guide(**units), self.device.clock)
        self._mirror.steps = steps
        self.position.publish(_shown(units), State.BUSY)
        stands = await self._settled()
        self.position.publish(state=State.OK if stands else State.ALERT)
        self._show_limits()
        return stands

    async def _settled(self) -> bool:
        """Wait until the camera says that the mirror has stopped; False if it takes too long."""
        try:
            async with asyncio.timeout(SETTLE_LIMIT_S):
                while await self.camera.ao_status() is AoState.MOVING:
                    await self.device.clock.sleep(SETTLE_PAUSE_S)
        except (CameraError, TimeoutError) as error:
            reason = str(error) or f"It is still moving after {SETTLE_LIMIT_S:g} s."
            self.device.log.warning(f"The camera does not say that the AO mirror stopped. {reason}")
            return False
        return True

    def _show_limits(self) -> None:
        lamps = self._lamps()
        if lamps != self.at_limit.values:
            self.at_limit.publish(lamps, State.OK)

    def _lamps(self) -> dict[str, State]:
        return {
            name: State.ALERT if self._mirror.steps[axis] == limit else State.OK
            for name, (axis, limit) in LIMITS.items()
        }


def _shown(units: dict[str, int]) -> dict[str, float]:
    return {"AO_X": float(units["x"]), "AO_Y": float(units["y"])}
