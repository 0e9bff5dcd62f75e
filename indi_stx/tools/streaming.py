"""Try whether a camera answers commands while it sends a frame, which its document does not say."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from indi_stx.clock import Clock
from indi_stx.stx import Ccd, Download

QUESTIONS = 5
LONG_ENOUGH_S = 0.1
"""A frame must at least go on for this long after a question to leave time for an answer."""


class Meanwhile(enum.Enum):
    """What became of commands while a frame was sent."""

    ANSWERED = "answered"
    WAITED = "answered only after the frame"
    TOO_SHORT = "the frame was too short to tell"


@dataclass(frozen=True, slots=True)
class Streaming:
    """How a frame was sent.

    Attributes:
        frame_bytes: how much of it was received.
        seconds: how long that took.
        answers_s: how long each command took that was answered meanwhile.
    """

    meanwhile: Meanwhile
    frame_bytes: int
    seconds: float
    answers_s: tuple[float, ...] = ()


class _Reading:
    """Receives a frame as fast as it comes: a camera that must wait cannot answer anything else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begun = asyncio.Event()
        self.ended_s: float | None = None
        self.received = 0

    def has_ended(self) -> bool:
        """Tell whether all of it has arrived, or the connection broke."""
        return self.ended_s is not None

    async def all_of(self, chunks: Download) -> None:
        try:
            async for chunk in chunks:
                self.received += len(chunk)
                self.begun.set()
        finally:
            self.ended_s = self._clock.monotonic()
            self.begun.set()


async def stream_and_ask(
    source: Ccd, ask: Callable[[], Awaitable[float]], usual_s: float, clock: Clock
) -> Streaming:
    """Download the image of `source`, and send a few commands meanwhile.

    The download is ended early when all commands were answered.

    Args:
        source: has an image.
        ask: sends a command and returns how long the answer took.
        usual_s: how long an answer takes otherwise.
        clock: the time.

    Raises:
        CameraError: the image did not come, or a command was never answered.
    """
    reading = _Reading(clock)
    answers_s: list[float] = []
    meanwhile = Meanwhile.TOO_SHORT
    long_enough_s = max(LONG_ENOUGH_S, 3 * usual_s)
    begun_s = clock.monotonic()
    async with source.open_data(None) as chunks, _beside(reading, chunks):
        await reading.begun.wait()
        while not reading.has_ended() and len(answers_s) < QUESTIONS:
            asked_s = clock.monotonic()
            took_s = await ask()
            if not reading.has_ended():
                meanwhile = Meanwhile.ANSWERED
                answers_s.append(took_s)
            elif not answers_s and (reading.ended_s or 0.0) - asked_s > long_enough_s:
                meanwhile = Meanwhile.WAITED
        ended_s = reading.ended_s or clock.monotonic()
    return Streaming(meanwhile, reading.received, ended_s - begun_s, tuple(answers_s))


@contextlib.asynccontextmanager
async def _beside(reading: _Reading, chunks: Download) -> AsyncIterator[None]:
    task = asyncio.create_task(reading.all_of(chunks))
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
