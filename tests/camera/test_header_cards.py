"""What users and neighbours make of the cards of a frame; a simulated camera, no indiserver."""

from __future__ import annotations

import pytest

from indi_stx.indi import State
from tests.harness.desk import CameraDesk, camera_desk


async def card(desk: CameraDesk, name: str, value: str = "", comment: str = "") -> State | None:
    """Write a card as KStars does: observer and object are sent along as they are."""
    told = {e: desk.value("FITS_HEADER", e) for e in ("FITS_OBSERVER", "FITS_OBJECT")}
    elements = {"KEYWORD_NAME": name, "KEYWORD_VALUE": value, "KEYWORD_COMMENT": comment}
    return (await desk.write_texts("FITS_HEADER", **elements, **told)).state


async def test_what_users_write(subtests: pytest.Subtests) -> None:
    async with camera_desk() as desk:
        await desk.small_frames()
        with subtests.test("texts that are not ASCII"):
            since = len(desk.said)
            assert await card(desk, "PROJECT", "Größe") is State.OK
            await desk.write_texts("FITS_HEADER", FITS_OBSERVER="Jörg")
            header = await desk.header()
            assert (header["PROJECT"], header["OBSERVER"]) == ("Grosse", "Jorg")
            told = [t for t in desk.texts(since) if "ASCII" in t]
            assert len(told) == 2, "not silently"
        with subtests.test("the last write of an object wins"):
            await card(desk, "OBJECT", "M 42")
            await card(desk, "PROJECT", "7")
            assert (await desk.header())["OBJECT"] == "M 42"
            await desk.write_texts("FITS_HEADER", FITS_OBJECT="M 31")
            assert (await desk.header())["OBJECT"] == "M 31"
            await card(desk, "OBJECT", "M 42")
            await desk.write_texts("FITS_HEADER", FITS_OBJECT="M 31")
            assert (await desk.header())["OBJECT"] == "M 31", "written again"
        with subtests.test("comments, long keywords, focal length"):
            await card(desk, "COMMENT", "", "clouds in the west")
            await card(desk, "TELESCOPE_NAME", "12 inch")
            await card(desk, "FOCALLEN", "1000")
            header = await desk.header()
            assert "clouds in the west" in list(header["COMMENT"])
            assert header["TELESCOPE_NAME"] == "12 inch"
            assert header["SCALE"] == pytest.approx(206.265 * 5.4 * 9 / 1000, rel=1e-4)
        with subtests.test("the time that the camera was told"):
            header = await desk.header(0.0123)
            assert header["EXPTIME"] == 0.012
            (request,) = [r.uri for r in desk.requests() if "Duration=0.012&" in r.uri]
            assert request
        with subtests.test("checksums"):
            assert "DATASUM" not in header
            await desk.switch("FITS_CHECKSUM", "INDI_ENABLED")
            assert int((await desk.header())["DATASUM"]) > 0
