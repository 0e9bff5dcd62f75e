"""Bad input: a message a person can act on, nothing Busy, and the driver lives on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, connect_camera, observatory
from tests.harness.peers import NOT_FOUND, WEB_SERVER, answering, closed_port

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)


async def refused_connection(place: Observatory, address: str, port: int) -> str:
    """Try to connect and return what the user is told."""
    client = place.client
    await client.defined("DEVICE_ADDRESS")
    await client.texts("DEVICE_ADDRESS", ADDRESS=address, PORT=str(port))
    since = await client.switch("CONNECTION", "CONNECT")
    answer = await client.update("CONNECTION", State.ALERT, since=since)
    assert {e.name: e.value for e in answer.elements} == {"CONNECT": False, "DISCONNECT": True}
    (text,) = [t for t in client.texts_said(since) if t.startswith("[ERROR]")]
    return text


async def works(place: Observatory) -> None:
    """Assert that the driver still does its work."""
    if ("SBIG STX", "CCD1") not in place.client.properties:
        await connect_camera(place)
    since = await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
    await place.client.blob(since=since)
    await place.client.update("CCD_EXPOSURE", State.OK, since=since)
    assert State.BUSY not in place.client.states.values()


async def test_addresses_that_are_no_camera(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, connect=False) as place:
        client = place.client
        await client.defined("CONNECTION")
        since = await client.switch("CONNECTION", "CONNECT")
        await client.update("CONNECTION", State.ALERT, since=since)
        assert "enter the camera's host name" in client.texts_said(since)[-1]

        with closed_port() as port:
            text = await refused_connection(place, "127.0.0.1", port)
            assert f"127.0.0.1:{port}" in text
        text = await refused_connection(place, "no-such-host.invalid", 80)
        assert "no-such-host.invalid" in text
        for reply in (WEB_SERVER, NOT_FOUND, b"\x00\x01\x02garbage", b""):
            async with answering(reply) as port:
                text = await refused_connection(place, "127.0.0.1", port)
                assert f"127.0.0.1:{port}" in text
        await works(place)


async def test_a_peer_that_never_answers(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, connect=False) as place, answering(None) as port:
        text = await refused_connection(place, "127.0.0.1", port)
        assert "did not answer" in text or "no answer" in text.lower()
        await works(place)


IMPOSSIBLE_ADDRESSES = [
    ("http://192.168.0.2/", "80", "host name or an IP address alone"),
    ("192.168.0.2", "eighty", "Port must be a number"),
    ("192.168.0.2", "70000", "Port must be a number"),
]


async def test_addresses_that_cannot_be(tmp_path: Path, subtests: pytest.Subtests) -> None:
    async with observatory(tmp_path, SMALL, connect=False) as place:
        client = place.client
        await client.defined("DEVICE_ADDRESS")
        for address, port, complaint in IMPOSSIBLE_ADDRESSES:
            with subtests.test(address=address, port=port):
                since = await client.texts("DEVICE_ADDRESS", ADDRESS=address, PORT=port)
                answer = await client.update("DEVICE_ADDRESS", State.ALERT, since=since)
                assert answer.elements[0].value == "", "the old address stays"
                assert complaint in client.texts_said(since)[-1]


OUT_OF_BOUNDS = "Requested exposure value (90000) seconds out of bounds [0.01,86400]."
PAST_THE_EDGE = {"X": 3000, "Y": 0, "WIDTH": 400, "HEIGHT": 100}
TOO_WIDE = {"X": 0, "Y": 0, "WIDTH": 99999, "HEIGHT": 100}


IMPOSSIBLE_VALUES = [
    ("CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": 90000}, OUT_OF_BOUNDS),
    ("CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": "NaN"}, "Bad format"),
    ("CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": -1}, "out of bounds"),
    ("CCD_FRAME", PAST_THE_EDGE, "reaches past the sensor of 3326 x 2504"),
    ("CCD_FRAME", TOO_WIDE, "out of range"),
    ("CCD_FRAME", {"X": 5}, "missing Y, WIDTH, HEIGHT"),
    ("CCD_BINNING", {"HOR_BIN": 0, "VER_BIN": 1}, "out of range"),
    ("CCD_BINNING", {"HOR_BIN": 99, "VER_BIN": 1}, "out of range"),
    ("CCD_BINNING", {"HOR_BIN": 2}, "missing VER_BIN"),
    ("CCD_BINNING", {"HOR_BIN": 1.5, "VER_BIN": 1}, "whole numbers"),
    ("CCD_TEMPERATURE", {"CCD_TEMPERATURE_VALUE": -300}, "out of range [-100, 100]"),
    ("CCD_TEMPERATURE", {"WRONG": 1}, "no valid members"),
]


async def test_values_that_cannot_be(tmp_path: Path, subtests: pytest.Subtests) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        since = await client.numbers("CCD_FRAME", X=0, Y=0, WIDTH=64, HEIGHT=64)
        await client.update("CCD_FRAME", State.OK, since=since)
        for name, values, complaint in IMPOSSIBLE_VALUES:
            with subtests.test(name=name, **values):
                before = dict(client.values["SBIG STX", name])
                since = await client.numbers(name, **values)
                await client.update(name, State.ALERT, since=since)
                assert complaint in client.texts_said(since)[-1]
                assert client.values["SBIG STX", name] == before
                await works(place)


async def test_a_frame_smaller_than_a_binned_pixel(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.numbers("CCD_BINNING", HOR_BIN=3, VER_BIN=3)
        await client.numbers("CCD_FRAME", X=0, Y=0, WIDTH=2, HEIGHT=2)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
        await client.update("CCD_EXPOSURE", State.ALERT, since=since)
        assert "smaller than one binned pixel" in client.texts_said(since)[-1]


async def test_xml_that_is_none(tmp_path: Path) -> None:
    """indiserver itself drops a client that sends garbage; what reaches the driver is ignored."""
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.send_bytes(b"<newNumberVector device='SBIG STX' name='NOTHING'/>\n")
        await client.send_bytes(b"<newNumberVector device='SBIG STX'/>\n")
        await client.send_bytes(b"<newNonsense device='SBIG STX' name='CCD_EXPOSURE'/>\n")
        await client.texts("CCD_EXPOSURE", CCD_EXPOSURE_VALUE="x" * 3_000_000)
        await works(place)


async def test_the_end_of_the_server_ends_the_driver_at_once(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        await place.client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=60)
        await place.client.update("CCD_EXPOSURE", State.BUSY)
        started = time.monotonic()
    # indiserver() has waited for the driver's end, and fails when it outlives its server by 10 s.
    assert time.monotonic() - started < 10
