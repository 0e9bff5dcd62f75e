"""The four guide relays of a camera: pulses of both axes, one request at a time.

Pulses that are asked for while a request is under way are sent with the next one, both axes
together. No command opens a closed relay. Instead, before the opposite relay of its axis closes,
the time of the closed one is set to the shortest possible.

A pulse is never sent twice, which would move the mount twice. When the answer to one gets lost, the
camera is asked for how long its relays stay closed: that shows whether the pulse is under way.
Source: STX API, "Pulse Guide" and "Pulse Guide Get Time Remaining".
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indi_stx.camera.repeating import repeated
from indi_stx.camera.session import CameraSession
from indi_stx.errors import CameraError, CameraRefused, IndiStxError
from indi_stx.stx.guiding import MIN_PULSE_S, RelayDirection, RelayPulse, RelayTimes

ASK_LIMIT_S = 3.0
"""How long to go on asking for a pulse whose answer got lost: the next one is waiting."""
SLACK_S = 0.05
"""By how much the end of an earlier pulse is not known: the way of a command and its answer."""


class PulseDoubtful(IndiStxError):
    """Nobody can tell whether the camera has carried out a pulse."""


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
    done: asyncio.Future[None]


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

    async def close(self, relay: Relay, duration_s: float) -> None:
        """Close a relay for 0.01 to 655.35 s; return when the camera is known to have done it.

        The time of a closed relay starts again; an order not sent yet is replaced.

        Raises:
            CameraError: the camera did not carry out the pulse.
            PulseDoubtful: perhaps it did.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        order = _Order(relay, duration_s, done)
        self._orders[relay.axis] = order
        if not self._sending:
            self._sending = True
            self._session.tasks.spawn(self._send(), f"{self._session.name}: guide relays")
        try:
            await done
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
        sent_s, before = self._session.clock.monotonic(), dict(self.opens_at_s)
        for relay, duration_s in pulses:
            # Noted before it is sent: even if the answer gets lost, the relay may have closed.
            self._note(relay, duration_s, sent_s)
            parameters[relay.axis.value] = RelayPulse(relay.direction, duration_s)
        try:
            timing = await self._session.camera.pulse_guide(**parameters)
        except CameraRefused:
            raise
        except CameraError as error:
            await self._find(pulses, sent_s, before, error)
        else:
            for relay, duration_s in pulses:
                self._note(relay, duration_s, timing.answered_monotonic_s)
        for order in orders:
            if not order.done.done():
                order.done.set_result(None)

    async def _find(
        self,
        pulses: Sequence[tuple[Relay, float]],
        sent_s: float,
        before: Mapping[Relay, float],
        error: CameraError,
    ) -> None:
        """Return when pulses of one request turn out to be under way; it was carried out then.

        Args:
            pulses: of the request.
            sent_s: when it was sent.
            before: when the relays were to open without it.
            error: what happened to its answer.
        """
        clock, ask = self._session.clock, self._session.camera.pulse_time_remaining
        try:
            times = await repeated(ask, clock, ASK_LIMIT_S)
        except CameraError:
            raise _doubtful(error) from error
        now_s = clock.monotonic()
        left_s = {relay: relay.time_left_s(times) for relay, _ in pulses}
        if any(
            _shows(left_s[relay], duration_s, max(0.0, before.get(relay, 0.0) - now_s))
            for relay, duration_s in pulses
        ):
            for relay, seconds in left_s.items():
                self._note(relay, seconds, now_s)
            return
        if all(now_s < sent_s + duration_s for _, duration_s in pulses):
            self.opens_at_s = dict(before)
            raise error  # it would still be under way
        raise _doubtful(error) from error

    def _note(self, relay: Relay, duration_s: float, from_s: float) -> None:
        self.opens_at_s[relay] = from_s + duration_s

    def _is_closed(self, relay: Relay) -> bool:
        return self.opens_at_s.get(relay, 0.0) > self._session.clock.monotonic()


def _shows(left_s: float, duration_s: float, earlier_s: float) -> bool:
    """Tell whether the time left on a relay shows that a pulse was carried out.

    Args:
        left_s: what the camera says.
        duration_s: of the pulse.
        earlier_s: what would be left of the pulse before.
    """
    if earlier_s > duration_s + SLACK_S:
        return left_s <= duration_s
    return left_s > (earlier_s + SLACK_S if earlier_s else 0.0)


def _doubtful(error: CameraError) -> PulseDoubtful:
    return PulseDoubtful(
        f"{error} It is not known whether the mount has moved; the pulse is not sent again."
    )
