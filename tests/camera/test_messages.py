"""What the driver says, and takes, before and after it is connected; without indiserver."""

from __future__ import annotations

import socket

import pytest

from indi_stx.indi import DelProperty, State
from indi_stx.simulator import routes
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.desk import DEVICE, camera_desk

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)
HEAD = f"{DEVICE} Remote Guide Head"


async def test_addresses(subtests: pytest.Subtests) -> None:
    async with camera_desk(SMALL, connect=False) as desk:
        for written in (
            "camera:80",
            "192.168.0.2:80",
            "[::1]:80",
            "a b",
            "fe80::1::2",
            "a%b",
            "[]",
        ):
            with subtests.test(refused=written):
                answer = await desk.write_texts("DEVICE_ADDRESS", ADDRESS=written, PORT="80")
                assert answer.state is State.ALERT
                assert desk.value("DEVICE_ADDRESS", "ADDRESS") == ""
        assert all("the port has a field of its own" in t for t in desk.texts())
        for written, kept in (("[::1]", "::1"), ("::1", "::1"), ("fe80::1%eth0", "fe80::1%eth0")):
            with subtests.test(taken=written):
                answer = await desk.write_texts("DEVICE_ADDRESS", ADDRESS=written, PORT="80")
                assert answer.state is State.OK
                assert desk.value("DEVICE_ADDRESS", "ADDRESS") == kept


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_a_camera_at_an_ipv6_address() -> None:
    options = SimulatorOptions(model="STT-8300", time_scale=20, host="::1")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with camera_desk(options, connect=False) as desk:
        port = str(desk.simulator.port)
        await desk.write_texts("DEVICE_ADDRESS", ADDRESS="[::1]", PORT=port)
        assert (await desk.switch("CONNECTION", "CONNECT")).state is State.OK


async def test_a_number_that_is_none() -> None:
    async with camera_desk(SMALL, connect=False) as desk:
        answer = await desk.numbers("POLLING_PERIOD", PERIOD_MS="1,5")
        assert answer.state is State.ALERT
        assert "'1,5' is not a number; the decimal sign is a point" in desk.texts()[-1]


@pytest.mark.parametrize("old", ["Jörg", "x" * 80])
async def test_a_text_in_the_camera_that_nobody_may_write_can_be_replaced(old: str) -> None:
    async with camera_desk(SMALL, connect=False) as desk:
        texts = desk.simulator.camera.flash.fits_texts
        texts["Observer"] = old
        await desk.connect()
        assert (await desk.write_texts("CAMERA_FITS_TEXT", TELESCOPE="Newton")).state is State.OK
        assert (texts["Telescope"], texts["Observer"]) == ("Newton", old)
        assert (await desk.write_texts("CAMERA_FITS_TEXT", OBSERVER="Ada")).state is State.OK
        assert texts["Observer"] == "Ada"


async def test_a_text_that_the_camera_drops_is_not_called_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes, "is_printable", lambda text: False)
    async with camera_desk(SMALL) as desk:
        answer = await desk.write_texts("CAMERA_FITS_TEXT", OBSERVER="Ada")
        assert answer.state is State.ALERT
        assert "kept the old" in desk.texts()[-1]


async def test_the_guide_head_is_deleted_at_once() -> None:
    async with camera_desk(SMALL) as desk:
        await desk.until(lambda: desk.last("CCD1", device=HEAD) is not None, "the head")
        await desk.switch("CONNECTION", "DISCONNECT")
        gone = [m for m in desk.said if isinstance(m, DelProperty) and m.device == HEAD]
        assert [m.name for m in gone] == [None]
        ours = [m.name for m in desk.said if isinstance(m, DelProperty) and m.device == DEVICE]
        assert "CCD1" in ours, "the camera itself stays"
