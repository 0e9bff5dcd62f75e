"""A device: named subsystems, defined and withdrawn together with the connection.

The device routes clients' writes to the lane of the subsystem that owns the property, and makes
sure that every write gets an answer: new values, or Alert and a message a person can act on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from indi_stx.clock import Clock
from indi_stx.driver.config import ConfigFile, SavedProperty
from indi_stx.driver.declarations import Save, When
from indi_stx.driver.general import General
from indi_stx.driver.logs import Logs
from indi_stx.driver.properties import Property, writable
from indi_stx.driver.schedule import Schedule
from indi_stx.driver.snoop import Snoop
from indi_stx.driver.subsystem import Subsystem
from indi_stx.errors import ConfigError, IndiStxError, PropertyError, ValueRefused
from indi_stx.indi import AnyMessage, NewVector, OneText, SetVector, State

logger = logging.getLogger(__name__)


class Host(Protocol):
    """What a device needs of the process it lives in."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def snoop(self) -> Snoop:
        """Other drivers' properties."""

    def send(self, message: AnyMessage) -> None:
        """Send a message, in order, without waiting."""

    async def send_blob(self, vector: SetVector) -> None:
        """Send a BLOB once the one before it has been taken, and return when it is sent."""


class Device:
    """One INDI device.

    Attributes:
        subsystems: what it can do, in the order in which their properties are defined.
        capabilities: what the hardware turned out to have; decides which properties exist.
        connected: whether the properties of the connection are defined.
        visible: whether clients know of the device at all.
        schedule: tasks that end with the connection.
    """

    executable = "indi_driver"

    def __init__(self, name: str, host: Host, config: ConfigFile | None = None) -> None:
        self.name = name
        self.clock = host.clock
        self.snoop = host.snoop
        self.config = config or ConfigFile.of_device(name)
        self.capabilities: frozenset[Hashable] = frozenset()
        self.connected = False
        self.visible = True
        self.schedule = Schedule(host.clock)
        self.general = General(self)
        self.log = Logs(self)
        self.subsystems: list[Subsystem] = [self.general, self.log]
        self._host = host
        self._trouble: str | None = None

    @property
    def existing(self) -> list[Subsystem]:
        """The subsystems that this hardware has."""
        return [s for s in self.subsystems if s.exists(self.capabilities)]

    # --- wire ----------------------------------------------------------------------------------

    def send(self, message: AnyMessage) -> None:
        """Send a message to the clients."""
        self._host.send(message)

    async def send_blob(self, vector: SetVector) -> None:
        """Send a BLOB; returns when it is with the server."""
        await self._host.send_blob(vector)

    def answer(self, name: str | None) -> None:
        """Define everything that exists now, or one property, for a client that asks."""
        if not self.visible:
            return
        wanted = (
            [s.properties[name] for s in self.subsystems if name in s.properties]
            if name
            else [p for s in self.subsystems for p in s.properties.values()]
        )
        due = self._due()
        for p in wanted:
            if p.defined or p in due:
                p.define()

    def write(self, new: NewVector) -> None:
        """Put a client's write on the lane of its subsystem; unknown and read-only are ignored."""
        for subsystem in self.subsystems:
            p = subsystem.properties.get(new.name)
            if p is not None and p.defined and writable(p.spec):
                subsystem.lane.put(partial(self._carry_out, subsystem, p, new))
                return
        logger.warning("ignored a write to %s: no such writable property now", new.name)

    async def _carry_out(self, subsystem: Subsystem, p: Property[Any], new: NewVector) -> None:
        revision = p.revision
        handler = subsystem.handler_of(p.name)
        try:
            values = p.accept(new)
            if handler is not None:
                await handler(values)
            if p.revision == revision:
                p.publish(values, State.OK)
            if p.spec.autosave:
                self.save_one(p)
        except PropertyError:
            logger.exception("a bug in the handler of %s", p.name)
            self.refuse(p, f"{p.label}: internal error; please report the driver's log.")
        except IndiStxError as error:
            self.refuse(p, str(error))
        except Exception as error:
            logger.exception("the handler of %s failed", p.name)
            self.refuse(p, f"{p.label}: internal error ({error}); please report the driver's log.")

    async def settle(self, limit_s: float, *, besides: Subsystem) -> None:
        """Wait until the writes heard so far are carried out, or for so long."""
        lanes = {s.lane for s in self.subsystems if s.lane is not besides.lane}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                for lane in lanes:
                    await lane.idle()

    def refuse(self, p: Property[Any], reason: str) -> None:
        """Report a failure: the property keeps its values, turns Alert, and clients read why."""
        self.log.error(reason)
        p.publish(state=State.ALERT)

    # --- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Take over what the configuration file has for the time before the connection."""
        saved = self._read_saved()
        for p in self._properties():
            if p.spec.save is Save.AT_START and p.name in saved:
                try:
                    p.restore(saved[p.name].values)
                except ValueRefused as error:
                    self.log.warning(f"Ignored a saved value: {error}")
        for subsystem in self.subsystems:
            subsystem.on_start()

    def bring_up(self) -> None:
        """Define the properties of the connection and begin to poll."""
        self.connected = True
        for p in self._due():
            if not p.defined:
                p.define()
        for subsystem in self.existing:
            if type(subsystem).poll is not Subsystem.poll:
                name = type(subsystem).__name__
                job = partial(self._poll, subsystem)
                self.schedule.repeat(job, lambda: self.general.polling_s, f"{self.name}: {name}")

    async def take_down(self, *, keep: Sequence[Subsystem] = ()) -> None:
        """End polls and handlers, let subsystems say goodbye, withdraw the connection's properties.

        Args:
            keep: subsystems whose lanes go on: the one that carries this out.
        """
        self.connected = False
        await self.schedule.cancel()
        for subsystem in self.subsystems:
            if subsystem not in keep:
                await subsystem.lane.cancel()
            await subsystem.on_disconnect()
        for p in self._properties():
            if p.spec.when is When.CONNECTED:
                p.delete()
                # What it was busy with has ended; the next connection must not begin with it.
                p.state = State.IDLE if p.state is State.BUSY else p.state

    async def close(self) -> None:
        """End everything; for the end of the process."""
        await self.take_down()
        self.log.close()

    async def _poll(self, subsystem: Subsystem) -> None:
        """Poll once; trouble is told when it begins and when it ends, not at every tick."""
        try:
            await subsystem.poll()
        except IndiStxError as error:
            if self._trouble is None:
                self.log.warning(f"{error} The driver keeps trying.")
            self._trouble = type(subsystem).__name__
        except Exception:
            logger.exception("polling %s failed", type(subsystem).__name__)
        else:
            if self._trouble == type(subsystem).__name__:
                self._trouble = None
                self.log.info("The camera answers again.")

    def _properties(self) -> Iterable[Property[Any]]:
        return (p for s in self.subsystems for p in s.properties.values())

    def _due(self) -> list[Property[Any]]:
        return [
            p for s in self.subsystems for p in s.defined_now(self.capabilities, self.connected)
        ]

    # --- configuration -------------------------------------------------------------------------

    def replay(self, saved: Iterable[SavedProperty]) -> None:
        """Apply saved values as if a client had written them."""
        for s in saved:
            elements = tuple(OneText(name, value) for name, value in s.values.items())
            self.write(NewVector(s.kind, self.name, s.name, elements))

    def save_all(self) -> None:
        """Write the configuration file; what is not defined now keeps its saved values.

        Raises:
            ConfigError: the file cannot be written.
        """
        self._save(lambda p: p.defined or p.spec.when is When.ON_DEMAND)

    def save_one(self, only: Property[Any]) -> None:
        """Write one property's values into the configuration file, leaving the rest.

        Raises:
            ConfigError: the file cannot be written.
        """
        self._save(lambda p: p is only)

    def _read_saved(self) -> dict[str, SavedProperty]:
        """Return what is saved; nothing for no file, and for a damaged one, which is told."""
        if not self.config.path.exists():
            return {}
        try:
            return {s.name: s for s in self.config.read()}
        except ConfigError as error:
            self.log.warning(str(error))
            return {}

    def _save(self, chosen: Callable[[Property[Any]], bool]) -> None:
        saved = self._read_saved()
        if not saved:
            self.config.set_aside()
        for p in self._properties():
            if p.spec.save is not Save.NEVER and (chosen(p) or not saved):
                saved[p.name] = SavedProperty(p.spec.kind, p.name, p.saved_values())
        self.config.write(_in_libindi_order(saved.values()))


_CONFIG_ORDER = (
    "DEBUG",
    "POLLING_PERIOD",
    "CONNECTION_MODE",
    "DEVICE_ADDRESS",
    "DEBUG_LEVEL",
    "LOGGING_LEVEL",
    "LOG_OUTPUT",
    "ACTIVE_DEVICES",
    "UPLOAD_MODE",
    "UPLOAD_SETTINGS",
    "CCD_FAST_TOGGLE",
    "CCD_COMPRESSION",
    "CCD_CAPTURE_FORMAT",
    "CCD_TRANSFER_FORMAT",
    "CCD_TEMP_RAMP",
    "GUIDER_COMPRESSION",
    "GUIDER_BINNING",
    "CCD_FRAME",
    "CCD_BINNING",
    "SCOPE_INFO",
    "FILTER_SLOT",
    "FILTER_NAME",
)


def _in_libindi_order(saved: Iterable[SavedProperty]) -> list[SavedProperty]:
    """Sort as libindi saves: on loading, a frame must come before its binning."""
    place = {name: i for i, name in enumerate(_CONFIG_ORDER)}
    return sorted(saved, key=lambda s: place.get(s.name, len(place)))
