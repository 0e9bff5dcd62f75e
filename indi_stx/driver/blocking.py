"""Calls that block, above all those that use the disk: in threads, so that the loop goes on.

A call that has begun in a thread cannot be stopped. Whoever waits for it here therefore waits for
its end even when cancelled: only then may the file or the memory that it uses be let go of.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Return what a call returns that runs in a thread; a cancellation waits for the call's end."""
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
        logger.error("%s failed after it had been given up", call, exc_info=failure)
    raise cancelled
