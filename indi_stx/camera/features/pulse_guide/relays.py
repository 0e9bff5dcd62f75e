"""The four guide relays of a camera: pulses of both axes, one request at a time.

Pulses that are asked for while a request is under way are sent with the next one, both axes
together. No command opens a closed relay. Instead, before the opposite relay of its axis closes,
the time of the closed one is set to the shortest possible. Source: STX API, "Pulse Guide".
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from typing import NamedTuple

from indi_stx.camera.session import CameraSession
from indi_stx.stx.guiding import MIN_PULSE_S, RelayDirection, RelayPulse, RelayTimes
from indi_stx.stx.timing import CommandTiming


class Axis(enum.Enum):
    """The two axes of the autoguider port, as the camera names them."""

    X = "x"
    Y = "y"


class Relay(NamedTuple):
    """One contact of the port, such as Y-."""

    axis: Axis
    direction: RelayDirection

    @property
    def opposite(self) -> Relay:
        """The other contact of the same axis."""
        return Relay(self.axis, RelayDirection(1 - self.direction))

    def time_left_s(self, times: RelayTimes) -> float:
        """Return for how long this relay stays closed."""
        sign = "plus" if self.direction is RelayDirection.PLUS else "minus"
        left_s: float = getattr(times, f"{self.axis.value}_{sign}_s")
        return left_s


class _Order(NamedTuple):
    relay: Relay
    duration_s: float
    done: asyncio.Future[CommandTiming]


class RelayPort:
    """Closes relays, and knows when they open again.

    Attributes:
        opens_at_s: when each relay that was ever closed opens, on the monotonic clock.
    """

    def __init__(self, session: CameraSession) -> None:
        self._session = session
        self._orders: dict[Axis, _Order] = {}
        self._sending = False
        self.opens_at_s: dict[Relay, float] = {}

    async def close(self, relay: Relay, duration_s: float) -> CommandTiming:
        """Close a relay for 0.01 to 655.35 s; return when the camera has answered.

        The time of a closed relay starts again; an order not sent yet is replaced.

        Raises:
            CameraError: the camera did not accept the pulse.
        """
        done: asyncio.Future[CommandTiming] = asyncio.get_running_loop().create_future()
        order = _Order(relay, duration_s, done)
        self._orders[relay.axis] = order
        if not self._sending:
            self._sending = True
            self._session.tasks.spawn(self._send(), f"{self._session.name}: guide relays")
        try:
            return await done
        finally:
            if self._orders.get(relay.axis) is order:
                del self._orders[relay.axis]

    async def _send(self) -> None:
        try:
            while self._orders:
                orders, self._orders = list(self._orders.values()), {}
                await self._carry_out(orders)
        finally:
            self._sending = False

    async def _carry_out(self, orders: list[_Order]) -> None:
        """Send the orders at once, except those that must wait for their opposite to open."""
        closed = [order for order in orders if self._is_closed(order.relay.opposite)]
        free = [order for order in orders if order not in closed]
        try:
            first = [(order.relay.opposite, MIN_PULSE_S) for order in closed]
            await self._request([*first, *((o.relay, o.duration_s) for o in free)], free)
            if closed:
                await self._request([(o.relay, o.duration_s) for o in closed], closed)
        except Exception as error:
            for order in orders:
                if not order.done.done():
                    order.done.set_exception(error)

    async def _request(self, pulses: Sequence[tuple[Relay, float]], orders: list[_Order]) -> None:
        parameters = {}
        for relay, duration_s in pulses:
            # Noted before it is sent: even if the answer gets lost, the relay may have closed.
            self._note(relay, duration_s, self._session.clock.monotonic())
            parameters[relay.axis.value] = RelayPulse(relay.direction, duration_s)
        timing = await self._session.camera.pulse_guide(**parameters)
        for relay, duration_s in pulses:
            self._note(relay, duration_s, timing.answered_monotonic_s)
        for order in orders:
            if not order.done.done():
                order.done.set_result(timing)

    def _note(self, relay: Relay, duration_s: float, from_s: float) -> None:
        self.opens_at_s[relay] = from_s + duration_s

    def _is_closed(self, relay: Relay) -> bool:
        return self.opens_at_s.get(relay, 0.0) > self._session.clock.monotonic()
