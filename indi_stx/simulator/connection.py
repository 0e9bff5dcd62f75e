"""One connection: read a request whatever it is, answer it once, close.

Everything a hostile or broken client can do ends here, by a limit or a time-out. The faults that
act on replies do it here, too.
"""

from __future__ import annotations

import asyncio
import random
import socket
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.client_socket import ClientSocket, ConnectionDropped
from indi_stx.simulator.http_message import Reply, Request, content_length, parse_request_line
from indi_stx.simulator.link import MAX_SEND_BYTES, Link
from indi_stx.simulator.other_program import OtherProgram
from indi_stx.simulator.request_log import COMMAND_INTERVAL_MS, RequestRecord
from indi_stx.simulator.routes import Routes

MAX_HEAD_BYTES = 32_768
MAX_BODY_BYTES = 1_000_000
LONGEST_OVERLOAD_DELAY_S = 2.0
FRAME_POLL_S = 0.02
PADDING = b" \0\0\r\n\r\n"


@dataclass
class ServedCamera:
    """What all connections of one camera share."""

    camera: SimulatedCamera
    routes: Routes
    link: Link
    workers: Executor
    other_program: OtherProgram
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    backlog: float = 0.0

    def overload_delay_s(self, record: RequestRecord) -> float:
        """Return how much an answer is held back: early commands pile up, time works them off."""
        elapsed_ms = COMMAND_INTERVAL_MS if record.gap_ms is None else record.gap_ms
        self.backlog = max(0.0, self.backlog + 0.9 - elapsed_ms / COMMAND_INTERVAL_MS)
        delay_s = self.backlog * self.camera.options.overload_delay_s
        return min(delay_s, LONGEST_OVERLOAD_DELAY_S)


class Connection:
    """A client's socket; `run` serves it to its end and never raises for what a client does."""

    def __init__(self, client: socket.socket, number: int, served: ServedCamera) -> None:
        self.number = number
        self._client = ClientSocket(client)
        self._served = served
        self._camera = served.camera
        self._unread = False

    def reset(self) -> None:
        """End it at once with a TCP reset."""
        self._client.reset()

    async def run(self) -> None:
        """Serve one request."""
        try:
            with suppress(OSError, TimeoutError, ConnectionDropped):
                await self._serve_in_turn()
        finally:
            self._client.close()

    async def _serve_in_turn(self) -> None:
        if "single-connection" not in self._camera.faults:
            await self._serve()
            return
        async with self._served.one_at_a_time:
            await self._serve()

    async def _serve(self) -> None:
        async with asyncio.timeout(self._camera.options.request_timeout_s) as limit:
            first = await self._client.receive()
            if not first:
                return
            record, heard = self._camera.requests.arrived(self.number), True
            try:
                request = await self._read_request(first)
                limit.reschedule(None)
                if lost := self._camera.faults.take("request-lost", request.path or ""):
                    heard = False
                    self._camera.requests.forget(record)
                    await self._client.drop(lost.words["how"])
                record.method, record.uri = request.method, request.uri
                await self._answer(request, record)
            finally:
                if heard:
                    self._camera.requests.finished(record)
        await self._client.end_sending(unread=self._unread)

    async def _read_request(self, head: bytes) -> Request:
        """Read to the blank line, and whatever body was announced, which is ignored."""
        while (end := _head_end(head)) < 0:
            piece = await self._client.receive() if len(head) <= MAX_HEAD_BYTES else b""
            if not piece:
                self._unread = len(head) > MAX_HEAD_BYTES
                line = head.split(b"\n", 1)[0].rstrip(b"\r")[:MAX_HEAD_BYTES]
                # An unfinished head is malformed, whatever its first line says.
                return Request("", line.decode("latin-1"))
            head += piece
        announced = content_length(head[:end])
        missing = min(announced, MAX_BODY_BYTES) - (len(head) - end)
        self._unread = announced > MAX_BODY_BYTES
        while missing > 0 and (piece := await self._client.receive()):
            missing -= len(piece)
        return parse_request_line(head.split(b"\n", 1)[0].rstrip(b"\r"))

    async def _answer(self, request: Request, record: RequestRecord) -> None:
        path = request.path or ""
        faults, clock = self._camera.faults, self._camera.time.clock
        half_round_trip_s = self._served.link.latency_s / 2
        await clock.sleep(self._served.overload_delay_s(record) + half_round_trip_s)
        if faults.take("hang", path):
            await self._client.drop("silence")
        if faults.take("reset", path):
            await self._client.drop("reset")
        await self._wait_for_frame(path)
        self._served.other_program.before(path)
        reply = self._served.routes.answer(request)
        await clock.sleep(half_round_trip_s)
        if lost := faults.take("answer-lost", path):
            await self._client.drop(lost.words["how"])
        body = await self._body(reply)
        body = self._damage(reply, body, path)
        record.status = reply.status
        with self._camera.downloading(self._served.routes.downloads.get(path)):
            await self._send(reply, body, path, record)

    async def _wait_for_frame(self, path: str) -> None:
        """Hold a download back until its CCD has read out, when the camera is of that kind."""
        if self._camera.options.busy_download != "wait":
            return
        ccd = self._served.routes.downloads.get(path)
        while ccd and ccd.is_busy():
            await self._camera.time.clock.sleep(FRAME_POLL_S)

    async def _body(self, reply: Reply) -> bytes | memoryview:
        if reply.compose is None:
            return reply.body
        loop = asyncio.get_running_loop()
        return memoryview(await loop.run_in_executor(self._served.workers, reply.compose))

    def _damage(self, reply: Reply, body: bytes | memoryview, path: str) -> bytes | memoryview:
        """Apply the faults that change a body and its Content-Length alike."""
        faults = self._camera.faults
        if reply.binary:
            if body and (short := faults.take("short-frame", path)):
                return body[: max(0, len(body) - int(short.numbers["missing"]))]
        elif body and faults.take("garble-text", path):
            return random.Random(self._camera.options.seed).randbytes(len(body))
        elif body and faults.take("padded-text", path):
            return bytes(body) + PADDING
        return body

    async def _send(
        self, reply: Reply, body: bytes | memoryview, path: str, record: RequestRecord
    ) -> None:
        faults = self._camera.faults
        if not reply.binary and faults.take("text-as-html", path):
            reply = replace(reply, content_type="text/html")
        head = reply.head(len(body))
        if not reply.binary and body and (cut := faults.take("truncate-text", path)):
            body = body[: int(cut.numbers["after"])]
        elif body and (cut := faults.take("reset-body", path)):
            await self._send_counted(head, body[: int(cut.numbers["after"])], record)
            await self._client.drop("reset")
        elif body and (cut := faults.take("stall-body", path)):
            await self._send_counted(head, body[: int(cut.numbers["after"])], record)
            if not cut.numbers["seconds"]:
                await self._client.drop("silence")
            await asyncio.sleep(cut.numbers["seconds"])
            head, body = b"", body[int(cut.numbers["after"]) :]
        await self._send_counted(head, body, record)

    async def _send_counted(
        self, head: bytes, body: bytes | memoryview, record: RequestRecord
    ) -> None:
        link, client = self._served.link, self._client.socket
        if len(head) + len(body) <= MAX_SEND_BYTES:
            await link.send(client, head + body)
        else:
            await link.send(client, head)
            await link.send(client, body)
        record.bytes += len(body)


def _head_end(data: bytes) -> int:
    """Return where the head ends, after its blank line, or -1."""
    ends = [data.find(mark) + len(mark) for mark in (b"\n\r\n", b"\n\n") if mark in data]
    return min(ends) if ends else -1
