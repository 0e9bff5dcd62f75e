"""A subsystem: one capability of a device, with its properties, their handlers and its polling.

It lives as long as its device, or as long as one session of it: the subsystems of a session are
made anew for each connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from indi_stx.clock import Clock
from indi_stx.driver.declarations import Declaration, declarations
from indi_stx.driver.lanes import Lane
from indi_stx.driver.properties import Property, Wire
from indi_stx.indi import State

P = TypeVar("P", bound=Property[Any])


class Log(Protocol):
    """Messages to people."""

    @property
    def wants_debug(self) -> bool:
        """Whether anybody reads what `debug` is told: spares composing it otherwise."""

    def error(self, text: str) -> None:
        """Say what failed and what to do about it."""

    def warning(self, text: str) -> None:
        """Say what may go wrong soon."""

    def info(self, text: str) -> None:
        """Say what happened, for everyone."""

    def debug(self, text: str) -> None:
        """Say what only matters when looking for a fault."""


class Owner(Wire, Protocol):
    """What a subsystem needs from its device."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def log(self) -> Log:
        """Messages to people."""

    def refuse(self, p: Property[Any], reason: str) -> None:
        """Report a failure: the property turns Alert, and clients read why."""


class Subsystem:
    """Base of all subsystems.

    Attributes:
        words: what stands for `{words}` in the declarations' names, labels and groups.
        properties: the live properties by INDI name, in the order of their declarations.
        polls_every: how many polling periods there are between two polls.
    """

    polls_every: int = 1
    words: ClassVar[Mapping[str, str]] = {}

    device: Owner

    def __init__(self, device: Owner, lane: Lane | None = None) -> None:
        self.device = device
        self.lane = lane or Lane(f"{device.name}: {type(self).__name__}")
        self._live = {d: d.property_class(d.spec, device, self.words) for d in self.declared()}
        self._handlers = {p.name: d.handler_name for d, p in self._live.items()}
        self._checks = {p.name: d.check_name for d, p in self._live.items()}
        self.properties: dict[str, Property[Any]] = {p.name: p for p in self._live.values()}

    @classmethod
    def declared(cls) -> list[Declaration[Any]]:
        """Return the declarations of this kind of subsystem."""
        return declarations(cls)

    def property_of(self, declaration: Declaration[P]) -> P:
        """Return this subsystem's live property of a declaration of its class."""
        found: P = self._live[declaration]
        return found

    def handler_of(self, name: str) -> Any:
        """Return the coroutine method that answers writes to a property, or None."""
        handler_name = self._handlers[name]
        return getattr(self, handler_name) if handler_name else None

    def checked(self, p: Property[Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return values that may be written or restored, tidied up.

        Raises:
            IndiStxError: the property's check refuses them.
        """
        name = self._checks[p.name]
        return getattr(self, name)(values) if name else values

    # --- which properties exist ----------------------------------------------------------------

    def exists(self, p: Property[Any]) -> bool:
        """Tell whether clients should know of a property of this subsystem now."""
        return p.spec.exists is None or p.spec.exists.holds(self)

    def define_and_delete(self) -> None:
        """Define properties that have come to exist, and delete those that no longer do.

        The device calls it after every write and every poll; a subsystem calls it when one of its
        conditions changes at another time.
        """
        for p in self.properties.values():
            if self.exists(p) and not p.defined:
                p.define()
            elif p.defined and not self.exists(p):
                p.delete()

    def withdraw(self) -> None:
        """Delete all its properties from the clients."""
        for p in self.properties.values():
            p.delete()

    # --- what a poll has brought -----------------------------------------------------------------

    def show(self, readings: Mapping[str, Any]) -> None:
        """Publish the properties that show polled parameters, if their values have changed."""
        for p in self.properties.values():
            shown = {e: readings[name] for e, name in p.spec.shows.items() if name in readings}
            if any(p[element] != value for element, value in shown.items()):
                p.publish(shown, self.state_shown(p, readings))

    def state_shown(self, p: Property[Any], readings: Mapping[str, Any]) -> State | None:
        """Return the state for a property that shows polled parameters; None keeps the old one."""
        return None if p.writable else State.OK

    # --- life ------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Begin what needs no connection; saved values have been loaded."""

    async def begin(self) -> None:
        """Read what the definitions need, before any property of a new session is defined.

        Raises:
            IndiStxError: any error of the project; the whole connection then fails.
        """

    def appeared(self) -> None:
        """Begin what clients are to see; all properties of the session are defined."""

    async def end(self) -> None:
        """Release what a session holds; its tasks have ended, the peer may be gone already."""

    async def poll(self) -> None:
        """Refresh what clients see; called once per polling period while connected."""
