"""Look for cameras at many addresses, without being a nuisance to anything else there.

Each address gets one attempt to connect. Only where that is accepted, one HTTP request follows,
and more than that only where the answer is that of a camera.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from indi_stx.errors import CameraError
from indi_stx.stx import Camera
from indi_stx.tools.address import Address

AT_ONCE = 64
"""Connections at a time."""
ANSWER_LIMIT_S = 3.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is at an address; `description` is None where no camera answers."""

    address: Address
    description: str | None = None


async def look_at(
    hosts: Sequence[str], port: int, limit_s: float, at_once: int = AT_ONCE
) -> AsyncIterator[Looked]:
    """Look at every host, and yield what was found in the order in which it becomes known.

    Args:
        hosts: names or IP addresses.
        port: of the cameras.
        limit_s: how long a connection may take.
        at_once: how many connections at a time.
    """
    slots = asyncio.Semaphore(at_once)

    async def look(host: str) -> Looked:
        async with slots:
            address = Address(host, port)
            if not await _accepts(address, limit_s):
                return Looked(address)
            return Looked(address, await _description(address, limit_s))

    tasks = [asyncio.create_task(look(host)) for host in hosts]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _accepts(address: Address, limit_s: float) -> bool:
    """Tell whether something listens there."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(*address)
    except OSError:  # that of a timeout, too
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _description(address: Address, limit_s: float) -> str | None:
    """Return what a camera says of itself; None when it is something else."""
    async with Camera(*address, connect_timeout_s=limit_s, timeout_s=ANSWER_LIMIT_S) as camera:
        try:
            description = await camera.description()
            await camera.version_numbers()
        except CameraError as error:
            logger.debug("%s is no camera: %s", address, error)
            return None
    return description
