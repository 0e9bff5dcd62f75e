"""The camera's own FITS file as a source: what is used when there is none."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from indi_stx.camera.exposing.download import FitsDownload
from indi_stx.errors import CameraBusy
from indi_stx.stx import Camera, Geometry
from tests.stx.canned import bad, canned_camera, frame, ok

PIXELS = np.arange(12, dtype="<u2").reshape(3, 4)
NO_FILE = {
    "empty": frame(b""),
    "text": ok("No image.\r\n"),
    "unknown": b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "not FITS": frame(b"BM" * 2000),
}


@pytest.mark.parametrize("answer", NO_FILE)
async def test_pixels_alone_when_there_is_no_file(
    answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with canned_camera() as canned, Camera(canned.host, canned.port) as camera:
        canned.then(NO_FILE[answer], frame(PIXELS.tobytes()))
        shot = SimpleNamespace(geometry=Geometry(0, 0, 4, 3), ccd=camera.imager)
        draft = SimpleNamespace(compose=lambda: b"END".ljust(2880), merge=None)
        log = logging.getLogger("test")
        download = FitsDownload(cast(Any, shot), cast(Any, draft), cast(Any, log))
        await download.receive()
        received = download.finish()
        received.close()
    assert canned.targets == ["/api/Imager.FIT", "/api/ImagerData.bin"]
    assert "without the camera's own header" in caplog.text


async def test_a_refusal_is_told() -> None:
    async with canned_camera() as canned, Camera(canned.host, canned.port) as camera:
        canned.then(bad(0x80001008, "Camera is busy."))
        shot = SimpleNamespace(geometry=Geometry(0, 0, 4, 3), ccd=camera.imager)
        download = FitsDownload(
            cast(Any, shot), cast(Any, SimpleNamespace(merge=None)), cast(Any, None)
        )
        with pytest.raises(CameraBusy):
            await download.receive()
        download.discard()
