"""The filter wheel: which filter is in the beam, and what the filters are called.

A move occupies the lane until the wheel has stopped, so moves happen one after another. Names are
kept in the camera's flash memory, which wears out with every write: only names that a client
changed are written, and they are not saved in the configuration file. The camera always offers
eight names, so the user has to say how many slots the wheel has. Source: STX API, "Filter State" to
"Set Filter Name".
"""

from __future__ import annotations

from functools import partial

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import FILTER_WHEEL
from indi_stx.driver.declarations import (
    Num,
    Numbers,
    Save,
    Sw,
    Switches,
    Texts,
    Txt,
    number,
    switch,
    text,
)
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable, ValueRefused
from indi_stx.indi import State, SwitchRule
from indi_stx.stx.filters import NO_FILTER, SLOTS, FilterSettings, FilterState

LOOK_S = 0.25
"""Pause between two questions while the wheel moves."""
DEPARTURE_LIMIT_S = 2.0
"""How long a wheel may stay at its old place after it accepted a move."""
MOVE_LIMIT_S = 60.0
LOST_LOOKS = 3
"""After how many questions in a row without an answer a move counts as failed."""
MOST_SLOTS = len(SLOTS)
STUCK = (
    "The filter wheel is in its error state: it is jammed, or there is none. Check the wheel and "
    "its cable, then initialize it; if that fails, switch the camera off and on."
)

STATES = {
    FilterState.IDLE: State.IDLE,
    FilterState.MOVING: State.BUSY,
    FilterState.ERROR: State.ALERT,
}


def name_elements(slots: int) -> dict[str, Txt]:
    """Return the elements of FILTER_NAME for a wheel of that many slots."""
    return {f"FILTER_SLOT_NAME_{slot}": Txt(f"Filter#{slot}") for slot in range(1, slots + 1)}


class FilterWheel(Feature):
    """FILTER_SLOT, FILTER_NAME, FILTER_SLOTS and FILTER_INITIALIZE."""

    slot = number(
        "FILTER_SLOT",
        "Filter Slot",
        FILTER_WHEEL,
        {"FILTER_SLOT_VALUE": Num("Filter", "%3.0f", 1, MOST_SLOTS, 1, 1)},
        save=Save.ON_REQUEST,
    )
    names = text("FILTER_NAME", "Filter", FILTER_WHEEL, name_elements(MOST_SLOTS), timeout_s=0)
    slots = number(
        "FILTER_SLOTS",
        "Filter slots",
        FILTER_WHEEL,
        {"SLOTS": Num("Slots of the wheel", "%.f", 1, MOST_SLOTS, 1, MOST_SLOTS)},
        save=Save.AT_START,
        autosave=True,
    )
    initialize = switch(
        "FILTER_INITIALIZE",
        "Filter wheel",
        FILTER_WHEEL,
        {"INITIALIZE": Sw("Initialize")},
        rule=SwitchRule.AT_MOST_ONE,
    )

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        self._busy = False
        self._seen = FilterState.IDLE
        self._look_at_state = True
        self._wanted = NO_FILTER

    @property
    def current(self) -> int:
        """The slot last seen in the beam, 0 for none."""
        return int(self.slot["FILTER_SLOT_VALUE"])

    @property
    def current_filter_name(self) -> str | None:
        """The name of the filter in the beam, None for none."""
        return self.names.values.get(f"FILTER_SLOT_NAME_{self.current}") or None

    # --- writes --------------------------------------------------------------------------------

    @slot.on_write
    async def _slot_requested(self, new: Numbers) -> None:
        """Move the wheel, and answer again when it has arrived."""
        target = new["FILTER_SLOT_VALUE"]
        if not target.is_integer():
            raise ValueRefused(f"There is no filter slot {target:g}.")
        await self._move(int(target))

    @initialize.on_write
    async def _initialize_requested(self, new: Switches) -> None:
        """Let the wheel find its home mark again, with no filter in the beam afterwards."""
        self.initialize.publish(new, State.BUSY)
        self.initialize.assign({"INITIALIZE": False})
        try:
            await self._move(NO_FILTER)
        finally:
            self.initialize.publish(state=self.slot.state)

    @names.on_write
    async def _names_requested(self, new: Texts) -> None:
        """Write the names that differ from the camera's into its flash memory."""
        slots = {slot: f"FILTER_SLOT_NAME_{slot}" for slot in range(1, len(new) + 1)}
        changed = {slot: new[e] for slot, e in slots.items() if new[e] != self.names[e]}
        if not all(changed.values()):
            raise ValueRefused("A filter needs a name.")
        self._busy = True
        try:
            await self.camera.set_filter_names(changed)
        finally:
            self._busy = False

    @slots.on_write
    async def _slots_requested(self, new: Numbers) -> None:
        """Define the wheel's properties again with another number of slots."""
        count = new["SLOTS"]
        if not count.is_integer():
            raise ValueRefused(f"The number of slots must be a whole number, not {count:g}.")
        if count == self.slots["SLOTS"]:
            return
        settings = await self.camera.get_filter_settings()
        self.slots.publish(new, State.OK)
        self.slot.delete()
        self.names.delete()
        self._take_over(settings)
        self.slot.define()
        self.names.define()

    # --- moves ---------------------------------------------------------------------------------

    async def _move(self, target: int) -> None:
        self._busy = True
        self._wanted = target
        self.slot.publish(state=State.BUSY)
        try:
            await self.camera.change_filter(target)
            trouble = await self._arrive(target)
        except CameraError as error:
            trouble = str(error)
        finally:
            self._busy = False
        if trouble:
            self.device.refuse(self.slot, trouble)
        else:
            self.slot.publish({"FILTER_SLOT_VALUE": float(target)}, State.OK)

    async def _arrive(self, target: int) -> str | None:
        """Wait until the wheel stops; return what is wrong unless it is at its target."""
        clock = self.device.clock
        started_s, lost = clock.monotonic(), 0
        while (elapsed_s := clock.monotonic() - started_s) < MOVE_LIMIT_S:
            await clock.sleep(LOOK_S)
            try:
                at = await self._resting_place()
            except (CameraTimeout, CameraUnreachable) as error:
                # The wheel goes on turning: a lost answer does not mean that the move failed.
                if (lost := lost + 1) >= LOST_LOOKS:
                    return str(error)
                continue
            lost = 0
            if self._seen is FilterState.ERROR:
                return STUCK
            if at == target:
                return None
            if at is not None and elapsed_s > DEPARTURE_LIMIT_S:
                return f"The filter wheel stopped at {at}, not at {target}: try again."
        return f"The filter wheel has not arrived after {MOVE_LIMIT_S:g} s. {STUCK}"

    async def _resting_place(self) -> int | None:
        """Return the slot where the wheel stands, None while it moves."""
        self._seen = await self.camera.filter_state()
        if self._seen is not FilterState.IDLE:
            return None
        return (await self.camera.get_filter_settings(())).current

    # --- what the camera shows -----------------------------------------------------------------

    async def begin(self) -> None:
        """Show the true slot and names from the first definition on."""
        self._seen = await self.camera.filter_state()
        self._take_over(await self.camera.get_filter_settings())
        self.slot.state = STATES[self._seen]
        if self._seen is FilterState.ERROR:
            self.device.log.warning(STUCK)

    async def poll(self) -> None:
        """Notice changes by others: ask for state and settings in alternate periods."""
        if self._busy:
            return
        self._look_at_state = not self._look_at_state
        if self._look_at_state:
            await self._poll_state()
        else:
            await self._poll_settings()

    async def _poll_state(self) -> None:
        state = await self.camera.filter_state()
        if self._busy or state is self._seen:
            return
        before, self._seen = self._seen, state
        match state:
            case FilterState.ERROR:
                self.device.refuse(self.slot, STUCK)
            case FilterState.MOVING:
                self.slot.publish(state=State.BUSY)
            case FilterState.IDLE:
                await self._poll_settings()
                if not self._busy and self.slot.state is STATES[before]:
                    self.slot.publish(state=State.OK)

    async def _poll_settings(self) -> None:
        settings = await self.camera.get_filter_settings()
        if self._busy:
            return
        # After a restart the wheel is at its home mark, with no filter: that is nobody's wish.
        self._wanted = settings.current or self._wanted
        if settings.current != self.current:
            state = State.OK if self._seen is FilterState.IDLE else STATES[self._seen]
            self.slot.publish({"FILTER_SLOT_VALUE": float(settings.current)}, state)
        if (names := self._names_of(settings)) != self.names.values:
            self.names.publish(names)

    def put_back(self) -> str | None:
        """Move to the filter again that was in the beam."""
        if self._wanted == NO_FILTER:
            return None
        self.lane.put(partial(self._move, self._wanted))
        return f"filter {self._wanted}"

    def _take_over(self, settings: FilterSettings) -> None:
        """Fit the properties to the wheel; they must not be defined at this moment."""
        count = int(self.slots["SLOTS"])
        self.slot.narrow(FILTER_SLOT_VALUE=(1, count))
        self.slot.assign({"FILTER_SLOT_VALUE": float(settings.current)})
        self._wanted = settings.current
        self.names.redeclare(name_elements(count))
        self.names.assign(self._names_of(settings))

    def _names_of(self, settings: FilterSettings) -> dict[str, str]:
        return {
            element: settings.names.get(slot, f"Filter {slot}")
            for slot, element in enumerate(self.names, start=1)
        }
