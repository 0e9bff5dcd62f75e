"""Deliver a finished frame: as a file, a BLOB, or both, as the upload mode of the device says.

One CCD delivers one frame after another, in the order they were taken, while the next is already
being exposed. A frame that has been received completely is delivered even when the connection ends
meanwhile. Only when its exposure was aborted or replaced before it could be sent is it not sent any
more: clients would take it for the answer to their next request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from indi_stx.camera.exposing.shot import DeliveryMode
from indi_stx.clock import Clock
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.subsystem import Log
from indi_stx.errors import ConnectionClosed, ImageError

if TYPE_CHECKING:
    from indi_stx.images.frame import Frame
    from indi_stx.images.memory import MemoryFile

logger = logging.getLogger(__name__)

GOODBYE_S = 10.0
"""How long the end of a connection waits for frames that are still on their way."""

Send = Callable[["MemoryFile", str], Awaitable[None]]
"""Sends a file of the given suffix to the clients; returns when the server has it."""


class Store(Protocol):
    """Where frames become files."""

    @property
    def delivery_mode(self) -> DeliveryMode:
        """Where frames go now."""

    async def store(
        self, frame: MemoryFile, mode: DeliveryMode | None, gone: Callable[[], None]
    ) -> bool:
        """Save a frame; return False when that failed and the frame is kept in memory instead.

        Args:
            frame: to be saved.
            mode: where, if not where the user wants frames now.
            gone: called when a frame that was kept has been saved, sent or discarded after all.
        """


async def _nothing(*_: bool) -> None:
    """Keep nothing: for a frame without an exposure."""


@dataclass(frozen=True, slots=True)
class Order:
    """A frame to deliver.

    Attributes:
        frame: the delivery owns and closes it.
        is_wanted: tells, just before it is sent, whether clients still wait for it.
        done: called at the end with whether the frame was delivered.
        handed_over: called at the very moment the frame has left, before anything else can happen.
        keep: puts a frame that could not be sent where it outlives this process.
        keep_unsaved: the same for one that could not be stored; is told whether it was sent.
        gone: called when a frame that could not be stored is no longer kept.
        mode: where it goes, if not where the user wants frames when it is delivered.
        not_before_s: on the monotonic clock; until then the clients may not be ready for it.
    """

    frame: Frame
    is_wanted: Callable[[], bool]
    done: Callable[[bool], None]
    handed_over: Callable[[], None] = lambda: None
    keep: Callable[[], Awaitable[None]] = _nothing
    keep_unsaved: Callable[[bool], Awaitable[None]] = _nothing
    gone: Callable[[], None] = lambda: None
    mode: DeliveryMode | None = None
    not_before_s: float = 0.0


class Delivery:
    """The deliveries of one CCD.

    Args:
        name: for logs.
        send: sends a file to the clients.
        compresses: tells whether clients want frames compressed.
        log: messages to people.
        clock: the time.

    Attributes:
        store: where frames are stored; None for a CCD whose frames only go to clients.
    """

    def __init__(
        self, name: str, send: Send, compresses: Callable[[], bool], log: Log, clock: Clock
    ) -> None:
        self.store: Store | None = None
        self._name = name
        self._send = send
        self._compresses = compresses
        self._log = log
        self._clock = clock
        self._turn = asyncio.Lock()
        self._tasks: dict[asyncio.Task[None], Order] = {}

    @property
    def orders(self) -> list[Order]:
        """The frames that are being delivered, the oldest first."""
        return list(self._tasks.values())

    def put(self, order: Order) -> None:
        """Deliver a frame in the background, close it, and report the outcome to `order.done`.

        This work is not one of the session's tasks, which end earlier: `finish` waits for it.
        """
        task = asyncio.create_task(self._deliver(order), name=f"delivery of {self._name}")
        self._tasks[task] = order
        task.add_done_callback(self._tasks.pop)
        # A task that is cancelled before its first step runs none of its own code.
        task.add_done_callback(lambda _: order.frame.close())

    async def at_most(self, frames: int) -> None:
        """Wait until no more than this number of frames is being delivered."""
        while len(self._tasks) > frames:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self) -> None:
        """Wait for frames that are being delivered, and give up those that take too long."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self.at_most(0)
        except TimeoutError:
            self._log.warning("A frame could not be delivered before the connection ended.")
        finally:
            for task in self._tasks:
                task.cancel()
            await self.at_most(0)

    async def _deliver(self, order: Order) -> None:
        try:
            async with self._turn:
                if (early_s := order.not_before_s - self._clock.monotonic()) > 0:
                    await self._clock.sleep(early_s)
                delivered = await self._store_and_send(order)
        except ConnectionClosed as error:
            logger.info("%s: not delivered: %s", self._name, error)
            delivered = False
            await order.keep()
        except Exception:
            logger.exception("the delivery of a frame failed")
            self._log.error("Internal error: a frame could not be delivered.")
            delivered = False
        order.done(delivered)

    async def _store_and_send(self, order: Order) -> bool:
        """Return whether the frame was stored as the upload mode asks, or at least sent."""
        mode = order.mode or self.mode
        stored = True
        if self.store is not None and mode.stores:
            stored = await self.store.store(order.frame, order.mode, order.gone)
        if mode.sends and order.is_wanted():
            await self._pack_and_send(order.frame)
        if stored:
            order.handed_over()
        else:
            await order.keep_unsaved(mode.sends)
        return stored or mode.sends

    @property
    def mode(self) -> DeliveryMode:
        """Where frames go now."""
        return DeliveryMode() if self.store is None else self.store.delivery_mode

    async def _pack_and_send(self, frame: Frame) -> None:
        begun_s = self._clock.monotonic()
        await self._send_packed(frame)
        spent_ms = (self._clock.monotonic() - begun_s) * 1e3
        self._log.debug(f"{self._name}: {frame.size} bytes handed over in {spent_ms:.0f} ms.")

    async def _send_packed(self, frame: Frame) -> None:
        packed = await self._compressed(frame) if self._compresses() else None
        if packed is None:
            await self._send(frame, ".fits")
            return
        with packed:
            await self._send(packed, ".fits.fz")

    async def _compressed(self, frame: Frame) -> MemoryFile | None:
        """Return the compressed frame, or None when that fails."""
        try:
            return await in_thread(partial(_compress, frame))
        except ImageError as error:
            self._log.warning(f"{error} The frame is sent uncompressed.")
            return None


def _compress(frame: Frame) -> MemoryFile:
    """Compress; the libraries for it are imported only when compression is used."""
    from indi_stx.images.compress import compress

    try:
        return compress(frame)
    except OSError as error:
        raise ImageError(f"The frame cannot be compressed: {error.strerror or error}.") from error
