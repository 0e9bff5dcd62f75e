"""Deliveries that take long, and the sequence of exposures that waits for them; no camera."""

from __future__ import annotations

import asyncio
from typing import Any

from indi_stx.camera.exposing.delivery import Delivery
from indi_stx.camera.features.fast_exposure import FastExposure
from indi_stx.driver.device import Device, Host
from indi_stx.driver.subsystem import Subsystem
from indi_stx.indi import Kind, State
from tests.harness.fake_clock import settle
from tests.harness.toy import ToyServer, running


class Picture:
    """Stands for a frame; knows when it was closed."""

    fd, size = 0, 2880
    closed = False

    def __enter__(self) -> Picture:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


class Run:
    """Stands for an exposure."""

    duration_s = 1.0


class Image:
    """Stands for the BLOB property: every delivery waits for the test's word."""

    name = "CCD1"

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def deliver(self, *_: object, **__: object) -> None:
        let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(let_go)
        await let_go
        self.sent.append(len(self.sent) + 1)

    async def let_one_through(self) -> None:
        self.waiting.pop(0).set_result(None)
        await settle()


class Head(Subsystem):
    """Stands for a CCD, with a real delivery."""

    words = {"blob": "CCD1"}  # noqa: RUF012
    running = False
    run: Run | None = None
    fast: FastExposure

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.image = Image()
        self.compression = {"INDI_ENABLED": False}
        self.shown: list[State] = []
        self.started = 0
        self.delivery = Delivery(self)  # type: ignore[arg-type]

    async def expose(self, duration_s: float) -> None:
        self.started += 1
        self.run = Run()

    def is_current(self, run: object) -> bool:
        return run is self.run

    def show_exposure(self, remaining_s: float, state: State) -> None:
        self.shown.append(state)

    async def on_disconnect(self) -> None:
        await self.delivery.finish()


class Toy(Device):
    """A device with such a head."""

    def __init__(self, host: Host) -> None:
        super().__init__("Toy", host)
        self.head = Head(self)
        head: Any = self.head
        self.fast = FastExposure(self, head)  # type: ignore[arg-type]
        self.subsystems = [self.general, self.log, self.head, self.fast]


async def toy_of(server: ToyServer, frames: int) -> Toy:
    (toy,) = server.runtime.devices
    assert isinstance(toy, Toy)
    toy.bring_up()
    await server.write("Toy", Kind.SWITCH, "CCD_FAST_TOGGLE", INDI_ENABLED="On")
    await server.write("Toy", Kind.NUMBER, "CCD_FAST_COUNT", FRAMES=frames)
    await toy.head.expose(1)
    return toy


async def take(toy: Toy) -> Picture:
    """End the exposure under way with a frame."""
    picture: Any = Picture()
    run: Any = toy.head.run
    toy.fast.frame_taken(run, picture)
    await settle()
    return picture


async def test_the_sequence_waits_while_two_frames_are_on_their_way() -> None:
    async with running(Toy) as server:
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
    async with running(Toy) as server:
        toy = await toy_of(server, 9)
        await take(toy)
        await take(toy)
        await server.write("Toy", Kind.SWITCH, "CCD_FAST_TOGGLE", INDI_DISABLED="On")
        await toy.head.image.let_one_through()
        await toy.head.image.let_one_through()
        assert toy.head.started == 2
        assert toy.head.image.sent == [1, 2], "frames whose exposure was reported are delivered"


async def test_an_ordinary_frame_is_not_sent_once_its_exposure_was_given_up() -> None:
    async with running(Toy) as server:
        (toy,) = server.runtime.devices
        assert isinstance(toy, Toy)
        await toy.head.expose(1)
        pictures: list[Any] = [Picture(), Picture()]
        old, toy.head.run = toy.head.run, Run()
        for run, picture in zip((old, toy.head.run), pictures, strict=True):
            toy.head.delivery.put(picture, run)  # type: ignore[arg-type]
        await settle()
        await toy.head.image.let_one_through()
        assert toy.head.image.sent == [1]
        assert toy.head.shown == [State.OK]
        assert all(p.closed for p in pictures)


async def test_the_end_waits_for_a_frame_and_then_lets_it_go() -> None:
    async with running(Toy) as server:
        toy = await toy_of(server, 1)
        picture = await take(toy)
        ending = asyncio.create_task(toy.take_down())
        await settle()
        assert not ending.done()
        await toy.head.image.let_one_through()
        await ending
        assert toy.head.image.sent == [1]
        assert picture.closed


async def test_an_end_in_a_hurry_leaves_nothing_behind() -> None:
    async with running(Toy) as server:
        toy = await toy_of(server, 1)
        picture = await take(toy)
        ending = asyncio.create_task(toy.take_down())
        await settle()
        ending.cancel()
        await asyncio.wait([ending])
        assert picture.closed
        assert not toy.head.image.sent
