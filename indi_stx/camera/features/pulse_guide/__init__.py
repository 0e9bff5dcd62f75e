"""The guide port: north, south, east and west pulses by the camera's four relays.

A pulse is Busy from the write until its relay has opened, then Idle. Its end is timed here and then
confirmed by asking the camera, for a second at the most, because PHD2 waits for it without limit.
The two directions are independent. Source: STX API, "Pulse Guide" to "Pulse Guide Get Time
Remaining"; libindi's guider interface for the properties.
"""

from __future__ import annotations

import asyncio

from indi_stx.camera.facts import Capability
from indi_stx.camera.features.pulse_guide.relays import Axis, Relay, RelayPort
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import GUIDER_CONTROL
from indi_stx.driver.declarations import (
    Lamp,
    Num,
    Numbers,
    Save,
    Sw,
    Switches,
    light,
    number,
    switch,
)
from indi_stx.driver.properties import NumberProperty
from indi_stx.errors import CameraError, IndiStxError, ValueRefused
from indi_stx.indi import State, SwitchRule
from indi_stx.stx.guiding import MAX_PULSE_S, MIN_PULSE_S, RelayDirection

CONFIRM_LIMIT_S = 1.0
"""How long the end of a pulse may wait for the camera to say that the relay has opened."""
STILL_CLOSED_PAUSE_S = 0.02

PLUS, MINUS = RelayDirection.PLUS, RelayDirection.MINUS
RELAYS = {
    "TIMED_GUIDE_N": Relay(Axis.Y, MINUS),
    "TIMED_GUIDE_S": Relay(Axis.Y, PLUS),
    "TIMED_GUIDE_E": Relay(Axis.X, PLUS),
    "TIMED_GUIDE_W": Relay(Axis.X, MINUS),
}
"""The same assignment as in libindi's SBIG driver."""
NORTH_SOUTH = ("TIMED_GUIDE_N", "TIMED_GUIDE_S")
OTHER_AXIS = {Axis.X: Axis.Y, Axis.Y: Axis.X}


def relay_for(element: str, mapping: Switches) -> Relay:
    """Return the relay of a direction under the switches of GUIDE_RELAYS."""
    relay = RELAYS[element]
    if mapping["REVERSE_NS" if element in NORTH_SOUTH else "REVERSE_WE"]:
        relay = relay.opposite
    return relay._replace(axis=OTHER_AXIS[relay.axis]) if mapping["SWAP_AXES"] else relay


def pulse_s(duration_ms: float) -> float:
    """Return the duration as the camera takes it: whole hundredths of a second, at least one."""
    return max(MIN_PULSE_S, round(duration_ms / 10) / 100)


class PulseGuide(Feature):
    """TELESCOPE_TIMED_GUIDE_NS, TELESCOPE_TIMED_GUIDE_WE, GUIDE_RELAYS and PULSE_GUIDING."""

    needs = Capability.GUIDE_PORT

    north_south = number(
        "TELESCOPE_TIMED_GUIDE_NS",
        "Guide N/S",
        GUIDER_CONTROL,
        {
            "TIMED_GUIDE_N": Num("North (ms)", "%.f", 0, MAX_PULSE_S * 1000, 100),
            "TIMED_GUIDE_S": Num("South (ms)", "%.f", 0, MAX_PULSE_S * 1000, 100),
        },
        momentary=True,
    )
    west_east = number(
        "TELESCOPE_TIMED_GUIDE_WE",
        "Guide E/W",
        GUIDER_CONTROL,
        {
            "TIMED_GUIDE_W": Num("West (ms)", "%.f", 0, MAX_PULSE_S * 1000, 100),
            "TIMED_GUIDE_E": Num("East (ms)", "%.f", 0, MAX_PULSE_S * 1000, 100),
        },
        momentary=True,
    )
    mapping = switch(
        "GUIDE_RELAYS",
        "Relays",
        GUIDER_CONTROL,
        {
            "SWAP_AXES": Sw("Swap axes"),
            "REVERSE_NS": Sw("Reverse N/S"),
            "REVERSE_WE": Sw("Reverse E/W"),
        },
        rule=SwitchRule.ANY_OF_MANY,
        save=Save.AT_START,
        autosave=True,
    )

    polls_every = 2

    guiding = light(
        "PULSE_GUIDING", "Relays", GUIDER_CONTROL, {"ANY_CLOSED": Lamp("Any relay is closed")}
    )

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        self._port = RelayPort(session)
        self._pulses: dict[NumberProperty, asyncio.Task[None]] = {}
        self._unconfirmed = False

    @north_south.on_write
    async def _north_south_requested(self, new: Numbers) -> None:
        """Guide north or south; if both are asked for, north."""
        self._start(self.north_south, new)

    @west_east.on_write
    async def _west_east_requested(self, new: Numbers) -> None:
        """Guide west or east; if both are asked for, west."""
        self._start(self.west_east, new)

    async def poll(self) -> None:
        """Show whether a relay is closed: another program, or the camera's page, may guide too."""
        closed = bool(self._pulses) or await self.camera.is_pulse_guiding()
        lamp = State.BUSY if closed else State.IDLE
        if lamp is not self.guiding["ANY_CLOSED"]:
            self.guiding.publish({"ANY_CLOSED": lamp}, State.OK)

    @mapping.on_write
    async def _mapping_requested(self, new: Switches) -> None:
        """Choose which relay guides in which direction, from the next pulse on."""
        if self._pulses:
            raise ValueRefused("Wait for the guide pulse to end before changing the relays.")

    def _start(self, p: NumberProperty, new: Numbers) -> None:
        """Begin a pulse, in place of the one under way; of two directions take the first."""
        wished = next((element for element, ms in new.items() if ms > 0), None)
        if wished is None:
            p.publish(new)
            return
        if p in self._pulses:
            self._pulses.pop(p).cancel()
        p.publish({name: new[name] if name == wished else 0.0 for name in new}, State.BUSY)
        relay = relay_for(wished, self.mapping.values)
        work = self._pulse(p, relay, pulse_s(new[wished]))
        self._pulses[p] = self.session.tasks.spawn(work, f"{self.device.name}: {wished}")

    async def _pulse(self, p: NumberProperty, relay: Relay, duration_s: float) -> None:
        try:
            await self._port.close(relay, duration_s)
            left_s = self._port.opens_at_s[relay] - self.device.clock.monotonic()
            await self.device.clock.sleep(left_s)
            await self._confirm_open(relay)
        except IndiStxError as error:
            self.device.refuse(p, f"The guide pulse failed. {error}")
        except Exception as error:
            self.device.refuse(p, f"{p.label}: internal error ({error}); see the driver's log.")
            raise
        else:
            p.publish(state=State.IDLE)
        finally:
            if self._pulses.get(p) is asyncio.current_task():
                del self._pulses[p]

    async def _confirm_open(self, relay: Relay) -> None:
        """Return when the camera says that a relay is open, or at the latest after the limit."""
        try:
            async with asyncio.timeout(CONFIRM_LIMIT_S):
                while (left_s := await self._time_left_s(relay)) > 0:
                    await self.device.clock.sleep(max(left_s, STILL_CLOSED_PAUSE_S))
        except (CameraError, TimeoutError) as error:
            self._doubt(
                str(error) or f"The relay was not reported open within {CONFIRM_LIMIT_S:g} s."
            )
        else:
            self._unconfirmed = False

    async def _time_left_s(self, relay: Relay) -> float:
        return relay.time_left_s(await self.camera.pulse_time_remaining())

    def _doubt(self, reason: str) -> None:
        """Warn once, not at every pulse, until an end is confirmed again."""
        if not self._unconfirmed:
            self.device.log.warning(
                "The camera did not confirm that a guide pulse has ended; as its time is over, it "
                f"is taken as ended. {reason}"
            )
        self._unconfirmed = True
