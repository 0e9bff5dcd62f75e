"""A session: everything of a device that begins with a connection and ends with it.

Connect builds one, which owns its subsystems, their lanes and all tasks. Disconnect closes it. A
closed session accepts no more tasks and writes, so nothing can outlive it; each connection gets a
new session, so nothing has to be reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from indi_stx.clock import Clock
from indi_stx.driver.subsystem import Log, Subsystem
from indi_stx.driver.tasks import Tasks
from indi_stx.errors import IndiStxError

logger = logging.getLogger(__name__)


class Session:
    """The life of one connection.

    Attributes:
        name: of the device, for logs.
        tasks: end with the session.
        subsystems: in the order in which their properties are defined; fill before `begin`.
        closed: whether it has ended, or is about to.
        deletes_properties: whether closing deletes them one by one; False for a device that goes
            with its session and deletes itself as a whole.
        resources: closed last, when everything that uses them has ended.
    """

    def __init__(self, name: str, clock: Clock, log: Log) -> None:
        self.name = name
        self.clock = clock
        self.log = log
        self.tasks = Tasks(clock)
        self.subsystems: Sequence[Subsystem] = ()
        self.closed = False
        self.deletes_properties = True
        self.resources = contextlib.AsyncExitStack()
        self._trouble: dict[Subsystem, str] = {}
        self._closing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Let every subsystem read what its definitions need; nothing is defined yet.

        Raises:
            CameraError: or any other error of the project; close the session then.
        """
        for subsystem in self.subsystems:
            await subsystem.begin()

    def appear(self, polling_s: Callable[[], float]) -> None:
        """Define the properties that exist, and begin to poll."""
        for subsystem in self.subsystems:
            subsystem.define_and_delete()
        for subsystem in self.subsystems:
            subsystem.appeared()
        for subsystem in self.subsystems:
            if type(subsystem).poll is not Subsystem.poll:
                name = f"{self.name}: {type(subsystem).__name__}"
                period_s = partial(_period_s, subsystem, polling_s)
                self.tasks.repeat(partial(self._poll, subsystem), period_s, name)

    async def close(self) -> None:
        """Refuse everything new, end tasks and lanes, release resources, delete the properties.

        May be called several times, even concurrently: every call returns when all is closed. An
        error in one subsystem is logged and does not stop the others. When a caller is cancelled,
        no step waits any longer, but none is left out.
        """
        self.closed = True
        for subsystem in self.subsystems:
            subsystem.lane.refuse()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name=f"{self.name}: closing")
        try:
            await asyncio.shield(self._closing)
        except asyncio.CancelledError:
            while not self._closing.done():
                self._closing.cancel()
                await asyncio.wait([self._closing])
            raise

    async def _close(self) -> None:
        await self._step(self.tasks.close())
        await self._together(lane.close() for lane in {s.lane for s in self.subsystems})
        await self._together(subsystem.end() for subsystem in self.subsystems)
        if self.deletes_properties:
            for subsystem in self.subsystems:
                subsystem.withdraw()
        await self._step(self.resources.aclose())

    async def _together(self, steps: Iterable[Coroutine[Any, Any, None]]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self._step(step) for step in steps))

        await self._step(all_of_them())

    async def _step(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except asyncio.CancelledError:
            self.log.debug("The connection is being closed without waiting.")
        except Exception:
            logger.exception("%s: a part of the connection did not end properly", self.name)

    async def before_poll(self) -> None:
        """Wait while a poll would be in the way of something that matters more."""

    async def _poll(self, subsystem: Subsystem) -> None:
        """Poll once; report trouble when it begins and when it ends, not at every poll."""
        try:
            await self.before_poll()
            await subsystem.poll()
            subsystem.define_and_delete()
        except IndiStxError as error:
            # One cause, such as a cable, makes all polls fail alike: it is told once.
            if subsystem not in self._trouble and str(error) not in self._trouble.values():
                self.log.warning(f"{error} The driver keeps trying.")
            self._trouble.setdefault(subsystem, str(error))
        except Exception:
            logger.exception("polling %s failed", type(subsystem).__name__)
        else:
            if self._trouble.pop(subsystem, None) is not None and not self._trouble:
                self.log.info("The camera answers again.")


def _period_s(subsystem: Subsystem, polling_s: Callable[[], float]) -> float:
    return subsystem.polls_every * polling_s()
