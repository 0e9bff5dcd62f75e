"""A frame that goes straight into memory: threads that end, memory that is let go of."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
import time

import httpx
import pytest

from indi_stx.errors import CameraReplyInvalid, CameraTimeout, CameraUnreachable, ImageError
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from indi_stx.stx import Camera, CcdState, FrameType, Geometry
from tests.harness.fake_clock import settle
from tests.stx.canned import CannedCamera, Script, bad, frame, ok
from tests.stx.sinks import MappedSink, receive
from tests.stx.transports import Silent

BYTES = bytes(range(256)) * 256
HEAD_ONLY = frame(b"", announced=len(BYTES))
BEGUN = frame(BYTES[:1000], announced=len(BYTES))


def then_nothing(canned: CannedCamera, beginning: bytes) -> Script:
    """Send `beginning` and wait for the client to leave."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        await canned.until_client_leaves(reader, writer)

    return script


async def until_received(sink: MappedSink, count: int) -> None:
    async with asyncio.timeout(10):
        while sink.received < count:  # noqa: ASYNC110 - a thread fills it
            await asyncio.sleep(0.001)


async def until_blocked(canned: CannedCamera, sink: MappedSink, beginning: bytes) -> None:
    """Return when the download waits for what comes after `beginning`."""
    await canned.arrived.wait()
    await until_received(sink, 1000 if beginning == BEGUN else 0)
    await asyncio.sleep(0.02)  # to be in the system call; it does not matter if it is not


STAGES = pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.0 200 OK\r\nConte", HEAD_ONLY, BEGUN],
    ids=["", "head", "body", "in"],
)


@pytest.mark.parametrize("name", ["imager", "guider", "external_guider"])
async def test_all_ccds_and_both_kinds_of_files(
    name: str, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(frame(BYTES), frame(BYTES))
    ccd = getattr(camera, name)
    data, fits = MappedSink(), MappedSink()
    await ccd.receive_data(len(BYTES), data)
    await ccd.receive_fits(fits)
    assert data.content() == fits.content() == BYTES
    wire = {"imager": "Imager", "guider": "Guider", "external_guider": "ExtGuider"}[name]
    host = f"Host: 127.0.0.1:{canned.port}\r\nConnection: close\r\n\r\n"
    assert canned.heads == [
        f"GET /api/{wire}Data.bin HTTP/1.1\r\n{host}",
        f"GET /api/{wire}.FIT HTTP/1.1\r\n{host}",
    ]


async def test_a_large_frame_is_received_beside_the_event_loop(
    camera: Camera, canned: CannedCamera
) -> None:
    pixels = os.urandom(8 << 20)
    canned.then(frame(pixels))
    sink = MappedSink(len(pixels))
    assert await receive(camera.imager, len(pixels), sink) == pixels
    assert threading.main_thread() not in sink.threads - {threading.current_thread()}


async def test_what_is_of_no_interest_is_dropped(camera: Camera, canned: CannedCamera) -> None:
    canned.then(frame(BYTES), b"HTTP/1.0 200 OK\r\n\r\n" + BYTES, ok("0\r\n"))
    for _ in range(2):
        sink = MappedSink(5000)
        await camera.imager.receive_fits(sink)
        assert sink.content() == BYTES[:5000]
        sink.close()
    assert await camera.imager.state() is CcdState.IDLE


async def test_a_body_in_transfer_encoding(camera: Camera, canned: CannedCamera) -> None:
    """No camera does this; something between may."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BYTES[:999], BYTES[999:]))
    canned.then(head + chunks + b"0\r\n\r\n", head + chunks[:3000])
    assert await receive(camera.imager, len(BYTES), MappedSink()) == BYTES
    with pytest.raises(CameraUnreachable, match="in the middle"):
        await receive(camera.imager, len(BYTES), MappedSink())


async def test_connection_that_is_reset(camera: Camera, canned: CannedCamera) -> None:
    sink = MappedSink()

    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BEGUN)
        await until_received(sink, 1000)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    canned.then(reset)
    with pytest.raises(CameraUnreachable, match="in the middle of an answer"):
        await receive(camera.imager, len(BYTES), sink)


@pytest.mark.parametrize("beginning", [HEAD_ONLY, BEGUN])
async def test_frame_that_stalls(beginning: bytes, canned: CannedCamera) -> None:
    canned.then(then_nothing(canned, beginning))
    async with Camera(canned.host, canned.port, command_gap_s=0, stall_timeout_s=0.05) as camera:
        with pytest.raises(CameraTimeout, match=r"stopped sending the frame for 0\.05 s"):
            await receive(camera.imager, len(BYTES), MappedSink())
        await canned.closed_by_client.wait()


async def test_head_that_never_comes(canned: CannedCamera) -> None:
    canned.then(then_nothing(canned, b""))
    async with Camera(canned.host, canned.port, timeout_s=0.1) as camera:
        with pytest.raises(CameraTimeout, match=r"accepted the connection, but gave no answer"):
            await receive(camera.imager, len(BYTES), MappedSink())
        await canned.closed_by_client.wait()


async def test_text_that_never_ends(canned: CannedCamera) -> None:
    canned.then(then_nothing(canned, bad(0x80001008, "Camera is busy.")[:-3]))
    async with Camera(canned.host, canned.port, timeout_s=0.1) as camera:
        with pytest.raises(CameraTimeout, match="did not complete"):
            await receive(camera.imager, len(BYTES), MappedSink())
        await canned.closed_by_client.wait()


@STAGES
@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled(
    beginning: bytes, times: int, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(then_nothing(canned, beginning), ok("0\r\n"), frame(BYTES))
    sink = MappedSink()
    download = asyncio.create_task(camera.imager.receive_data(len(BYTES), sink))
    await until_blocked(canned, sink, beginning)
    for _ in range(times):
        download.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await download
    sink.close()  # the thread has let go of it
    await canned.closed_by_client.wait()
    assert await camera.imager.state() is CcdState.IDLE
    assert await receive(camera.imager, len(BYTES), MappedSink()) == BYTES


@STAGES
async def test_camera_closed_meanwhile(beginning: bytes, canned: CannedCamera) -> None:
    canned.then(then_nothing(canned, beginning))
    camera = Camera(canned.host, canned.port, command_gap_s=0)
    sink = MappedSink()
    download = asyncio.create_task(receive(camera.imager, len(BYTES), sink))
    await until_blocked(canned, sink, beginning)
    await camera.aclose()
    with pytest.raises(CameraUnreachable, match="closed on our side"):
        await download
    await canned.closed_by_client.wait()


@pytest.mark.parametrize("steps", range(6))
async def test_cancelled_at_once(steps: int, camera: Camera, canned: CannedCamera) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(BYTES) if canned.targets[-1].endswith("Data.bin") else ok("0\r\n"))

    canned.standing = answer
    sink = MappedSink()
    download = asyncio.create_task(camera.imager.receive_data(len(BYTES), sink))
    for _ in range(steps):
        await asyncio.sleep(0)
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    sink.close()
    assert await camera.imager.state() is CcdState.IDLE


async def test_what_the_memory_raises_ends_the_download(
    camera: Camera, canned: CannedCamera
) -> None:
    canned.then(then_nothing(canned, BEGUN), ok("0\r\n"))
    sink = MappedSink()
    sink.error = ImageError("this is not such a frame")
    with pytest.raises(ImageError, match="not such a frame"):
        await receive(camera.imager, len(BYTES), sink)
    await canned.closed_by_client.wait()
    assert await camera.imager.state() is CcdState.IDLE


async def test_no_thread_left(
    camera: Camera, canned: CannedCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError):
            await receive(camera.imager, len(BYTES), MappedSink())
    canned.then(frame(BYTES))
    assert await receive(camera.imager, len(BYTES), MappedSink()) == BYTES


def until_no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name == "stx download":
            thread.join()


# --- connecting -----------------------------------------------------------------------------------


class FullBacklog:
    """A port at which the kernel accepts nobody until `accept` makes room."""

    def __init__(self) -> None:
        self._server = socket.socket()
        self._server.bind(("127.0.0.1", 0))
        self._server.listen(0)
        self.address = self._server.getsockname()
        self._fillers = [socket.socket() for _ in range(4)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(self.address)

    async def accept(self, answer: bytes) -> None:
        """Answer the first that asks for anything."""
        loop = asyncio.get_running_loop()
        for filler in self._fillers:
            filler.close()
        self._server.setblocking(False)
        while True:
            client, _ = await loop.sock_accept(self._server)
            with client:
                if await loop.sock_recv(client, 65536):
                    await loop.sock_sendall(client, answer)
                    return

    def close(self) -> None:
        for each in (self._server, *self._fillers):
            each.close()


@pytest.fixture
def full():
    backlog = FullBacklog()
    yield backlog
    backlog.close()


async def test_connection_that_is_never_accepted(full: FullBacklog) -> None:
    async with Camera(*full.address, connect_timeout_s=0.2, timeout_s=60) as camera:
        with pytest.raises(CameraUnreachable, match=r"did not accept .* 0\.2 s"):
            await receive(camera.imager, 4, MappedSink())


async def test_cancelled_while_connecting(full: FullBacklog) -> None:
    """The thread cannot be woken, but nobody waits for it."""
    async with Camera(*full.address, connect_timeout_s=5, command_gap_s=0) as camera:
        download = asyncio.create_task(receive(camera.imager, 4, MappedSink()))
        await asyncio.sleep(0.05)
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download
        assert "stx download" in [thread.name for thread in threading.enumerate()]
    full.close()  # now it will be refused
    await asyncio.to_thread(until_no_thread_is_left)


async def test_connection_is_waited_for_while_another_frame_moves(full: FullBacklog) -> None:
    async with Camera(*full.address, connect_timeout_s=0.3, command_gap_s=0) as camera:
        download = asyncio.create_task(receive(camera.imager, 4, MappedSink()))
        began = time.monotonic()
        while time.monotonic() - began < 1.0:
            await asyncio.sleep(0.02)
            camera._link._deadlines.frame_moves()
        answering = asyncio.create_task(full.accept(frame(b"abcd")))
        while not download.done():
            await asyncio.sleep(0.02)
            camera._link._deadlines.frame_moves()
        assert await download == b"abcd"
        await answering


async def test_refused_connection() -> None:
    with socket.socket() as bound:  # bound, not listening: the port stays ours and closed
        bound.bind(("127.0.0.1", 0))
        async with Camera(*bound.getsockname()) as camera:
            with pytest.raises(CameraUnreachable, match="refuses connections"):
                await receive(camera.imager, 4, MappedSink())


async def test_unknown_name() -> None:
    async with Camera("no-such-camera.invalid") as camera:
        with pytest.raises(CameraUnreachable, match=r"no-such-camera\.invalid:80"):
            await receive(camera.imager, 4, MappedSink())


async def test_frame_comes_from_the_address_that_answered(
    canned: CannedCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may have several addresses, of which a thread would wait for the first one."""
    looked_up = []
    look_up = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):  # type: ignore[no-untyped-def]
        looked_up.append(host)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    canned.then(ok("SBIG STX-16803\r\n"), frame(b"abcd"))
    async with Camera("localhost", canned.port, command_gap_s=0) as camera:
        await camera.description()
        looked_up.clear()
        assert await receive(camera.imager, 4, MappedSink()) == b"abcd"
    assert set(looked_up) == {"127.0.0.1"}
    assert f"Host: localhost:{canned.port}\r\n" in canned.heads[1]


# --- the event loop, other transports -------------------------------------------------------------


async def test_frame_survives_an_event_loop_that_stands_still() -> None:
    geometry = Geometry(0, 0, 400, 200)  # 1.6 s, in pieces of 0.16 s
    options = SimulatorOptions(
        time_scale=1000.0, overload_delay_s=0.0, bandwidth_bytes_per_s=100_000.0
    )
    with SimulatorThread(options) as simulator:
        async with Camera(
            simulator.host, simulator.port, command_gap_s=0, stall_timeout_s=0.9
        ) as camera:
            await camera.imager.set_geometry(geometry)
            await camera.imager.start_exposure(0.5, FrameType.LIGHT)
            while await camera.imager.state() is not CcdState.IDLE:
                pass
            sink = MappedSink()
            download = asyncio.create_task(receive(camera.imager, geometry.data_bytes, sink))
            await until_received(sink, 1)
            time.sleep(1.0)  # noqa: ASYNC251 - this is the loop that stands still
            assert len(await download) == geometry.data_bytes


async def test_another_transport_is_copied_from() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path in ("/api/ImagerData.bin", "/api/Guider.FIT")
        return httpx.Response(
            200, content=BYTES, headers={"Content-Type": "application/octet-stream"}
        )

    transport = httpx.MockTransport(answer)
    async with Camera("camera", command_gap_s=0, transport=transport) as camera:
        assert await receive(camera.imager, len(BYTES), MappedSink(piece=777)) == BYTES
        with pytest.raises(CameraReplyInvalid, match="65536 bytes"):
            await receive(camera.imager, 4, MappedSink())
        sink = MappedSink(5000)
        await camera.guider.receive_fits(sink)
        assert sink.content() == BYTES[:5000]
        sink.close()


async def test_another_transport_can_be_cancelled() -> None:
    async with Camera("camera", transport=Silent()) as camera:
        download = asyncio.create_task(receive(camera.imager, 4, MappedSink()))
        await settle()
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download
