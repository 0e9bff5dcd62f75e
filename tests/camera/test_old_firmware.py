"""Cameras whose firmware does not have everything: what is missing is missing, and told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from indi_stx.indi import State
from indi_stx.simulator import ccd_routes
from indi_stx.simulator.http_message import NOT_FOUND, Reply, Request
from indi_stx.simulator.routes import Routes
from tests.harness.desk import CameraDesk, camera_desk


def without_calls(monkeypatch: pytest.MonkeyPatch, *beginnings: str) -> None:
    true_answer = Routes.answer

    def answer(self: Routes, request: Request) -> Reply:
        if (request.path or "").removeprefix("/api/").startswith(beginnings):
            return NOT_FOUND
        return true_answer(self, request)

    monkeypatch.setattr(Routes, "answer", answer)


def without_parameters(monkeypatch: pytest.MonkeyPatch, names: Collection[str]) -> None:
    true_values = ccd_routes.get_values

    def get_values(table: Any, query: Any) -> Reply:
        return true_values({k: v for k, v in table.items() if k not in names}, query)

    monkeypatch.setattr(ccd_routes, "get_values", get_values)


def defined(desk: CameraDesk) -> set[str]:
    return {p.name for s in desk.device.subsystems for p in s.properties.values() if p.defined}


PARTS = {
    "Guider": ("GUIDER_EXPOSURE", "internal guide CCD"),
    "ExtGuider": (None, "external guide head"),
    "Filter": ("FILTER_SLOT", "calls for a filter wheel"),
    "GetFilter": (None, None),
    "PulseGuide": (None, None),
    "IsPulseGuiding": ("TELESCOPE_TIMED_GUIDE_NS", "calls for the guide port"),
    "AO": ("AO_NS", "calls for adaptive optics"),
    "VersionNumbers": (None, None),
    "GetFITS": ("CAMERA_FITS_TEXT", None),
}


async def test_calls_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """STX API, HTTP Status Codes: an unrecognized URI is a 404."""
    without_calls(monkeypatch, *PARTS)
    async with camera_desk() as desk:
        assert desk.last("CONNECTION").state is State.OK, desk.texts()
        assert not {name for name, _ in PARTS.values()} & defined(desk)
        (told,) = [t for t in desk.texts() if "firmware does not have" in t]
        assert all(words in told for _, words in PARTS.values() if words)
        await desk.small_frames()
        header = await desk.header()
        assert "FILTER" not in header
        assert "CCD-TEMP" in header


async def test_all_parts_are_there_otherwise() -> None:
    async with camera_desk() as desk:
        assert {name for name, _ in PARTS.values() if name} <= defined(desk)
        assert not [t for t in desk.texts() if "firmware does not have" in t]


@pytest.mark.parametrize(
    ("unknown", "properties", "cards"),
    [
        (("AmbientTemperature", "CoolerPower"), ("AMBIENT_TEMPERATURE", "CCD_COOLER_POWER"), ()),
        (("ElectronsPerADU", "PixelSizeX", "PixelSizeY"), (), ("EGAIN", "XPIXSZ", "PIXSIZE2")),
        (("CCDTemperatureSetpoint",), ("CCD_TEMPERATURE", "CCD_COOLER"), ("CCD-TEMP", "SET-TEMP")),
        (("MaxBinX", "MaxBinY"), (), ()),
    ],
)
async def test_parameters_that_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
    unknown: tuple[str, ...],
    properties: tuple[str, ...],
    cards: tuple[str, ...],
) -> None:
    without_parameters(monkeypatch, unknown)
    async with camera_desk() as desk:
        assert desk.last("CONNECTION").state is State.OK, desk.texts()
        assert not set(properties) & defined(desk)
        frame = {"X": 0, "Y": 0, "WIDTH": 64, "HEIGHT": 64}
        await desk.numbers("CCD_FRAME", **frame)
        header = await desk.header()
        assert not set(cards) & set(header)
        assert not [t for t in desk.texts() if "internal error" in t]
