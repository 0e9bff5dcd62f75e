"""A subsystem: one capability of a device, with its properties, their handlers and its polling.

The list of subsystems of a device is the list of what it can do; each lives in a module of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from indi_stx.driver.declarations import Declaration, When, declarations
from indi_stx.driver.lanes import Lane

if TYPE_CHECKING:
    from indi_stx.driver.device import Device
    from indi_stx.driver.properties import Property

P = TypeVar("P", bound="Property[Any]")


class Subsystem:
    """Base of all subsystems.

    Attributes:
        words: what stands for `{words}` in the declarations' names, labels and groups.
        needs: a capability without which the subsystem does not exist; None for none.
        properties: the live properties by INDI name, in the order of their declarations.
    """

    words: ClassVar[Mapping[str, str]] = {}
    needs: ClassVar[Hashable | None] = None

    def __init__(self, device: Device) -> None:
        self.device = device
        self.lane = Lane(f"{device.name}: {type(self).__name__}")
        self._live = {d: d.property_class(d.spec, self) for d in declarations(type(self))}
        self._handlers = {p.name: d.handler_name for d, p in self._live.items()}
        self.properties: dict[str, Property[Any]] = {p.name: p for p in self._live.values()}

    def property_of(self, declaration: Declaration[P]) -> P:
        """Return this subsystem's live property of a declaration of its class."""
        found: P = self._live[declaration]
        return found

    def handler_of(self, name: str) -> Any:
        """Return the coroutine method that answers writes to a property, or None."""
        handler_name = self._handlers[name]
        return getattr(self, handler_name) if handler_name else None

    def exists(self, capabilities: frozenset[Hashable]) -> bool:
        """Tell whether a device of these capabilities has this subsystem."""
        return self.needs is None or self.needs in capabilities

    def defined_now(
        self, capabilities: frozenset[Hashable], connected: bool
    ) -> list[Property[Any]]:
        """Return the properties that clients should know of in this situation."""
        if not self.exists(capabilities):
            return []
        return [
            p
            for p in self.properties.values()
            if (p.spec.when is When.ALWAYS or (p.spec.when is When.CONNECTED and connected))
            and (p.spec.needs is None or p.spec.needs in capabilities)
        ]

    def on_start(self) -> None:
        """Begin what does not wait for a connection; saved values are in place."""

    async def on_connect(self) -> None:
        """Read what the definitions need, before any property of the connection is defined.

        Raises:
            CameraError: or any other error of the project: the connection then fails as a whole.
        """

    async def on_disconnect(self) -> None:
        """Let go of what belongs to the connection; the peer may be gone already."""

    async def poll(self) -> None:
        """Refresh what clients see; called once per polling period while connected."""
