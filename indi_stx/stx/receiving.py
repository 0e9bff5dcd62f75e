"""Receive the body of an answer from its socket straight into the caller's memory; blocking."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from indi_stx.errors import CameraError, CameraTimeout
from indi_stx.stx.download import ByteCount, Sink, store
from indi_stx.stx.failures import dropped, stalled

_REST_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Body:
    """Receives the body of one answer into a sink.

    Attributes:
        length: bytes of the whole body, None when it ends with the connection.
        sink: where the bytes go.
        count: counts the bytes.
        stall_s: how long to wait for each piece.
        moved: called for each piece.
        place: host and port, for messages.
        request: for messages.
    """

    length: int | None
    sink: Sink
    count: ByteCount
    stall_s: float
    moved: Callable[[], None]
    place: str
    request: str

    def take(self, chunk: bytes) -> None:
        """Store a chunk that was received together with the head."""
        self.count.add(len(chunk))
        self.moved()
        store(chunk, self.sink)

    def receive(self, connected: socket.socket) -> None:
        """Receive all that is still missing.

        Raises:
            CameraUnreachable: the connection broke, or ended too early.
            CameraTimeout: nothing came within the stall limit.
            CameraReplyInvalid: more bytes than the frame has.
        """
        connected.settimeout(self.stall_s)
        while self.length is None or self.count.received < self.length:
            if not self._receive_piece(connected):
                self._check_end()
                return

    def stalled(self) -> CameraTimeout:
        """Return the error for a body that stopped arriving."""
        return stalled(self.place, self.request, self.stall_s)

    def _receive_piece(self, connected: socket.socket) -> bool:
        """Receive one piece; return False at the end of the connection."""
        with self.sink.buffer() as free, self._limited(free) as place:
            is_wanted = bool(place)
            try:
                if is_wanted:
                    count = connected.recv_into(place)
                else:
                    count = len(connected.recv(_REST_BYTES))
            except OSError as error:
                raise self._failure(error) from None
        if count == 0:
            return False
        self.count.add(count)
        self.moved()
        if is_wanted:
            self.sink.advance(count)
        return True

    def _limited(self, free: memoryview) -> memoryview:
        return free if self.length is None else free[: self.length - self.count.received]

    def _check_end(self) -> None:
        if self.length is None:
            self.count.end()
            return
        how = EOFError(f"it sent {self.count.received} of {self.length} bytes")
        raise dropped(how, self.place, self.request, body=True)

    def _failure(self, error: OSError) -> CameraError:
        if isinstance(error, TimeoutError):
            return self.stalled()
        return dropped(error, self.place, self.request, body=True)
