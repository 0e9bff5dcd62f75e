"""Time limits that run out just when something moves."""

from __future__ import annotations

import asyncio
import time

import pytest

from indi_stx.errors import CameraTimeout
from indi_stx.stx import Camera
from indi_stx.stx.deadlines import Deadlines, TimeLimits
from indi_stx.stx.progress import Progress
from tests.harness.fake_clock import FakeClock, settle
from tests.stx.canned import CannedCamera, frame


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_frame_moves_in_the_moment_a_limit_runs_out() -> None:
    deadlines = Deadlines()
    moved = []

    async def piece_arrives() -> None:
        deadlines.frame_moves()
        moved.append(True)

    arriving = []

    async def wait_too_long() -> None:
        async with deadlines.limit(0):  # over in the loop's next round, and the piece comes then
            arriving.append(asyncio.create_task(piece_arrives()))
            await for_ever()

    with pytest.raises(TimeoutError):
        await wait_too_long()
    await arriving[0]
    assert moved


async def test_frame_moves_while_a_late_request_is_cleaned_up() -> None:
    deadlines = Deadlines()

    async def wait_too_long() -> None:
        async with deadlines.limit(0):
            try:
                await for_ever()
            finally:
                deadlines.frame_moves()

    with pytest.raises(TimeoutError):
        await wait_too_long()


@pytest.mark.parametrize("limit_s", [0.0, 60.0])
async def test_connection_that_stands_too_late(limit_s: float) -> None:
    """The limit has run out or been left: there is no deadline any more that could be set."""
    deadlines = Deadlines()
    progress = Progress(FakeClock(), TimeLimits())
    try:
        async with deadlines.limit(limit_s) as progress.deadline:
            if limit_s == 0:
                try:
                    await for_ever()
                finally:
                    progress.connected()
    except TimeoutError:
        pass
    progress.connected()
    progress.deadline.restart()
    deadlines.frame_moves()


async def test_frame_survives_an_event_loop_that_is_late(canned: CannedCamera) -> None:
    """The command's limit ran out meanwhile; the frame's next piece is there already."""
    rest = asyncio.Event()
    pieces = 20

    async def in_pieces(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b"x", announced=pieces))
        await rest.wait()
        for _ in range(pieces - 1):
            writer.write(b"x")
            await asyncio.sleep(0)

    canned.then(in_pieces, canned.until_client_leaves)
    async with Camera(canned.host, canned.port, command_gap_s=0, timeout_s=0.2) as camera:

        async def download() -> bytes:
            async with camera.imager.open_data(pieces) as chunks:
                return b"".join([chunk async for chunk in chunks])

        downloading = asyncio.create_task(download())
        await canned.arrived.wait()
        canned.arrived.clear()
        asking = asyncio.create_task(camera.description())
        await canned.arrived.wait()
        await settle()
        rest.set()
        await asyncio.sleep(0)
        time.sleep(0.25)  # noqa: ASYNC251 - this is the late event loop
        assert await downloading == b"x" * pieces
        with pytest.raises(CameraTimeout, match="no answer"):
            await asking


async def test_no_limit_of_the_http_library_is_shorter_than_ours(canned: CannedCamera) -> None:
    """Its own limit is 5 s, unless it is told that there is none."""
    canned.standing = canned.until_client_leaves
    async with Camera(canned.host, canned.port, timeout_s=5.6) as camera:
        with pytest.raises(CameraTimeout, match=r"gave no answer for 5.6 s"):
            await camera.description()
