"""The internal guide CCD and the external guide head, beside the imager."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.indi import BlobPolicy, DefVector, DelProperty, OneBlob, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.wire_client import DEVICE

HEAD = "SBIG STX Remote Guide Head"
SMALL = SimulatorOptions(model="STT-8300")


def pixels_of(blob: OneBlob) -> np.ndarray:
    assert isinstance(blob.content, bytes | memoryview)
    with fits.open(io.BytesIO(blob.content)) as hdus:
        return hdus[0].data


async def test_three_ccds_expose_at_once(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("CCD1", device=HEAD)
        await client.enable_blobs(BlobPolicy.ALSO, HEAD)
        await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        since = len(client.seen)
        await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=2)
        await client.numbers("GUIDER_EXPOSURE", GUIDER_EXPOSURE_VALUE=0.5)
        await client.numbers("CCD_EXPOSURE", device=HEAD, CCD_EXPOSURE_VALUE=1)
        guide, external, image = await asyncio.gather(
            client.blob("CCD2", since=since),
            client.blob("CCD1", device=HEAD, since=since),
            client.blob("CCD1", since=since),
        )
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        for blob, ccd in ((guide, "guider"), (external, "external_guider"), (image, "imager")):
            assert pixels_of(blob).astype("<u2").tobytes() == place.sensor_bytes(ccd)
        order = [
            (s.message.device, s.message.name)
            for s in client.seen[since:]
            if getattr(s.message, "name", "") in ("CCD1", "CCD2")
        ]
        assert order == [(DEVICE, "CCD2"), (HEAD, "CCD1"), (DEVICE, "CCD1")]


async def test_guide_frames_have_their_own_geometry(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        frame = await client.defined("GUIDER_FRAME")
        width, height = (int(e.max) for e in frame.elements[2:])
        await client.numbers("GUIDER_FRAME", X=10, Y=20, WIDTH=101, HEIGHT=51)
        await client.numbers("GUIDER_BINNING", HOR_BIN=2, VER_BIN=2)
        since = await client.numbers("GUIDER_EXPOSURE", GUIDER_EXPOSURE_VALUE=0.1)
        assert pixels_of(await client.blob("CCD2", since=since)).shape == (25, 50)
        assert client.values[DEVICE, "CCD_FRAME"]["WIDTH"] > width
        since = await client.numbers("GUIDER_FRAME", X=10, Y=0, WIDTH=width, HEIGHT=height)
        await client.update("GUIDER_FRAME", State.ALERT, since=since)


async def test_guider_exposure_is_the_first_of_its_family(tmp_path: Path) -> None:
    """KStars makes its guide chip when GUIDER_EXPOSURE arrives, and fails on others before."""
    async with observatory(tmp_path, SMALL) as place:
        await place.client.defined("GUIDER_FRAME_TYPE")
        names = [
            s.message.name
            for s in place.client.seen
            if isinstance(s.message, DefVector) and s.message.device == DEVICE
        ]
        assert next(n for n in names if n.startswith("GUIDER_")) == "GUIDER_EXPOSURE"
        assert names.index("CONNECTION") < names.index("DRIVER_INFO")


async def test_a_guide_exposure_is_aborted_alone(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
        await client.numbers("GUIDER_EXPOSURE", GUIDER_EXPOSURE_VALUE=30)
        await client.update("GUIDER_EXPOSURE", State.BUSY, since=since)
        await client.switch("GUIDER_ABORT_EXPOSURE", "ABORT")
        await client.update("GUIDER_EXPOSURE", State.IDLE, since=since)
        await client.blob("CCD1", since=since)
        assert place.simulator.call(lambda c: c.guider.state()).name == "IDLE"


async def test_the_external_head_comes_and_goes_with_the_camera(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("CCD1", device=HEAD)
        assert client.values[HEAD, "CONNECTION"]["CONNECT"] is True
        since = await client.switch("CONNECTION", "DISCONNECT", device=HEAD)
        await client.update("CONNECTION", State.IDLE, device=HEAD, since=since)
        assert client.states[DEVICE, "CONNECTION"] is State.OK
        since = await client.switch("CONNECTION", "CONNECT", device=HEAD)
        await client.update("CONNECTION", State.OK, device=HEAD, since=since)
        since = await client.switch("CONNECTION", "DISCONNECT")
        gone = await client.until(
            lambda m: isinstance(m, DelProperty) and m.device == HEAD and m.name is None,
            since=since,
            what="the end of the head",
        )
        assert gone
        assert not [key for key in client.properties if key[0] == HEAD]


@pytest.mark.parametrize(
    ("fault", "missing"), [("no-guider", (DEVICE, "CCD2")), ("no-external-guider", (HEAD, "CCD1"))]
)
async def test_cameras_without_them(tmp_path: Path, fault: str, missing: tuple[str, str]) -> None:
    options = SimulatorOptions(model="STT-8300", faults=(fault,))
    async with observatory(tmp_path, options) as place:
        since = await place.client.numbers("POLLING_PERIOD", PERIOD_MS=500)
        await place.client.update("POLLING_PERIOD", State.OK, since=since)
        assert missing not in place.client.properties
        assert (DEVICE, "CCD1") in place.client.properties


async def test_two_cameras_on_one_server(tmp_path: Path) -> None:
    """INDIDEV names a device; indiserver's FIFO and wrappers set it per driver process."""
    from tests.harness.servers import DRIVER

    wrapper = tmp_path / "second_camera"
    wrapper.write_text(f"#!/bin/sh\nINDIDEV='Second STX' exec {DRIVER}\n")
    wrapper.chmod(0o755)
    async with observatory(tmp_path / "home", SMALL, drivers=(DRIVER, str(wrapper))) as place:
        client = place.client
        await client.defined("SIMULATION", device="Second STX")
        await client.switch("SIMULATION", "ENABLE", device="Second STX")
        await client.switch("CONNECTION", "CONNECT", device="Second STX")
        await client.defined("CCD1", device="Second STX")
        info = client.values["Second STX", "CAMERA_INFO"]
        assert info["MODEL"] == "SBIG STX-16803"
        assert client.values[DEVICE, "CAMERA_INFO"]["MODEL"] == "SBIG STT-8300"
        assert client.values["Second STX", "DRIVER_INFO"]["DRIVER_NAME"] == "Second STX"
