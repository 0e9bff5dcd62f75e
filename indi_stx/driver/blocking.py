"""Run blocking calls, mostly disk access, in threads, so that the event loop keeps running.

A call that has begun in a thread cannot be stopped. `in_thread` therefore waits for its end even
when the caller is cancelled: until then the call may still use a file or memory that the caller
would release.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Run a call in a thread and return its result; when cancelled, first wait for its end."""
    running = asyncio.get_running_loop().run_in_executor(None, call)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return running.result()
    if (failure := running.exception()) is not None:
        logger.error("%s failed after its caller was cancelled", call, exc_info=failure)
    raise cancelled
