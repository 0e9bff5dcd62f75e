"""Exposures message by message, as libindi's own drivers send them."""

from __future__ import annotations

from pathlib import Path

import pytest

from indi_stx.indi import DelProperty, SetVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.wire_client import DEVICE, WireClient

SMALL = SimulatorOptions(model="STT-8300")
OF_AN_EXPOSURE = {"CCD_EXPOSURE", "CCD1", "CCD_ABORT_EXPOSURE"}


def story(client: WireClient, since: int) -> list[str]:
    """Return what was set of an exposure: "CCD_EXPOSURE Busy 3", counted down values as "..."."""
    told = []
    for seen in client.seen[since:]:
        m = seen.message
        if isinstance(m, SetVector) and m.name in OF_AN_EXPOSURE:
            assert m.state is not None
            value = ""
            if m.name == "CCD_EXPOSURE":
                value = f" {m.elements[0].value:g}"
            told.append(f"{m.name} {m.state.value}{value}")
    return told


async def binned(client: WireClient) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
    await client.update("CCD_BINNING", State.OK, since=since)


async def test_three_seconds(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await binned(client)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=3)
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        told = story(client, since)
        assert told[0] == "CCD_EXPOSURE Busy 3"
        assert told[-3:] == ["CCD_EXPOSURE Busy 0", "CCD1 Ok", "CCD_EXPOSURE Ok 0"]
        left = [float(t.rsplit(" ", 1)[1]) for t in told[:-2]]
        assert left == sorted(left, reverse=True)
        assert len(left) in (4, 5), "one a second"


async def test_shorter_than_the_polling_period(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await binned(client)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.2)
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        assert story(client, since) == [
            "CCD_EXPOSURE Busy 0.2",
            "CCD_EXPOSURE Busy 0",
            "CCD1 Ok",
            "CCD_EXPOSURE Ok 0",
        ]


async def test_aborted(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await binned(client)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=30)
        await client.update("CCD_EXPOSURE", State.BUSY, since=since)
        since = await client.switch("CCD_ABORT_EXPOSURE", "ABORT")
        await client.update("CCD_EXPOSURE", State.IDLE, since=since)
        assert story(client, since) == ["CCD_ABORT_EXPOSURE Ok", "CCD_EXPOSURE Idle 0"]
        assert place.simulator.call(lambda c: c.imager.state()).name == "IDLE"
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.1)
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        assert story(client, since).count("CCD1 Ok") == 1, "and the next one works"


async def test_abort_without_an_exposure(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        since = await place.client.switch("CCD_ABORT_EXPOSURE", "ABORT")
        await place.client.update("CCD_EXPOSURE", State.IDLE, since=since)
        assert story(place.client, since) == ["CCD_ABORT_EXPOSURE Ok", "CCD_EXPOSURE Idle 0"]


async def test_a_new_exposure_replaces_the_running_one(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await binned(client)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=30)
        await client.update("CCD_EXPOSURE", State.BUSY, since=since)
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.5)
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        told = story(client, since)
        assert told[0] == "CCD_EXPOSURE Busy 0.5"
        assert told.count("CCD1 Ok") == 1
        assert not [t for t in told if "ABORT" in t or "Idle" in t]


async def test_bias_frames_take_any_duration(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await binned(client)
        await client.switch("CCD_FRAME_TYPE", "FRAME_BIAS")
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0)
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        (start,) = [r.uri for r in place.requests() if "StartExposure" in r.uri]
        assert "Duration=0.01&FrameType=2" in start


async def test_cooling(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(time_scale=100)) as place:
        client = place.client
        since = await client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-10)
        cooler = await client.update("CCD_COOLER", since=since)
        assert {e.name: e.value for e in cooler.elements} == {
            "COOLER_ON": True,
            "COOLER_OFF": False,
        }
        busy = await client.update("CCD_TEMPERATURE", State.BUSY, since=since)
        assert busy.elements[0].value > 10, "the present temperature, not the wished one"
        done = await client.update("CCD_TEMPERATURE", State.OK, since=since)
        assert done.elements[0].value == pytest.approx(-10, abs=0.5)
        power = await client.update("CCD_COOLER_POWER", since=since)
        assert power.elements[0].value > 0
        since = await client.switch("CCD_COOLER", "COOLER_OFF")
        await client.update("CCD_COOLER", State.OK, since=since)
        assert not place.simulator.call(
            lambda c: c.imager.cooler.on if hasattr(c.imager, "cooler") else False
        )


async def test_frame_reset(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.numbers("CCD_BINNING", HOR_BIN=2, VER_BIN=2)
        since = await client.numbers("CCD_FRAME", X=10, Y=10, WIDTH=20, HEIGHT=20)
        await client.update("CCD_FRAME", State.OK, since=since)
        since = await client.switch("CCD_FRAME_RESET", "RESET")
        await client.update("CCD_FRAME_RESET", State.OK, since=since)
        full = await client.update("CCD_FRAME", State.OK, since=since)
        assert [e.value for e in full.elements] == [0, 0, 3326, 2504]
        bins = await client.update("CCD_BINNING", State.OK, since=since)
        assert [e.value for e in bins.elements] == [1, 1]


async def test_definitions_carry_the_cameras_true_limits(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STXL-6303")) as place:
        client = place.client
        frame = await client.defined("CCD_FRAME")
        limits = {e.name: (e.value, e.min, e.max) for e in frame.elements}
        assert limits == {
            "X": (0, 0, 3071),
            "Y": (0, 0, 2046),
            "WIDTH": (3072, 1, 3072),
            "HEIGHT": (2047, 1, 2047),
        }
        info = await client.defined("CCD_INFO")
        assert [e.value for e in info.elements] == [3072, 2047, 9, 9, 9, 16]
        bins = await client.defined("CCD_BINNING")
        most = place.simulator.camera.imager.sensor.model.max_bin
        assert {e.max for e in bins.elements} == {most}


async def test_disconnecting_withdraws_what_the_connection_brought(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=30)
        await client.update("CCD_EXPOSURE", State.BUSY)
        since = await client.switch("CONNECTION", "DISCONNECT")
        await client.until(lambda m: isinstance(m, DelProperty), since=since, what="a delProperty")
        first = next(s.message for s in client.seen[since:])
        assert isinstance(first, SetVector)
        assert (first.name, first.state) == ("CONNECTION", State.IDLE)
        since = await client.switch("CONNECTION", "CONNECT")
        await client.defined("CCD1")
        assert ("SBIG STX", "CCD_EXPOSURE") in client.properties
        # The camera goes on exposing, and the new connection with it.
        await client.update("CCD_EXPOSURE", State.BUSY, since=since)
        since = await client.switch("CCD_ABORT_EXPOSURE", "ABORT")
        await client.update("CCD_EXPOSURE", State.IDLE, since=since)


async def test_two_clients_see_the_same(tmp_path: Path) -> None:
    from tests.harness.wire_client import tcp_client

    async with observatory(tmp_path, SMALL) as place, tcp_client(place.server.port) as second:
        head = f"{DEVICE} Remote Guide Head"
        await place.client.defined("CCD_FAST_COUNT", device=head)  # the very last one
        await second.ask()
        for device, name in list(place.client.properties):
            await second.defined(name, device=device)
        assert place.client.properties.keys() == second.properties.keys()
        since = len(second.seen)
        await place.client.numbers("POLLING_PERIOD", PERIOD_MS=500)
        await second.update("POLLING_PERIOD", State.OK, since=since)
