"""The camera's client on other transports than the network."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest

from indi_stx.errors import (
    CameraBusy,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
)
from indi_stx.stx import Camera, Ccd, CcdState
from tests.harness.fake_clock import FakeClock
from tests.stx.canned import CannedCamera, bad, frame, ok
from tests.stx.transports import Recorder, Replayer, Silent, SlowLink

PIXELS = bytes(range(256)) * 40


def text(content: str) -> httpx.Response:
    return httpx.Response(200, text=content)


def frame_of(content: bytes) -> httpx.Response:
    return httpx.Response(
        200, content=content, headers={"Content-Type": "application/octet-stream"}
    )


async def pixels(ccd: Ccd) -> bytes:
    async with ccd.open_data(len(PIXELS)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_mock_transport_answers_commands_and_downloads() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.host, request.url.path, request.url.query))
        if request.url.path == "/api/GuiderData.bin":
            return frame_of(PIXELS)
        return text("SBIG STT-8300\r\n" if "Description" in request.url.path else "21.50\r\n")

    transport = httpx.MockTransport(answer)
    async with Camera("camera", command_gap_s=0, transport=transport) as camera:
        assert await camera.description() == "SBIG STT-8300"
        found = await camera.imager.get_settings("temperature_celsius")
        assert found.temperature_celsius == 21.5
        assert await pixels(camera.guider) == PIXELS
        await camera.set_filter_names({})
    assert seen == [
        ("GET", "camera", "/api/Description.cgi", b""),
        ("GET", "camera", "/api/ImagerGetSettings.cgi", b"CCDTemperature"),
        ("GET", "camera", "/api/GuiderData.bin", b""),
    ]


async def test_errors_of_a_mock_transport_are_the_camera_s() -> None:
    busy = "0x80001008\r\nCamera is busy.\r\n"
    answers = iter(
        [
            httpx.Response(400, text=busy),
            httpx.Response(404),
            httpx.Response(200, headers={"Content-Length": "many"}, stream=Silence()),
        ]
    )

    def answer(_request: httpx.Request) -> httpx.Response:
        with contextlib.suppress(StopIteration):
            return next(answers)
        raise httpx.ConnectError("All connection attempts failed")

    transport = httpx.MockTransport(answer)
    async with Camera("camera", command_gap_s=0, transport=transport) as camera:
        with pytest.raises(CameraBusy):
            await camera.imager.abort_exposure()
        with pytest.raises(CameraReplyInvalid, match='"404"'):
            await camera.imager.abort_exposure()
        await camera.imager.abort_exposure()
        with pytest.raises(CameraUnreachable, match="No connection to camera:80"):
            await camera.imager.abort_exposure()


class Silence(httpx.AsyncByteStream):
    """An empty body."""

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        return
        yield


async def test_transport_that_tells_nothing_of_connections_has_the_time_of_an_answer() -> None:
    camera = Camera(
        "camera", connect_timeout_s=0.001, timeout_s=0.05, transport=Silent(), command_gap_s=0
    )
    async with camera:
        with pytest.raises(CameraTimeout, match=r"camera:80 gave no answer for 0\.05 s"):
            await camera.description()


async def test_a_recorded_session_is_replayed(canned: CannedCamera) -> None:
    canned.then(ok("SBIG STX-16803\r\n"), bad(0x80001008, "Camera is busy."), frame(PIXELS))
    recorder = Recorder(httpx.AsyncHTTPTransport())

    async def session(camera: Camera) -> tuple[str, bytes]:
        model = await camera.description()
        with pytest.raises(CameraBusy):
            await camera.imager.abort_exposure()
        return model, await pixels(camera.imager)

    async with Camera(canned.host, canned.port, command_gap_s=0, transport=recorder) as camera:
        live = await session(camera)
    assert recorder.is_closed
    async with Camera("nowhere", command_gap_s=0, transport=Replayer(recorder.exchanges)) as camera:
        assert await session(camera) == live == ("SBIG STX-16803", PIXELS)


async def test_a_recorder_around_the_network_still_tells_of_connections(
    canned: CannedCamera,
) -> None:
    canned.then(canned.until_client_leaves)
    recorder = Recorder(httpx.AsyncHTTPTransport())
    async with Camera(canned.host, canned.port, timeout_s=0.1, transport=recorder) as camera:
        with pytest.raises(CameraTimeout, match="accepted the connection, but gave no answer"):
            await camera.description()


@pytest.mark.parametrize("period_s", [0.0, 0.1])
async def test_a_frame_is_fetched_over_a_slow_link_beside_pollers(period_s: float) -> None:
    """230 ms round trip: state and telemetry are asked for faster than they are answered."""

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/ImagerData.bin":
                return frame_of(PIXELS)
            case "/api/ImagerState.cgi":
                return text("0\r\n")
        return text("21.50\r\n")

    clock = FakeClock()
    link = SlowLink(answer, clock, round_trip_s=0.23, bytes_per_s=5_000)
    async with Camera("camera", clock=clock, transport=link) as camera:

        async def poll_state() -> None:
            while True:
                assert await camera.imager.state() is CcdState.IDLE
                await clock.sleep(period_s)

        async def poll_temperature() -> None:
            while True:
                await camera.imager.get_settings("temperature_celsius")
                await clock.sleep(period_s)

        pollers = [asyncio.create_task(poll_state()) for _ in range(2)]
        pollers.append(asyncio.create_task(poll_temperature()))
        await clock.advance(1.0)
        begin_s = clock.monotonic()
        download = asyncio.create_task(pixels(camera.imager))
        for _ in range(50):
            await clock.advance(0.1)
        assert download.done()
        assert await download == PIXELS
        [asked_s] = [at for at, path in link.asked if path == "/api/ImagerData.bin"]
        assert asked_s - begin_s <= 4 * 0.29  # one turn under way, two that pass, its own
        during = [path for at, path in link.asked if asked_s < at < asked_s + 2.0]
        assert {"/api/ImagerState.cgi", "/api/ImagerGetSettings.cgi"} <= {*during}
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
