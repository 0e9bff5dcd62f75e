"""A connection that threads use, and that the event loop can end at any moment.

Receiving a frame through the event loop costs several times the processor time of a blocking socket
(docs/decisions/0009-stream.md). A blocked thread cannot be cancelled, but it wakes up when its
connection is shut down.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

from indi_stx.stx.failures import closed_by_us

T = TypeVar("T")


class InterruptibleConnection:
    """One connection, used by one thread at a time.

    Args:
        place: host and port, for messages.
        request: for messages.

    Attributes:
        resources: closed when nothing uses the connection any more.
        socket: None until there is a connection.
    """

    def __init__(self, place: str, request: str) -> None:
        self.resources = contextlib.ExitStack()
        self.socket: socket.socket | None = None
        self._place = place
        self._request = request
        self._lock = threading.Lock()
        self._is_ended = False
        self._is_in_use = False

    @property
    def is_ended(self) -> bool:
        """Whether it was ended or closed."""
        return self._is_ended

    def made(self, connected: socket.socket) -> None:
        """Take over the socket that a thread has connected; end it at once if that is over."""
        with self._lock:
            # A duplicate, because the HTTP library may close its own socket at any time.
            self.socket = self.resources.enter_context(connected.dup())
            if self._is_ended:
                _shut_down(self.socket)

    async def run(self, step: Callable[[], T]) -> T:
        """Run `step` in a thread and return its result.

        Cancelling ends the connection and then waits for the end of the step. Only a step that is
        still connecting is not waited for, because nothing can wake it: if it gets a connection
        later, `made` ends that at once.

        Raises:
            CameraUnreachable: the connection was ended meanwhile.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        outcome.add_done_callback(_retrieve)

        def work() -> None:
            try:
                settle = functools.partial(_succeed, outcome, step())
            except BaseException as error:
                settle = functools.partial(_fail, outcome, error)
            self._release()
            with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
                loop.call_soon_threadsafe(settle)

        self._use()
        try:
            threading.Thread(target=work, name="stx download", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._release()
            raise
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            self.end()
            while self.socket is not None and not outcome.done():
                with contextlib.suppress(
                    asyncio.CancelledError
                ):  # one cancellation is under way already
                    await asyncio.wait([outcome])
            raise
        except Exception:
            if self._is_ended:
                raise closed_by_us(self._place, self._request) from None
            raise

    def end(self) -> None:
        """Wake the thread that is blocked, and do not let any use the connection again."""
        with self._lock:
            self._is_ended = True
            if self.socket is not None:
                _shut_down(self.socket)

    def close(self) -> None:
        """End the connection; close its resources as soon as no thread uses it."""
        self.end()
        with self._lock:
            if not self._is_in_use:
                self.resources.close()

    def _use(self) -> None:
        with self._lock:
            if self._is_ended:
                raise closed_by_us(self._place, self._request)
            self._is_in_use = True

    def _release(self) -> None:
        with self._lock:
            self._is_in_use = False
            if self._is_ended:
                self.resources.close()


def _shut_down(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side has ended it already
        connected.shutdown(socket.SHUT_RDWR)


def _succeed(outcome: asyncio.Future[T], result: T) -> None:
    if not outcome.done():
        outcome.set_result(result)


def _fail(outcome: asyncio.Future[T], error: BaseException) -> None:
    if not outcome.done():
        outcome.set_exception(error)


def _retrieve(outcome: asyncio.Future[T]) -> None:
    """Keep asyncio from reporting the error of a step that nobody waits for any more."""
    if not outcome.cancelled():
        outcome.exception()
