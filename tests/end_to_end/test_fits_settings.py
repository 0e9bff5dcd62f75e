"""The camera's own FITS settings and its own FITS file, through a real server."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.indi import State
from indi_stx.simulator import ccd_routes
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import WireClient

SMALL = SimulatorOptions(model="STT-8300")
TEXTS = {
    "OBJECT_NAME": "Object Description",
    "OBSERVER": "STX Camera Operator",
    "TELESCOPE": "Telescope Description",
}
OPTICS = {"FOCAL_LENGTH": 2000.0, "APERTURE": 200.0, "APERTURE_AREA": 25000.0}


def flash_writes(place: Observatory) -> list[str]:
    return [unquote(r.uri) for r in place.requests() if "SetFITSSetting" in r.uri]


async def small_frames(client: WireClient) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
    await client.update("CCD_BINNING", State.OK, since=since)


async def a_frame(client: WireClient, head: str = "CCD", blob: str = "CCD1") -> fits.PrimaryHDU:
    exposure = f"{head}_EXPOSURE"
    since = await client.numbers(exposure, **{f"{exposure}_VALUE": 0.01})
    one = await client.blob(blob, since=since)
    await client.update(exposure, State.OK, since=since)
    assert isinstance(one.content, bytes | memoryview)
    assert (one.format, one.size) == (".fits", len(one.content))
    with fits.open(io.BytesIO(one.content)) as hdus:
        (hdu,) = hdus
        hdu.verify("exception")
        assert hdu.data is not None
        return hdu


# --- settings in the camera's flash --------------------------------------------------------------


async def test_the_cameras_values_are_shown(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        texts = await place.client.defined("CAMERA_FITS_TEXT")
        assert {e.name: e.value for e in texts.elements} == TEXTS
        optics = await place.client.defined("CAMERA_FITS_OPTICS")
        assert {e.name: e.value for e in optics.elements} == OPTICS


async def test_nothing_is_written_that_does_not_differ(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        await client.defined("CAMERA_FITS_OPTICS")
        since = await client.texts("CAMERA_FITS_TEXT", **TEXTS)
        await client.update("CAMERA_FITS_TEXT", State.OK, since=since)
        since = await client.numbers("CAMERA_FITS_OPTICS", **{**OPTICS, "APERTURE": 200.001})
        answer = await client.update("CAMERA_FITS_OPTICS", State.OK, since=since)
        assert {e.name: e.value for e in answer.elements} == OPTICS
        await a_frame(client)
        await client.switch("CCD_IMAGE_SOURCE", "SOURCE_FITS")
        await a_frame(client)
        assert not flash_writes(place)
        assert place.simulator.camera.flash.writes == 0


async def test_only_what_differs_is_written(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("CAMERA_FITS_OPTICS")
        since = await client.texts("CAMERA_FITS_TEXT", **{**TEXTS, "OBSERVER": "Ejnar & Co."})
        answer = await client.update("CAMERA_FITS_TEXT", State.OK, since=since)
        assert {e.name: e.value for e in answer.elements}["OBSERVER"] == "Ejnar & Co."
        since = await client.numbers("CAMERA_FITS_OPTICS", FOCAL_LENGTH=2345.67)
        await client.update("CAMERA_FITS_OPTICS", State.OK, since=since)
        assert flash_writes(place) == [
            "/api/SetFITSSetting.cgi?Observer=Ejnar & Co.",
            "/api/SetFITSSetting.cgi?FL=2345.67",
        ]
        assert place.simulator.camera.flash.fits_texts["Observer"] == "Ejnar & Co."


async def test_texts_that_the_camera_would_maim_are_refused(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("CAMERA_FITS_TEXT")
        for text in ("x" * 68, "Ångström"):
            with subtests.test(text=text):
                since = await client.texts("CAMERA_FITS_TEXT", TELESCOPE=text)
                answer = await client.update("CAMERA_FITS_TEXT", State.ALERT, since=since)
                assert {e.name: e.value for e in answer.elements} == TEXTS
                assert any("characters" in said for said in client.texts_said(since))
                assert not flash_writes(place)


async def test_settings_are_no_part_of_the_saved_configuration(tmp_path: Path) -> None:
    """A CONFIG_LOAD must not wear the flash."""
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("CAMERA_FITS_TEXT")
        since = await client.switch("CONFIG_PROCESS", "CONFIG_SAVE")
        await client.update("CONFIG_PROCESS", State.OK, since=since)
        saved = (tmp_path / ".indi" / "SBIG STX_config.xml").read_text()
        assert "CAMERA_FITS" not in saved
        assert "CCD_IMAGE_SOURCE" in saved


# --- the camera's own file -----------------------------------------------------------------------


async def own_files(client: WireClient, head: str = "CCD") -> None:
    await client.defined(f"{head}_IMAGE_SOURCE")
    since = await client.switch(f"{head}_IMAGE_SOURCE", "SOURCE_FITS")
    await client.update(f"{head}_IMAGE_SOURCE", State.OK, since=since)


def downloads(place: Observatory) -> list[str]:
    names = [r.uri.removeprefix("/api/") for r in place.requests()]
    return [name for name in names if name.endswith((".FIT", "Data.bin"))]


async def test_the_cameras_file_has_the_same_pixels_and_both_headers(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        await own_files(client)
        since = await client.texts("FITS_HEADER", FITS_OBSERVER="Hubble")
        await client.update("FITS_HEADER", State.OK, since=since)
        hdu = await a_frame(client)
        assert downloads(place) == ["Imager.FIT"]
        assert hdu.data.dtype == np.uint16
        assert hdu.data.astype("<u2").tobytes() == place.sensor_bytes()
        header = hdu.header
        assert header["APTAREA"] == 25000
        assert header["SBSTDVER"] == "SBFITSEXT Version 1.0"
        assert header["OBJECT"] == TEXTS["OBJECT_NAME"], "nobody told us of another"
        assert header["OBSERVER"] == "Hubble"
        assert header["TELESCOP"] == TEXTS["TELESCOPE"], "no telescope has been heard"
        assert header["INSTRUME"] == "SBIG STX"
        assert header["SWCREATE"].startswith("indi_stx")
        assert header["ROWORDER"] == "TOP-DOWN"


async def test_the_guide_ccd_has_a_file_too(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await own_files(client, "GUIDER")
        hdu = await a_frame(client, "GUIDER", "CCD2")
        assert downloads(place) == ["Guider.FIT"]
        assert hdu.data.astype("<u2").tobytes() == place.sensor_bytes("guider")


async def test_the_choice_outlives_a_restart(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        await own_files(place.client)
        since = await place.client.switch("CONFIG_PROCESS", "CONFIG_SAVE")
        await place.client.update("CONFIG_PROCESS", State.OK, since=since)
    async with observatory(tmp_path, SMALL) as place:
        source = await place.client.defined("CCD_IMAGE_SOURCE")
        assert {e.name: e.value for e in source.elements} == {
            "SOURCE_DATA": False,
            "SOURCE_FITS": True,
        }


@pytest.mark.parametrize("after", [100, 2880, 70000])
async def test_a_broken_file_is_fetched_again(tmp_path: Path, after: int) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        await own_files(client)
        place.simulator.call(lambda c: c.faults.add(f"reset-body={after},path=.FIT,times=1"))
        hdu = await a_frame(client)
        assert downloads(place) == ["Imager.FIT", "Imager.FIT"]
        assert hdu.data.astype("<u2").tobytes() == place.sensor_bytes()


async def test_pixels_are_fetched_alone_when_the_file_is_short(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        await own_files(client)
        place.simulator.call(lambda c: c.faults.add("short-frame=9000,path=.FIT"))
        hdu = await a_frame(client)
        assert downloads(place) == ["Imager.FIT", "ImagerData.bin"]
        assert hdu.data.astype("<u2").tobytes() == place.sensor_bytes()
        assert hdu.header["OBJECT"] == "Unknown"
        assert any("lacks" in said for said in client.texts_said())


async def test_pixels_are_fetched_alone_when_the_file_is_another_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_file = ccd_routes.fits_file
    monkeypatch.setattr(
        ccd_routes,
        "fits_file",
        lambda pixels, facts, flash: true_file(pixels[:-1], facts, flash),
    )
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        await own_files(client)
        hdu = await a_frame(client)
        assert hdu.data.astype("<u2").tobytes() == place.sensor_bytes()
        assert any("NAXIS2 = 625, not 626" in said for said in client.texts_said())
