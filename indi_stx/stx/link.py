"""Commands and downloads: pace, time limits, and what a status code means.

This layer is between the typed calls and the HTTP transport. A command keeps its turn until its
answer is complete; a download only until the head of its answer has arrived, so that commands can
be sent while the frame streams.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from indi_stx.clock import Clock
from indi_stx.errors import CameraError, CameraReplyInvalid
from indi_stx.stx.answers import Answer
from indi_stx.stx.deadlines import Deadlines, TimeLimits
from indi_stx.stx.download import ByteCount, Download, Sink, store
from indi_stx.stx.exchange import Exchange, Observer
from indi_stx.stx.failures import lacks_call, no_image, not_a_camera, not_accepted, silent, stalled
from indi_stx.stx.pacing import Priority
from indi_stx.stx.progress import Progress
from indi_stx.stx.receiving import Body
from indi_stx.stx.replies import excerpt, is_web_page, refusal
from indi_stx.stx.timing import CommandTiming, Stamp
from indi_stx.stx.turns import CommandTurns

if TYPE_CHECKING:
    from indi_stx.stx.transport import HttpTransport

MAX_TEXT_BYTES = 65536
AnswerT = TypeVar("AnswerT", bound=Answer)


class Reply(NamedTuple):
    """The text of an answer, and the times of its command."""

    text: str
    timing: CommandTiming


class Link:
    """The link to one camera, through which all commands and downloads go.

    Attributes:
        clock: the time that paces commands and stamps exposures.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        clock: Clock,
        gap_s: float,
        limits: TimeLimits,
        transport: HttpTransport | None = None,
        observer: Observer | None = None,
    ) -> None:
        # Importing httpx takes some 0.2 s, so it waits until a camera is connected.
        from indi_stx.stx.transport import Connections

        self._connections = Connections(host, port, transport)
        self._turns = CommandTurns(clock, gap_s)
        self._deadlines = Deadlines()
        self.clock = clock
        self._limits = limits
        self._observer = observer

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return self._connections.place

    @property
    def is_closed(self) -> bool:
        """Whether it was closed; nothing will be answered any more."""
        return self._turns.is_closed

    async def aclose(self) -> None:
        """End everything; waiting and running calls raise CameraUnreachable."""
        await self._turns.aclose()
        await self._connections.aclose()

    async def ask(self, request: str, priority: Priority) -> Reply:
        """Send a command when its turn comes and return the camera's answer.

        Raises:
            CameraError: one of its subclasses, as each says.
        """
        try:
            async with self._turns.turn(priority, request), self._open(request) as (answer, timing):
                text = await self._text(answer, request)
        except CameraError as error:
            self._failed(request, error)
            raise error.with_traceback(None) from None  # its sentence says more than our frames
        if self._observer is not None:
            seconds = timing.answered_monotonic_s - timing.sent_monotonic_s
            self._observer(Exchange(request, seconds, answer.head.status, excerpt(text)))
        self._check(answer, request, text)
        return Reply(text, timing)

    @contextlib.asynccontextmanager
    async def download(self, request: str, expected_bytes: int | None) -> AsyncIterator[Download]:
        """Open a frame; leaving the block closes the connection, even before the frame's end.

        Args:
            request: what to download.
            expected_bytes: its length when it is known; the announced one must be equal.

        Raises:
            CameraError: one of its subclasses, as each says.
        """
        async with contextlib.AsyncExitStack() as stack:
            async with self._turns.turn(Priority.DOWNLOAD, request):
                answer, _ = await stack.enter_async_context(self._open(request))
                await self._check_frame(answer, request, expected_bytes)
            next_chunk = functools.partial(self._next_chunk, answer, request)
            count = _byte_count(answer, expected_bytes, request)
            yield Download(next_chunk, count, answer.head.length)

    async def receive(self, request: str, expected_bytes: int | None, sink: Sink) -> None:
        """Download a frame into `sink`; in threads, unless the transport has no sockets.

        Args:
            request: what to download.
            expected_bytes: its length when it is known; the announced one must be equal.
            sink: where its bytes go.

        Raises:
            CameraError: one of its subclasses, as each says.
        """
        if not self._connections.have_sockets:
            async with self.download(request, expected_bytes) as chunks:
                async for chunk in chunks:
                    store(chunk, sink)
            return
        async with contextlib.AsyncExitStack() as stack:
            progress = Progress(self.clock, self._limits)
            opening = self._connections.open_socket(request, progress, self._limits.connect_s)
            async with self._turns.turn(Priority.DOWNLOAD, request):
                answer = await self._head_in_time(stack, opening, request, progress)
                await self._check_frame(answer, request, expected_bytes)
            body = Body(
                length=answer.head.length,
                sink=sink,
                count=_byte_count(answer, expected_bytes, request),
                stall_s=self._limits.stall_s,
                moved=self._deadlines.frame_moves_in_thread(),
                place=self.place,
                request=request,
            )
            begun_s = self.clock.monotonic()
            try:
                await answer.receive(body)
            except CameraError as error:
                self._failed(request, error)
                raise
            if self._observer is not None:
                seconds, count = self.clock.monotonic() - begun_s, expected_bytes or 0
                self._observer(Exchange(request, seconds, answer.head.status, frame_bytes=count))

    def _failed(self, request: str, error: CameraError) -> None:
        if self._observer is not None and not self.is_closed:
            self._observer(Exchange(request, 0.0, error=error))

    async def _next_chunk(self, answer: Answer, request: str) -> bytes | None:
        """Return the next piece of a frame, None after the last."""
        try:
            async with asyncio.timeout(self._limits.stall_s):
                chunk = await anext(answer, None)
        except TimeoutError:
            raise stalled(self.place, request, self._limits.stall_s) from None
        self._deadlines.frame_moves()
        return chunk

    @contextlib.asynccontextmanager
    async def _open(self, request: str) -> AsyncIterator[tuple[Answer, CommandTiming]]:
        async with contextlib.AsyncExitStack() as stack:
            progress = Progress(self.clock, self._limits)
            opening = self._connections.open(request, progress)
            answer = await self._head_in_time(stack, opening, request, progress)
            yield answer, CommandTiming.between(progress.sent, Stamp.now(self.clock))

    async def _head_in_time(
        self,
        stack: contextlib.AsyncExitStack,
        opening: contextlib.AbstractAsyncContextManager[AnswerT],
        request: str,
        progress: Progress,
    ) -> AnswerT:
        """Wait for the head of an answer; `stack` will close its connection."""
        try:
            async with self._deadlines.limit(self._limits.answer_s) as progress.deadline:
                return await stack.enter_async_context(opening)
        except TimeoutError:
            raise self._no_answer(request, progress) from None

    async def _text(self, answer: Answer, request: str) -> str:
        body = bytearray()
        try:
            async with self._deadlines.limit(self._limits.answer_s):
                async for chunk in answer:
                    body += chunk
                    if len(body) > MAX_TEXT_BYTES:
                        raise not_a_camera(self.place, request, "with endless text")
        except TimeoutError:
            limit_s = self._limits.answer_s
            raise silent(self.place, request, "did not complete an answer", limit_s) from None
        # A NUL is the end of a text in the camera's memory, and no part of it.
        return body.decode("latin-1").replace("\0", "")

    def _check(self, answer: Answer, request: str, text: str) -> None:
        """Raise unless `answer` is a camera's "200 OK"."""
        is_page = is_web_page(text, answer.head.content_type)
        match answer.head.status:
            case 200 if not is_page:
                return
            case 400 if not is_page:
                raise refusal(text, request=request)
            case 200:
                raise not_a_camera(self.place, request, "with a web page")
            case 404:
                raise lacks_call(self.place, request)
            case status:
                raise not_a_camera(
                    self.place, request, f'"{status}" to {request.partition("?")[0]}'
                )

    async def _check_frame(self, answer: Answer, request: str, expected_bytes: int | None) -> None:
        length = answer.head.length
        if answer.head.status != 200 or (
            answer.head.content_type.startswith("text/")
            and length not in (0, expected_bytes)
            and (length is None or length <= MAX_TEXT_BYTES)
        ):
            self._check(answer, request, await self._text(answer, request))
            raise CameraReplyInvalid(
                f"The camera answered {request} with text, not with a frame.", request=request
            )
        if length == 0:
            raise no_image(request)
        if expected_bytes is not None and length not in (None, expected_bytes):
            raise CameraReplyInvalid(
                f"The camera announces a frame of {length} bytes instead of "
                f"{expected_bytes}: another program changed its settings, or the exposure failed.",
                request=request,
            )

    def _no_answer(self, request: str, progress: Progress) -> CameraError:
        if progress.is_connecting:
            return not_accepted(self.place, request, self._limits.connect_s)
        accepted = "accepted the connection, but " if progress.is_connected else ""
        return silent(self.place, request, f"{accepted}gave no answer", self._limits.answer_s)


def _byte_count(answer: Answer, expected_bytes: int | None, request: str) -> ByteCount:
    return ByteCount(answer.head.length if expected_bytes is None else expected_bytes, request)
