"""Rice-compressed BLOBs, as both kinds of client get them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from astropy.io import fits

from indi_stx.indi import OneBlob, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.wire_client import WireClient

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)
HEADS = {
    "CCD": ("CCD1", "imager"),
    "GUIDER": ("CCD2", "guider"),
}


async def enable(client: WireClient, head: str) -> None:
    since = await client.switch(f"{head}_COMPRESSION", "INDI_ENABLED")
    await client.update(f"{head}_COMPRESSION", State.OK, since=since)


async def take(client: WireClient, head: str = "CCD") -> OneBlob:
    name = f"{head}_EXPOSURE"
    since = await client.numbers(name, **{f"{name}_VALUE": 0.01})
    blob = await client.blob(HEADS[head][0], since=since)
    await client.update(name, State.OK, since=since)
    return blob


def unpacked(blob: OneBlob) -> tuple[fits.Header, bytes]:
    assert isinstance(blob.content, bytes | memoryview)
    with fits.open(io.BytesIO(blob.content)) as hdus:
        empty, image = hdus
        assert empty.data is None
        assert isinstance(image, fits.CompImageHDU)
        return image.header, image.data.astype("<u2").tobytes()


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("head", HEADS)
async def test_a_compressed_frame_is_the_sensors(tmp_path: Path, head: str, unix: bool) -> None:
    """A local client maps `size` bytes of the descriptor; libindi's own are shorter than that."""
    async with observatory(tmp_path, SMALL, unix=unix) as place:
        await enable(place.client, head)
        blob = await take(place.client, head)
        assert isinstance(blob.content, bytes | memoryview)
        assert blob.format == ".fits.fz"
        assert blob.size == len(blob.content)
        header, pixels = unpacked(blob)
        sensor = place.sensor_bytes(HEADS[head][1])
        assert pixels == sensor
        assert len(blob.content) < len(sensor)
        assert header["EXPTIME"] == 0.01
        assert header["INSTRUME"] == "SBIG STX"


async def test_files_are_never_compressed(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await enable(client, "CCD")
        await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(tmp_path / "a"))
        await client.switch("UPLOAD_MODE", "UPLOAD_BOTH")
        blob = await take(client)
        assert blob.format == ".fits.fz"
        (path,) = (tmp_path / "a").iterdir()
        assert path.suffix == ".fits"
        with fits.open(path) as hdus:
            (hdu,) = hdus
            assert hdu.data.astype("<u2").tobytes() == unpacked(blob)[1]


async def test_compression_can_be_switched_off_again(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        await enable(place.client, "CCD")
        since = await place.client.switch("CCD_COMPRESSION", "INDI_DISABLED")
        await place.client.update("CCD_COMPRESSION", State.OK, since=since)
        assert (await take(place.client)).format == ".fits"
