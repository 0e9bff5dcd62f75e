"""Deliveries that take long, and the sequence of exposures that waits for them; no camera."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from indi_stx.camera.exposing.delivery import Delivery, Order
from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.device import Host
from indi_stx.indi import Kind, State
from tests.harness.bench import Bench
from tests.harness.fake_clock import settle
from tests.harness.toy import ToyServer, running


class Picture:
    """Stands for a frame; knows when it was closed."""

    fd, size = 0, 2880
    closed = False

    def close(self) -> None:
        self.closed = True


class Image:
    """Stands for the BLOB property: every delivery waits for the test's word."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def send(self, *_: object) -> None:
        let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(let_go)
        await let_go
        self.sent.append(len(self.sent) + 1)

    async def let_one_through(self) -> None:
        self.waiting.pop(0).set_result(None)
        await settle()


class Head(Feature):
    """Stands for a CCD, with a real delivery and a real sequence."""

    running = False

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        self.image = Image()
        self.shown: list[State] = []
        self.started = 0
        self.delivery = Delivery(
            "CCD1", self.image.send, lambda: False, self.device.log, self.device.clock
        )

    async def expose(self, duration_s: float) -> None:
        self.started += 1

    async def abort_exposure(self) -> None:
        raise AssertionError("nothing is running")

    def show_exposure(self, remaining_s: float, state: State) -> None:
        self.shown.append(state)

    def exposure_lost(self, reason: str) -> None:
        raise AssertionError(reason)

    async def end(self) -> None:
        await self.delivery.finish()

    def deliver(self, picture: Picture, *, answered: bool, number: int = 0) -> None:
        """Deliver the frame of an exposure; clients wait for it while it is the latest."""
        number = number or self.started

        def done(delivered: bool) -> None:
            if number == self.started and not answered:
                self.shown.append(State.OK if delivered else State.ALERT)

        order = Order(cast(Any, picture), lambda: answered or number == self.started, done)
        self.delivery.put(order)


def features(session: CameraSession) -> list[Feature]:
    head = Head(session)
    return [head, FastExposure(session, head)]


def bench(host: Host) -> Bench:
    return Bench(host, None, features)


class Toy:
    """The bench and its session."""

    def __init__(self, device: Bench, session: CameraSession) -> None:
        self.device = device
        self.head, self.fast = cast(tuple[Head, FastExposure], session.subsystems)


async def toy_of(server: ToyServer, frames: int) -> Toy:
    device = cast(Bench, server.runtime.devices[0])
    toy = Toy(device, await device.connect())
    await server.write("Bench", Kind.SWITCH, "CCD_FAST_TOGGLE", INDI_ENABLED="On")
    await server.write("Bench", Kind.NUMBER, "CCD_FAST_COUNT", FRAMES=frames)
    await toy.head.expose(1)
    return toy


async def take(toy: Toy) -> Picture:
    """End the exposure under way with a frame, as the CCD does in a sequence."""
    picture, number = Picture(), toy.head.started
    toy.head.show_exposure(0, State.OK)
    toy.head.deliver(picture, answered=True)
    toy.fast.exposure_done(1, lambda: toy.head.started == number)
    await settle()
    return picture


async def test_the_sequence_waits_while_two_frames_are_on_their_way() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 4)
        pictures = [await take(toy)]
        assert toy.head.started == 2, "exposes on while the first frame is delivered"
        pictures.append(await take(toy))
        assert toy.head.started == 2, "the second frame must not pile up behind the first"
        await toy.head.image.let_one_through()
        assert toy.head.started == 3
        assert [p.closed for p in pictures] == [True, False]
        await toy.head.image.let_one_through()
        await take(toy)
        await take(toy)
        assert toy.head.started == 4
        assert toy.fast.count.state is State.IDLE
        await toy.head.image.let_one_through()
        await toy.head.image.let_one_through()
        assert toy.head.image.sent == [1, 2, 3, 4]
        assert toy.head.shown == [State.OK] * 4


async def test_switching_off_while_waiting_starts_nothing_more() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 9)
        await take(toy)
        await take(toy)
        await server.write("Bench", Kind.SWITCH, "CCD_FAST_TOGGLE", INDI_DISABLED="On")
        await toy.head.image.let_one_through()
        await toy.head.image.let_one_through()
        assert toy.head.started == 2
        assert toy.head.image.sent == [1, 2], "frames whose exposure was reported are delivered"


async def test_an_ordinary_frame_is_not_sent_once_its_exposure_was_given_up() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 1)
        await toy.head.expose(1)
        pictures = [Picture(), Picture()]
        for number, picture in enumerate(pictures, start=1):
            toy.head.deliver(picture, answered=False, number=number)
        await settle()
        await toy.head.image.let_one_through()
        assert toy.head.image.sent == [1]
        assert toy.head.shown == [State.OK]
        assert all(p.closed for p in pictures)


async def test_one_frame_after_another() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 1)
        for number in (1, 2):
            toy.head.deliver(Picture(), answered=True, number=number)
        await settle()
        assert len(toy.head.image.waiting) == 1, "the second waits until the first is sent"
        await toy.head.image.let_one_through()
        await toy.head.image.let_one_through()
        assert toy.head.image.sent == [1, 2]


async def test_a_delivery_cancelled_before_its_first_step_closes_its_frame() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 1)
        picture = Picture()
        toy.head.deliver(picture, answered=True)
        ending = asyncio.create_task(toy.head.delivery.finish())
        ending.cancel()
        finishing = asyncio.create_task(toy.head.delivery.finish())
        await asyncio.sleep(0)
        finishing.cancel()
        await asyncio.wait([ending, finishing])
        await settle()
        assert picture.closed


async def test_the_end_waits_for_a_frame_and_then_lets_it_go() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 1)
        picture = await take(toy)
        ending = asyncio.create_task(toy.device.end_session())
        await settle()
        assert not ending.done()
        await toy.head.image.let_one_through()
        await ending
        assert toy.head.image.sent == [1]
        assert picture.closed


async def test_an_end_in_a_hurry_leaves_nothing_behind() -> None:
    async with running(bench) as server:
        toy = await toy_of(server, 1)
        picture = await take(toy)
        ending = asyncio.create_task(toy.device.end_session())
        await settle()
        ending.cancel()
        await asyncio.wait([ending])
        assert picture.closed
        assert not toy.head.image.sent
