"""Other ways to carry requests than the network: recorded, replayed, slow.

Each is an httpx transport, as `Camera(transport=...)` takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx

from indi_stx.clock import Clock


@dataclass
class Exchange:
    """A request and what was answered; the body as far as it was read."""

    target: str
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytearray = field(default_factory=bytearray)


class Body(httpx.AsyncByteStream):
    """A body that passes through `step` piece by piece."""

    def __init__(self, inner: httpx.AsyncByteStream, step: Callable[[bytes], None]) -> None:
        self._inner = inner
        self._step = step

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._step(piece)
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


class Recorder(httpx.AsyncBaseTransport):
    """Hand everything on, and keep what went past."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.exchanges: list[Exchange] = []
        self.is_closed = False
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        target = request.url.raw_path.decode()
        exchange = Exchange(target, response.status_code, response.headers.raw)
        self.exchanges.append(exchange)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=Body(response.stream, exchange.body.extend),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        self.is_closed = True
        await self._inner.aclose()


class Replayer(httpx.AsyncBaseTransport):
    """Answer as it was recorded, in the recorded order."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._coming = list(exchanges)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = self._coming.pop(0)
        assert exchange.target == request.url.raw_path.decode()
        return httpx.Response(
            exchange.status, headers=exchange.headers, content=bytes(exchange.body)
        )


class SlowBody(httpx.AsyncByteStream):
    """A body that comes in small pieces."""

    def __init__(self, content: bytes, piece_bytes: int, clock: Clock, bytes_per_s: float) -> None:
        self._pieces = [content[i : i + piece_bytes] for i in range(0, len(content), piece_bytes)]
        self._clock = clock
        self._bytes_per_s = bytes_per_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await self._clock.sleep(len(piece) / self._bytes_per_s)
            yield piece


class SlowLink(httpx.AsyncBaseTransport):
    """A link with a long round trip and little bandwidth, in the time of `clock`."""

    def __init__(
        self,
        answer: Callable[[httpx.Request], httpx.Response],
        clock: Clock,
        *,
        round_trip_s: float,
        bytes_per_s: float,
        piece_bytes: int = 1000,
    ) -> None:
        self.asked: list[tuple[float, str]] = []
        """When each request reached the camera, and what it was."""
        self._answer = answer
        self._clock = clock
        self._round_trip_s = round_trip_s
        self._piece_bytes = piece_bytes
        self._bytes_per_s = bytes_per_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._clock.sleep(self._round_trip_s / 2)
        self.asked.append((self._clock.monotonic(), request.url.path))
        response = self._answer(request)
        await self._clock.sleep(self._round_trip_s / 2)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=SlowBody(response.content, self._piece_bytes, self._clock, self._bytes_per_s),
        )


class Silent(httpx.AsyncBaseTransport):
    """Never answer."""

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nothing ends this")
