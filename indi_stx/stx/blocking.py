"""The camera for scripts and notebooks without `await`: `BlockingCamera`.

The event loop runs in a thread of its own, so this works where one runs already, as in Jupyter. An
interrupt (Ctrl-C) cancels the call under way and waits for its end; an exposure is aborted so.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from indi_stx.errors import ConnectionClosed, IndiStxError
from indi_stx.stx.api import Camera
from indi_stx.stx.ccd import Ccd

P = ParamSpec("P")
T = TypeVar("T")
Work = Coroutine[Any, Any, T]

_CLOSED = "This camera has been closed: make another BlockingCamera."
_END_LIMIT_S = 15.0
"""How long an interrupted call may take to end; longer than a command to a silent camera."""


class LoopThread:
    """An event loop in a thread; it ends with `close`, with the program, or when it is unused."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=_run_loop, args=(self._loop,), name="stx camera", daemon=True
        )
        thread.start()
        self._finish = weakref.finalize(self, _end_loop, self._loop, thread)

    def close(self) -> None:
        """End the thread; harmless when it has ended."""
        self._finish()

    def run(self, work: Work[T]) -> T:
        """Return what `work` returns; an error of the project comes without our inner frames.

        Raises:
            ConnectionClosed: the thread has ended.
        """
        if not self._finish.alive:
            work.close()
            raise ConnectionClosed(_CLOSED)
        begun: concurrent.futures.Future[asyncio.Task[T]] = concurrent.futures.Future()
        outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(_begin, work, begun, outcome)
        try:
            return outcome.result()
        except IndiStxError as error:
            raise error.with_traceback(None) from None
        except BaseException:
            if not outcome.done():
                self._loop.call_soon_threadsafe(begun.result().cancel)
                concurrent.futures.wait([outcome], _END_LIMIT_S)
            raise


def _begin(
    work: Work[T],
    begun: concurrent.futures.Future[asyncio.Task[T]],
    outcome: concurrent.futures.Future[T],
) -> None:
    """Begin `work` as a task whose end settles `outcome`."""
    task = asyncio.get_running_loop().create_task(work)

    def settle(ended: asyncio.Task[T]) -> None:
        if ended.cancelled():
            outcome.set_exception(ConnectionClosed(_CLOSED))
        elif error := ended.exception():
            outcome.set_exception(error)
        else:
            outcome.set_result(ended.result())

    task.add_done_callback(settle)
    begun.set_result(task)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    finally:
        loop.close()


def _end_loop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join()


def _blocking(
    method: Callable[Concatenate[Any, P], Work[T]],
) -> Callable[Concatenate[Any, P], T]:
    """Return `method` of the asynchronous camera or CCD as a method that waits for the result."""

    def wait(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = self._loop.run(method(self._async, *args, **kwargs))
        return result

    functools.update_wrapper(wait, method)
    return wait


class BlockingCcd:
    """One of the three CCDs of a `BlockingCamera`; the methods are those of `Ccd`."""

    def __init__(self, ccd: Ccd, loop: LoopThread) -> None:
        self.name = ccd.name
        self._async = ccd
        self._loop = loop

    get_settings = _blocking(Ccd.get_settings)
    set_settings = _blocking(Ccd.set_settings)
    get_geometry = _blocking(Ccd.get_geometry)
    set_geometry = _blocking(Ccd.set_geometry)
    state = _blocking(Ccd.state)
    image_ready = _blocking(Ccd.image_ready)
    image_date_obs = _blocking(Ccd.image_date_obs)
    start_exposure = _blocking(Ccd.start_exposure)
    abort_exposure = _blocking(Ccd.abort_exposure)
    expose_and_wait = _blocking(Ccd.expose_and_wait)
    download_bytes = _blocking(Ccd.download_bytes)
    download_array = _blocking(Ccd.download_array)
    download_fits = _blocking(Ccd.download_fits)
    save = _blocking(Ccd.save)
    receive_data = _blocking(Ccd.receive_data)
    receive_fits = _blocking(Ccd.receive_fits)


class BlockingCamera:
    """One STX, STXL or STT camera, with methods that wait; the arguments are those of `Camera`.

    Use it as `with BlockingCamera("192.168.1.5") as camera:`, or call `close` at the end.

    Raises:
        ValueRefused: host and port cannot be an address, or a time is impossible.
    """

    def __init__(self, host: str, port: int = 80, **options: Any) -> None:
        self._async = Camera(host, port, **options)
        self._loop = LoopThread()
        self.imager = BlockingCcd(self._async.imager, self._loop)
        self.guider = BlockingCcd(self._async.guider, self._loop)
        self.external_guider = BlockingCcd(self._async.external_guider, self._loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; harmless when it has been closed."""
        try:
            self._loop.run(self._async.aclose())
        except ConnectionClosed:
            return
        self._loop.close()

    description = _blocking(Camera.description)
    version_numbers = _blocking(Camera.version_numbers)
    filter_state = _blocking(Camera.filter_state)
    get_filter_settings = _blocking(Camera.get_filter_settings)
    change_filter = _blocking(Camera.change_filter)
    set_filter_names = _blocking(Camera.set_filter_names)
    pulse_guide = _blocking(Camera.pulse_guide)
    is_pulse_guiding = _blocking(Camera.is_pulse_guiding)
    pulse_time_remaining = _blocking(Camera.pulse_time_remaining)
    ao_guide = _blocking(Camera.ao_guide)
    ao_status = _blocking(Camera.ao_status)
    get_fits_settings = _blocking(Camera.get_fits_settings)
    set_fits_settings = _blocking(Camera.set_fits_settings)
