"""Ask a camera again and again what it is doing, one question at a time."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from indi_stx.clock import Clock, SystemClock
from indi_stx.errors import CameraError, CameraRefused
from indi_stx.stx import (
    Camera,
    Ccd,
    CcdSettings,
    CcdState,
    Exchange,
    FilterSettings,
    FilterState,
    RelayTimes,
)
from indi_stx.tools.address import Address

ANSWER_LIMIT_S = 5.0
REMEMBERED = 60
"""How many temperatures and round trips are kept."""


@dataclass(slots=True)
class Status:
    """What a camera is doing, as far as it was told until now; None is not known yet.

    Attributes:
        states: of the CCDs that the camera has.
        temperatures_celsius: of the imaging CCD, the newest last.
        round_trips_s: of single requests, the newest last.
        looks: how often the temperature was told.
        trouble: why the last question had no answer; empty when it had one.
        told_at: when the camera last answered.
    """

    address: Address
    description: str = ""
    cooling: CcdSettings | None = None
    states: dict[str, CcdState] = field(default_factory=dict)
    relays: RelayTimes | None = None
    wheel: FilterState | None = None
    filters: FilterSettings | None = None
    temperatures_celsius: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    powers_percent: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    round_trips_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    looks: int = 0
    requests: int = 0
    failures: int = 0
    trouble: str = ""
    told_at: datetime | None = None


class WatchedCamera(Camera):
    """A camera that remembers how its last request went."""

    last: Exchange | None = None


@contextlib.asynccontextmanager
async def watched(address: Address) -> AsyncIterator[WatchedCamera]:
    """Open the camera at an address."""

    def note(exchange: Exchange) -> None:
        camera.last = exchange

    camera = WatchedCamera(*address, timeout_s=ANSWER_LIMIT_S, observer=note)
    async with camera:
        yield camera


class Watcher:
    """Asks, and keeps what was answered in `status`.

    Args:
        address: of the camera.
        camera: is asked.
        clock: the time.
    """

    def __init__(self, address: Address, camera: WatchedCamera, clock: Clock | None = None) -> None:
        self.status = Status(address)
        self._camera = camera
        self._clock = clock or SystemClock()
        self._is_there: dict[str, bool] = {}
        self._questions = self._in_turn()

    async def begin(self) -> None:
        """Ask what camera this is.

        Raises:
            CameraError: there is none.
        """
        self.status.description = await self._camera.description()
        self._note_answer()

    async def go_on(
        self, every_s: float, limit_s: float | None, show: Callable[[Status], None]
    ) -> None:
        """Ask one question every `every_s` seconds, for `limit_s` or until cancelled.

        `show` is called after each of them.
        """
        begun_s = self._clock.monotonic()
        while limit_s is None or self._clock.monotonic() + every_s <= begun_s + limit_s:
            await self._clock.sleep(every_s)
            await self.ask_next()
            show(self.status)

    async def ask_next(self) -> None:
        """Ask the next question, with a single request; no answer is noted as a trouble."""
        question = next(self._questions)
        try:
            await question()
        except CameraError as error:
            self.status.requests += 1
            self.status.failures += 1
            self.status.trouble = str(error)
        else:
            self._note_answer()

    def _note_answer(self) -> None:
        self.status.requests += 1
        self.status.trouble = ""
        self.status.told_at = self._clock.utc().astimezone()
        if self._camera.last is not None:
            self.status.round_trips_s.append(self._camera.last.seconds)

    def _in_turn(self) -> Iterator[Callable[[], Awaitable[None]]]:
        """Yield the questions for ever; those whose answers change quickly come more often."""
        camera = self._camera
        ccds = (
            (camera.guider, "guider"),
            (camera.external_guider, "external guider"),
        )
        for slow in itertools.cycle(["wheel", "relays", "filters", "guiders", "relays"]):
            yield self._ask_cooling
            yield lambda: self._ask_state(camera.imager, "imager")
            match slow:
                case "wheel":
                    yield self._ask_wheel
                case "relays":
                    yield self._ask_relays
                case "filters":
                    yield self._ask_filters
                case _:
                    for ccd, name in ccds:
                        if self._is_there.get(name, True):
                            yield _bound(self._ask_guider, ccd, name)

    async def _ask_cooling(self) -> None:
        found = await self._camera.imager.get_settings(
            "temperature_celsius",
            "setpoint_celsius",
            "cooler_on",
            "cooler_power_percent",
            "ambient_celsius",
        )
        self.status.cooling = found
        self.status.temperatures_celsius.append(found.temperature_celsius)
        self.status.powers_percent.append(found.cooler_power_percent)
        self.status.looks += 1

    async def _ask_state(self, ccd: Ccd, name: str) -> None:
        self.status.states[name] = await ccd.state()

    async def _ask_guider(self, ccd: Ccd, name: str) -> None:
        """Ask for the state of a guide CCD; the first time, whether there is one."""
        if self._is_there.get(name):
            await self._ask_state(ccd, name)
            return
        try:
            there = (await ccd.get_settings("sensor_width")).sensor_width > 0
        except CameraRefused:
            there = False
        self._is_there[name] = there

    async def _ask_wheel(self) -> None:
        self.status.wheel = await self._camera.filter_state()

    async def _ask_filters(self) -> None:
        self.status.filters = await self._camera.get_filter_settings()

    async def _ask_relays(self) -> None:
        self.status.relays = await self._camera.pulse_time_remaining()


def _bound(
    question: Callable[[Ccd, str], Awaitable[None]], ccd: Ccd, name: str
) -> Callable[[], Awaitable[None]]:
    return lambda: question(ccd, name)
