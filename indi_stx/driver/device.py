"""A device: subsystems that live as long as it does, and those of its current session.

The device routes clients' writes to the lane of the subsystem that owns the property, and makes
sure that every write gets an answer: new values, or Alert and a message a person can act on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from indi_stx.clock import Clock
from indi_stx.driver.config import ConfigFile, Replayed, SavedProperty
from indi_stx.driver.general import General
from indi_stx.driver.lanes import Lane, Work
from indi_stx.driver.logs import Logs
from indi_stx.driver.properties import Property
from indi_stx.driver.session import Session
from indi_stx.driver.snoop import Snoop
from indi_stx.driver.spec import Save
from indi_stx.driver.subsystem import Subsystem
from indi_stx.errors import ConfigError, ConnectionClosed, IndiStxError, PropertyError
from indi_stx.indi import AnyMessage, NewVector, OneText, SetVector, State

logger = logging.getLogger(__name__)


class Host(Protocol):
    """What a device needs from the process it runs in."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def snoop(self) -> Snoop:
        """Other drivers' properties."""

    def send(self, message: AnyMessage) -> None:
        """Send a message, in order, without waiting."""

    async def send_blob(self, vector: SetVector) -> None:
        """Send a BLOB once the one before it has been taken, and return when it is sent.

        Raises:
            ConnectionClosed: there is no server any more.
        """

    async def blobs_taken(self) -> None:
        """Wait until the server has taken all BLOBs sent so far; for ever, if it has gone."""


class Device:
    """One INDI device.

    Attributes:
        permanent: the subsystems that live as long as the device, in the order in which their
            properties are defined; those of the session follow.
        session: the current connection; None when there is none.
        visible: whether clients know of the device at all.
        remembered: values of the last session's properties that the next one begins with, as
            texts: those declared `lasting`, and those saved for the start.
    """

    executable = "indi_driver"

    def __init__(self, name: str, host: Host, config: ConfigFile | None = None) -> None:
        self.name = name
        self.clock = host.clock
        self.snoop = host.snoop
        self.config = config or ConfigFile.of_device(name)
        self.visible = True
        self.general = General(self)
        self.log = Logs(self)
        self.permanent: Sequence[Subsystem] = [self.general, self.log]
        self.session: Session | None = None
        self.remembered: dict[str, dict[str, str]] = {}
        self._saved: dict[str, dict[str, str]] = {}
        self._declared: dict[str, SavedProperty] = {}
        self._host = host
        self._saving: set[asyncio.Task[None]] = set()

    @property
    def subsystems(self) -> list[Subsystem]:
        """All subsystems that exist now."""
        return [*self.permanent, *(self.session.subsystems if self.session else ())]

    @property
    def connected(self) -> bool:
        """Whether there is a session that is not about to end."""
        return self.session is not None and not self.session.closed

    # --- wire ----------------------------------------------------------------------------------

    def send(self, message: AnyMessage) -> None:
        """Send a message to the clients."""
        self._host.send(message)

    async def send_blob(self, vector: SetVector) -> None:
        """Send a BLOB; returns when it is with the server, as `Host.send_blob`."""
        await self._host.send_blob(vector)

    async def blobs_taken(self) -> None:
        """Wait until the server has taken all BLOBs sent so far; for ever, if it has gone."""
        await self._host.blobs_taken()

    def answer(self, name: str | None) -> None:
        """Define everything that exists now, or one property, for a client that asks."""
        if not self.visible:
            return
        for subsystem in self.permanent:
            for p in subsystem.properties.values():
                if name in (None, p.name) and subsystem.exists(p):
                    p.define()
        for p in self._session_properties():
            if name in (None, p.name) and p.defined:
                p.define()

    def write(self, new: NewVector) -> None:
        """Queue a client's write on its subsystem's lane, or say why it changes nothing."""
        for subsystem in self.subsystems:
            p = subsystem.properties.get(new.name)
            if p is not None and p.defined and p.writable:
                self._queue(subsystem, p, partial(self._carry_out, subsystem, p, new))
                return
            if p is not None and p.defined:
                self.log.warning(f"{p.name}: not changed, it can only be read.")
                p.publish()  # the client shows Busy since it has written
                return
        self.log.warning(f"{new.name}: not changed, {self.name} has no such property now.")

    def not_understood(self, name: str | None, reason: str) -> None:
        """Tell clients that a message of theirs was skipped.

        Args:
            name: of the property that it seems to be about; that one turns Alert.
            reason: a sentence for people.
        """
        for subsystem in self.subsystems:
            p = subsystem.properties.get(name or "")
            if p is not None and p.defined:
                self.refuse(p, reason)
                return
        self.log.error(reason)

    def _queue(self, subsystem: Subsystem, p: Property[Any], work: Work) -> None:
        if self._is_ending(subsystem) or not subsystem.lane.put(work):
            self.refuse(p, f"{p.label.strip()}: not changed, {self.name} is disconnecting.")

    def _is_ending(self, subsystem: Subsystem) -> bool:
        return self.session is not None and self.session.closed and subsystem not in self.permanent

    async def _carry_out(self, subsystem: Subsystem, p: Property[Any], new: NewVector) -> bool:
        """Let a handler carry a write out; return whether it has been accepted."""
        accepted = False
        revision = p.revision
        handler = subsystem.handler_of(p.name)
        try:
            values = subsystem.checked(p, p.accept(new))
            if handler is not None:
                await handler(values)
            if p.revision == revision:
                p.assign(values)
                subsystem.define_and_delete()  # before the answer, as libindi does
                p.publish(state=State.OK)
            if p.spec.autosave:
                self.autosave(p)
            accepted = p.state is not State.ALERT
        except PropertyError:
            logger.exception("a bug in the handler of %s", p.name)
            self.refuse(p, f"{p.label}: internal error; please report the driver's log.")
        except IndiStxError as error:
            self.refuse(p, str(error))
        except Exception as error:
            logger.exception("the handler of %s failed", p.name)
            self.refuse(p, f"{p.label}: internal error ({error}); please report the driver's log.")
        subsystem.define_and_delete()
        return accepted

    def autosave(self, p: Property[Any]) -> None:
        """Save a property beside its lane: the next write must not wait for a disk."""
        if not self.config.is_there:
            return  # told once, at the start
        task = asyncio.create_task(self._save_or_alert(p), name=f"{self.name}: saving {p.name}")
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save_or_alert(self, p: Property[Any]) -> None:
        try:
            await self.save_one(p)
        except ConfigError as error:
            self.refuse(p, str(error))

    async def settle(self, limit_s: float, *, asking: Lane) -> None:
        """Wait until the writes received so far are carried out, but no longer than the limit.

        Args:
            limit_s: seconds to wait at the most.
            asking: the lane that the caller itself occupies; it is not waited for.
        """
        await _all_idle({s.lane for s in self.subsystems} - {asking}, limit_s)

    def refuse(self, p: Property[Any], reason: str) -> None:
        """Report a failure: the property keeps its values, turns Alert, and clients read why."""
        self.log.error(reason)
        p.publish(state=State.ALERT)

    # --- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the saved values that apply before any connection."""
        if not self.config.is_there and self.visible:
            self.log.warning(
                "This user has no home directory, so no setting is kept: set HOME, or INDICONFIG "
                "to the path of a file."
            )
        self._saved = self._read_saved()
        for subsystem in self.permanent:
            self._recall(subsystem)
        for subsystem in self.permanent:
            subsystem.on_start()

    async def begin_session(self, session: Session) -> None:
        """Let a new session read what its definitions need; `show_session` then defines them.

        Raises:
            IndiStxError: something could not be read; the session is closed and forgotten.
        """
        for subsystem in session.subsystems:
            self._recall(subsystem)
        try:
            await session.begin()
            if session.closed:
                raise ConnectionClosed(f"{self.name} was disconnected meanwhile.")
        except BaseException:
            await session.close()
            raise
        self.session = session

    def show_session(self) -> None:
        """Define the properties of the session, and begin to poll."""
        if self.session is not None:
            self.session.appear(lambda: self.general.polling_s)

    async def end_session(self) -> None:
        """Close the session, if there is one, and remember what the next one begins with."""
        session = self.session
        if session is None:
            return
        await session.close()
        for p in self._session_properties():
            if p.spec.lasting or p.spec.save is Save.AT_START:
                self.remembered[p.name] = p.saved_values()
        if self.session is session:
            self.session = None

    async def close(self) -> None:
        """End everything, when the process ends."""
        try:
            await self.end_session()
            await self.general.lane.idle()  # a client that asked for saving has been told so
            for subsystem in self.permanent:
                await subsystem.lane.close()
            await self.end_session()  # a session that was just beginning
            if self._saving:
                await asyncio.wait(self._saving)
        finally:
            await self.log.close()

    def _recall(self, subsystem: Subsystem) -> None:
        for p in subsystem.properties.values():
            if p.spec.save:
                self._declared.setdefault(p.name, _saved(p))
            values = self.remembered.get(p.name)
            if values is None and p.spec.save is Save.AT_START:
                values = self._saved.get(p.name)
            if values is not None:
                try:
                    p.assign(subsystem.checked(p, p.restored(values)))
                except IndiStxError as error:
                    self.log.warning(f"Ignored a saved value: {error}")

    def _properties(self) -> Iterable[Property[Any]]:
        return (p for s in self.subsystems for p in s.properties.values())

    def _session_properties(self) -> Iterable[Property[Any]]:
        subsystems = self.session.subsystems if self.session else ()
        return (p for s in subsystems for p in s.properties.values())

    # --- configuration -------------------------------------------------------------------------

    @property
    def declared(self) -> list[SavedProperty]:
        """The first values of all that can be saved, in the order of the file."""
        return list(self._declared.values())

    async def replay(
        self, saved: Iterable[SavedProperty], limit_s: float, *, asking: Lane
    ) -> Replayed:
        """Apply saved values as if a client had written them, and wait until they have effect.

        Args:
            saved: as read from a file; what is never saved is left out, whoever wrote it there.
            limit_s: seconds to wait at the most.
            asking: the lane that the caller itself occupies.
        """
        done, begun, absent = set[str](), list[tuple[Subsystem, Property[Any]]](), list[str]()

        async def apply(subsystem: Subsystem, p: Property[Any], new: NewVector) -> None:
            if await self._carry_out(subsystem, p, new):
                done.add(p.name)

        for s in saved:
            subsystem, p = self._savable(s.name)
            if subsystem is None or p is None:
                absent.append(s.name)
                continue
            begun.append((subsystem, p))
            elements = tuple(OneText(name, value) for name, value in s.values.items())
            work = partial(apply, subsystem, p, NewVector(s.kind, self.name, s.name, elements))
            if subsystem.lane is asking:
                await work()
            else:
                self._queue(subsystem, p, work)
        await _all_idle({subsystem.lane for subsystem, _ in begun} - {asking}, limit_s)
        return Replayed([p.name for _, p in begun if p.name not in done], absent)

    def _savable(self, name: str) -> tuple[Subsystem, Property[Any]] | tuple[None, None]:
        for subsystem in self.subsystems:
            p = subsystem.properties.get(name)
            if p is not None and p.spec.save and p.defined and p.writable:
                return subsystem, p
        return None, None

    async def save_all(self) -> None:
        """Write the configuration file; properties that do not exist now keep their saved values.

        Raises:
            ConfigError: the file cannot be written.
        """
        await self._save(lambda p: True)

    async def save_one(self, only: Property[Any]) -> None:
        """Write one property's values into the configuration file and keep the rest of it.

        Raises:
            ConfigError: the file cannot be written.
        """
        await self._save(lambda p: p is only)

    def _read_saved(self) -> dict[str, dict[str, str]]:
        """Return what is saved: nothing without a file or, after a warning, with a damaged one."""
        if not self.config.path.exists():
            return {}
        try:
            return {s.name: s.values for s in self.config.read_now()}
        except ConfigError as error:
            self.log.warning(str(error))
            return {}

    async def _save(self, chosen: Callable[[Property[Any]], bool]) -> None:
        """Write what is chosen, in the order of the declarations (a frame before its binning)."""
        savable = sorted(
            (p for p in self._properties() if p.spec.save), key=lambda p: p.spec.save_rank
        )
        problem = await self.config.save(
            [_saved(p) for p in savable if chosen(p)], [_saved(p) for p in savable]
        )
        if problem is not None:
            self.log.warning(f"{problem}. The old file is kept as '.damaged', a new one written.")


async def _all_idle(lanes: Iterable[Lane], limit_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            for lane in lanes:
                await lane.idle()


def _saved(p: Property[Any]) -> SavedProperty:
    return SavedProperty(p.spec.kind, p.name, p.saved_values())
