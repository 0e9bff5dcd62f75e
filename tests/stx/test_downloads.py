from __future__ import annotations

import asyncio

import pytest

from indi_stx.errors import CameraReplyInvalid, CameraTimeout, CameraUnreachable
from indi_stx.stx import Camera, CcdState, Geometry
from tests.harness.fake_clock import settle
from tests.stx.canned import CannedCamera, Script, frame, ok
from tests.stx.sinks import Read

BYTES = bytes(range(256)) * 256


def piecewise(data: bytes, *, announced: int, stop: asyncio.Event | None = None) -> Script:
    """Announce a length, send `data`, then close, or wait for `stop` first."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(data, announced=announced))
        await writer.drain()
        if stop is not None:
            await stop.wait()

    return script


def misnamed(data: bytes, content_type: str) -> bytes:
    return frame(data).replace(b"application/octet-stream", content_type.encode())


async def test_frame_arrives_whole(camera: Camera, canned: CannedCamera, read_all: Read) -> None:
    canned.then(frame(BYTES))
    assert await read_all(camera, len(BYTES)) == BYTES


async def test_geometry_counts_floors() -> None:
    geometry = Geometry(0, 0, 3072, 2047, 3, 3)
    assert (geometry.rows, geometry.cols, geometry.data_bytes) == (682, 1024, 682 * 1024 * 2)


async def test_other_length_than_expected_is_refused_before_the_first_byte(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    canned.then(frame(BYTES))
    with pytest.raises(CameraReplyInvalid, match="65536 bytes"):
        await read_all(camera, 65534)


async def test_frame_cut_short(camera: Camera, canned: CannedCamera, read_all: Read) -> None:
    canned.then(piecewise(BYTES[:1000], announced=len(BYTES)))
    with pytest.raises(CameraUnreachable, match="in the middle"):
        await read_all(camera, len(BYTES))


async def test_frame_without_announced_length(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    canned.then(head + BYTES, head + BYTES[:-2], head + BYTES + b"xx")
    assert await read_all(camera, len(BYTES)) == BYTES
    with pytest.raises(CameraUnreachable, match="65534 of 65536"):
        await read_all(camera, len(BYTES))
    with pytest.raises(CameraReplyInvalid, match="more than the 65536"):
        await read_all(camera, len(BYTES))


async def test_text_instead_of_a_frame(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    canned.then(ok("No image.\r\n"))
    with pytest.raises(CameraReplyInvalid, match="not with a frame"):
        await read_all(camera, 4)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html"])
async def test_frame_that_is_called_a_text(
    content_type: str, camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    canned.then(misnamed(BYTES, content_type), misnamed(BYTES + BYTES, content_type))
    assert await read_all(camera, len(BYTES)) == BYTES
    assert await read_all(camera, None) == BYTES + BYTES


async def test_page_instead_of_a_frame(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    page = b"<!DOCTYPE html><title>Log in</title>" + b" " * 1000
    canned.then(misnamed(page, "text/html"), misnamed(page, "application/octet-stream"))
    with pytest.raises(CameraReplyInvalid, match="web page"):
        await read_all(camera, None)
    with pytest.raises(CameraReplyInvalid, match="instead of 65536"):
        await read_all(camera, len(BYTES))


async def test_empty_answer_is_no_frame(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    ending = b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
    for empty in (frame(b""), ending, misnamed(b"", "text/plain")):
        for expected_bytes in (None, len(BYTES)):
            canned.then(empty)
            with pytest.raises(CameraReplyInvalid, match="has no image"):
                await read_all(camera, expected_bytes)
    canned.then(frame(b""), ending)
    for _ in range(2):
        with pytest.raises(CameraReplyInvalid, match="has no image"):
            await camera.imager.image_date_obs()


async def test_frame_that_stalls(canned: CannedCamera, read_all: Read) -> None:
    stop = asyncio.Event()
    canned.then(piecewise(BYTES[:1000], announced=len(BYTES), stop=stop))
    async with Camera(canned.host, canned.port, command_gap_s=0, stall_timeout_s=0.05) as camera:
        with pytest.raises(CameraTimeout, match="stopped sending"):
            await read_all(camera, len(BYTES))
    stop.set()


async def test_leaving_early_closes_the_connection(camera: Camera, canned: CannedCamera) -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(BYTES[:1000], announced=len(BYTES)))
        await canned.until_client_leaves(reader, writer)

    canned.then(begin, ok("0\r\n"))
    before = asyncio.all_tasks()
    async with camera.imager.open_data(len(BYTES)) as chunks:
        async for _chunk in chunks:
            break
    await canned.closed_by_client.wait()
    assert await camera.imager.state() is CcdState.IDLE
    await settle()
    assert asyncio.all_tasks() == before


async def test_cancelled_download_leaves_the_client_usable(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(BYTES[:1000], announced=len(BYTES)))
        await canned.until_client_leaves(reader, writer)

    canned.then(begin, ok("0\r\n"), frame(BYTES))
    download = asyncio.create_task(read_all(camera, len(BYTES)))
    await canned.arrived.wait()
    await settle()
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    await canned.closed_by_client.wait()
    assert await camera.imager.state() is CcdState.IDLE
    assert await read_all(camera, len(BYTES)) == BYTES


async def test_cancelled_command_leaves_the_client_usable(
    camera: Camera, canned: CannedCamera
) -> None:
    canned.then(canned.until_client_leaves, ok("2\r\n"))
    asking = asyncio.create_task(camera.imager.state())
    await canned.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await canned.closed_by_client.wait()
    assert await camera.imager.state() is CcdState.EXPOSING


async def test_commands_go_on_while_a_frame_streams(
    camera: Camera, canned: CannedCamera, read_all: Read
) -> None:
    rest = asyncio.Event()

    async def in_two_parts(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(BYTES[:1000], announced=len(BYTES)))
        await rest.wait()
        writer.write(BYTES[1000:])
        await writer.drain()

    canned.then(in_two_parts, ok("3\r\n"))
    download = asyncio.create_task(read_all(camera, len(BYTES)))
    await canned.arrived.wait()
    assert await camera.imager.state() is CcdState.READING_OUT
    rest.set()
    assert await download == BYTES


async def test_command_outlives_its_limit_while_a_frame_moves(
    canned: CannedCamera, read_all: Read
) -> None:
    """A camera that serves one connection at a time lets commands wait for the whole frame."""
    frame_done = asyncio.Event()
    steps = 8

    async def slowly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b"", announced=steps))
        for _ in range(steps):
            await asyncio.sleep(0.15)  # all together longer than the limit, one of them shorter
            writer.write(b"x")
            await writer.drain()
        frame_done.set()

    async def when_the_frame_is_done(
        _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await frame_done.wait()
        writer.write(ok("0\r\n"))

    canned.then(slowly, when_the_frame_is_done)
    async with Camera(canned.host, canned.port, command_gap_s=0, timeout_s=0.9) as camera:
        download = asyncio.create_task(read_all(camera, steps))
        await canned.arrived.wait()
        assert await camera.imager.state() is CcdState.IDLE
        assert await download == b"x" * steps


async def test_closing_the_camera_ends_a_download(canned: CannedCamera, read_all: Read) -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(BYTES[:1000], announced=len(BYTES)))
        await canned.until_client_leaves(reader, writer)

    canned.then(begin)
    camera = Camera(canned.host, canned.port, command_gap_s=0)
    download = asyncio.create_task(read_all(camera, len(BYTES)))
    await canned.arrived.wait()
    await settle()
    await camera.aclose()
    with pytest.raises(CameraUnreachable):
        await download
