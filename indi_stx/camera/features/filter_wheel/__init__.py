"""The filter wheel: which filter is in the beam, and what the filters are called.

A move occupies the lane until the wheel has stopped, so moves happen one after another. Names are
kept in the camera's flash memory, which wears out with every write: only names that a client
changed are written, and they are not saved in the configuration file. The camera always offers
eight names, so the user has to say how many slots the wheel has. Source: STX API, "Filter State" to
"Set Filter Name".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from indi_stx.camera.facts import Capability
from indi_stx.camera.features.filter_wheel.moves import LOOK_S, MOVE_LIMIT_S, STUCK, Mover
from indi_stx.camera.repeating import repeated
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
from indi_stx.errors import CameraError, ValueRefused
from indi_stx.indi import State, SwitchRule
from indi_stx.stx.filters import NO_FILTER, SLOTS, FilterSettings, FilterState

SHUTTER_LOOK_S = 0.05
"""How often a move that waits for an exposure looks whether that has ended."""
MOST_SLOTS = len(SLOTS)
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

    needs = Capability.FILTER_WHEEL

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
        self._mover = Mover(session)
        self._in_doubt = False
        """Whether a move has failed, and nobody has seen since where the wheel stands."""
        self._moves = 0
        self.shutter_is_open: Callable[[], bool] = lambda: False
        """Whether the imaging CCD exposes; a move waits for its end."""
        self._look_at_state = True
        self._wanted = NO_FILTER
        """The place to restore after a restart of the camera, which moves the wheel as well."""
        self._strange = NO_FILTER
        """The place at the last look."""

    @property
    def current(self) -> int:
        """The slot last seen in the beam, 0 for none."""
        return int(self.slot["FILTER_SLOT_VALUE"])

    @property
    def filter_name(self) -> str | None:
        """The name of the filter in the beam; None for none, and while the wheel moves or fails."""
        if self._in_doubt or self._mover.seen is not FilterState.IDLE:
            return None
        return self.names.values.get(f"FILTER_SLOT_NAME_{self.current}") or None

    @property
    def beam(self) -> str:
        """Which filter is in the beam, and since which move."""
        return f"{self.current} since move {self._moves}"

    @property
    def at_rest(self) -> bool:
        """Whether it stands still, and nobody has asked it to move."""
        return self.lane.is_idle and self._mover.seen is not FilterState.MOVING

    async def rest(self) -> None:
        """Wait until it stands still; returns in any case after the time that a move may take."""
        clock = self.device.clock
        give_up_s = clock.monotonic() + MOVE_LIMIT_S
        while not self.at_rest and clock.monotonic() < give_up_s:
            await clock.sleep(LOOK_S)
            if self.lane.is_idle:  # somebody else moves it
                with contextlib.suppress(CameraError):
                    await self._poll_state()

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
            camera = self.camera
            await repeated(lambda: camera.set_filter_names(changed), self.device.clock)
        finally:
            self._busy = False

    @slots.on_check
    def _checked_slots(self, new: Numbers) -> Numbers:
        if not new["SLOTS"].is_integer():
            raise ValueRefused(f"The number of slots must be a whole number, not {new['SLOTS']:g}.")
        return new

    @slots.on_write
    async def _slots_requested(self, new: Numbers) -> None:
        """Define the wheel's properties again with another number of slots."""
        count = new["SLOTS"]
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
        self._wanted = target
        self.slot.publish(state=State.BUSY)
        self._busy = True  # from now on a poll must not report where the wheel still stands
        try:
            await self._shutter_closes()
            self._in_doubt = True
            self._moves += 1
            trouble = await self._mover.drive(target)
        except CameraError as error:
            trouble = str(error)
        finally:
            self._busy = False
        self._in_doubt = bool(trouble)
        if trouble:
            self.device.refuse(self.slot, trouble)
        else:
            self.slot.publish({"FILTER_SLOT_VALUE": float(target)}, State.OK)

    async def _shutter_closes(self) -> None:
        """Wait for the end of the exposure under way: its frame is one of one filter."""
        if self.shutter_is_open():
            self.device.log.info("The filter is changed when the exposure has ended.")
        while self.shutter_is_open():
            await self.device.clock.sleep(SHUTTER_LOOK_S)

    # --- what the camera shows -----------------------------------------------------------------

    async def begin(self) -> None:
        """Show the true slot and names from the first definition on."""
        self._mover.seen = await self.camera.filter_state()
        self._take_over(await self.camera.get_filter_settings())
        self.slot.state = STATES[self._mover.seen]
        if self._mover.seen is FilterState.ERROR:
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
        if self._busy or state is self._mover.seen:
            return
        before, self._mover.seen = self._mover.seen, state
        self._moves += 1
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
        self._in_doubt = False
        if settings.current == self._strange:
            self._wanted = settings.current  # another program's wish, and no restart: it stays
        self._strange = settings.current
        if settings.current != self.current:
            self._moves += 1
            state = State.OK if self._mover.seen is FilterState.IDLE else STATES[self._mover.seen]
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
