"""Tell how far a slow download has come; a fast one is over before anybody could read it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from indi_stx.camera.exposing.download import Download
from indi_stx.camera.exposing.watching import Watch

SHOW_S = 1.0
"""Between two reports to clients."""
TELL_S = 10.0
"""Between two messages to people."""


@contextlib.asynccontextmanager
async def shown(download: Download, total_bytes: int, watch: Watch) -> AsyncIterator[None]:
    """Show the progress of a download while the block runs."""
    showing = asyncio.create_task(_show(download, total_bytes, watch), name="download progress")
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.wait([showing])


async def _show(download: Download, total_bytes: int, watch: Watch) -> None:
    begun_s = told_s = watch.clock.monotonic()
    try:
        while True:
            await watch.clock.sleep(SHOW_S)
            now_s, done = watch.clock.monotonic(), total_bytes - download.missing
            watch.show_download(100 * done / total_bytes)
            if now_s - told_s >= TELL_S and done:
                told_s = now_s
                left_s = (now_s - begun_s) * (total_bytes - done) / done
                watch.log.info(
                    f"Downloading: {100 * done / total_bytes:.0f} % of {total_bytes / 1e6:.1f} MB, "
                    f"about {left_s:.0f} s left."
                )
    finally:
        if watch.clock.monotonic() - begun_s >= SHOW_S:
            watch.show_download(None)
