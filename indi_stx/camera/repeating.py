"""Send a command again while it, or its answer, gets lost.

Only for commands that do no harm when they arrive twice: setting a value, going to a place. Nobody
can tell a lost answer from a lost request, and these need not be told apart.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from indi_stx.clock import Clock
from indi_stx.errors import CameraTimeout, CameraUnreachable

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S = 12.0
"""For how long to go on, and at least until the second try: one silence may last longer."""
RETRY_S = 0.5
"""Between two tries."""


async def repeated(
    command: Callable[[], Awaitable[T]], clock: Clock, patience_s: float = PATIENCE_S
) -> T:
    """Return the result of a command, sent again until it is answered.

    Raises:
        CameraError: the camera refused it, or there was no answer for `patience_s`; the camera may
            have carried it out.
    """
    give_up_s = clock.monotonic() + patience_s
    tries = 0
    while True:
        tries += 1
        try:
            return await command()
        except (CameraTimeout, CameraUnreachable) as error:
            if tries > 1 and clock.monotonic() > give_up_s:
                raise
            logger.debug("%s Sending it again.", error)
            await clock.sleep(RETRY_S)
