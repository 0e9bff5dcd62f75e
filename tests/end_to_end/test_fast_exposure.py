"""Sequences whose next exposure starts while the last frame is still being delivered."""

from __future__ import annotations

import io
from pathlib import Path

from astropy.io import fits

from indi_stx.indi import OneBlob, SetVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import WireClient

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)
WATCHED = ("CCD_EXPOSURE", "CCD_FAST_COUNT", "CCD_FAST_TOGGLE", "CCD_ABORT_EXPOSURE", "CCD1")


async def prepare(client: WireClient, frames: int) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=9, VER_BIN=9)
    await client.update("CCD_BINNING", State.OK, since=since)
    since = await client.switch("CCD_FAST_TOGGLE", "INDI_ENABLED")
    await client.update("CCD_FAST_TOGGLE", State.OK, since=since)
    since = await client.numbers("CCD_FAST_COUNT", FRAMES=frames)
    await client.update("CCD_FAST_COUNT", State.OK, since=since)


async def expose(client: WireClient, seconds: float = 0.01) -> int:
    return await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)


def told(client: WireClient, since: int) -> list[str]:
    """Return what the sequence reported, in order, without the countdown."""
    found = []
    for seen in client.seen[since:]:
        m = seen.message
        if isinstance(m, SetVector) and m.name in WATCHED:
            if (m.name, m.state) == ("CCD_EXPOSURE", State.BUSY):
                continue
            (value,) = [getattr(e, "value", None) for e in m.elements][:1]
            assert m.state is not None
            found.append(f"{m.name} {m.state.value}" + ("" if value is None else f" {value:g}"))
    return found


def starts(place: Observatory) -> int:
    return sum("StartExposure" in r.uri for r in place.requests())


async def test_three_frames_are_reported_as_libindi_does(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await prepare(client, 3)
        since = await expose(client)
        await client.until(lambda _: len(client.sets("CCD1", since)) == 3, since=since)
        assert told(client, since) == [
            "CCD_EXPOSURE Ok 0",
            "CCD_FAST_COUNT Busy 2",
            "CCD1 Ok",
            "CCD_EXPOSURE Ok 0",
            "CCD_FAST_COUNT Busy 1",
            "CCD1 Ok",
            "CCD_EXPOSURE Ok 0",
            "CCD_FAST_COUNT Idle 1",
            "CCD1 Ok",
        ]
        assert starts(place) == 3
        times = [taken_at(s.elements[0]) for s in client.sets("CCD1", since)]
        assert times == sorted(set(times)), "three frames of their own, in order"


def taken_at(one: object) -> str:
    assert isinstance(one, OneBlob)
    assert isinstance(one.content, bytes | memoryview)
    return str(fits.getheader(io.BytesIO(one.content))["DATE-OBS"])


async def test_frames_are_stored_in_order(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await prepare(client, 4)
        await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(tmp_path / "a"))
        since = await client.switch("UPLOAD_MODE", "UPLOAD_LOCAL")
        await client.update("UPLOAD_MODE", State.OK, since=since)
        await expose(client)
        last = str(tmp_path / "a" / "IMAGE_004.fits")
        await client.until(
            lambda m: isinstance(m, SetVector) and getattr(m.elements[0], "value", "") == last,
            since=since,
            what=last,
        )
        paths = sorted((tmp_path / "a").iterdir())
        assert [p.name for p in paths] == [f"IMAGE_{n:03d}.fits" for n in (1, 2, 3, 4)]
        times = [str(fits.getheader(p)["DATE-OBS"]) for p in paths]
        assert times == sorted(set(times))


async def test_a_sequence_that_cannot_be_stored_ends(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        (tmp_path / "file").write_text("in the way")
        await prepare(client, 100)
        await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(tmp_path / "file"))
        await client.switch("UPLOAD_MODE", "UPLOAD_LOCAL")
        since = await expose(client)
        await client.update("CCD_FAST_COUNT", State.IDLE, since=since)
        await client.update("CCD_EXPOSURE", State.ALERT, since=since)
        assert starts(place) <= 3


async def test_abort_ends_the_sequence(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        client = place.client
        await prepare(client, 5)
        since = await expose(client, 0.5)
        await client.blob(since=since)
        await client.update("CCD_EXPOSURE", State.BUSY, since=len(client.seen))
        since = await client.switch("CCD_ABORT_EXPOSURE", "ABORT")
        await client.update("CCD_EXPOSURE", State.IDLE, since=since)
        assert told(client, since) == [
            "CCD_FAST_COUNT Idle 1",
            "CCD_ABORT_EXPOSURE Ok 0",
            "CCD_EXPOSURE Idle 0",
        ]
        count = starts(place)
        await client.numbers("CCD_FAST_COUNT", FRAMES=1)
        since = await expose(client)
        await client.update("CCD_FAST_COUNT", State.IDLE, since=since)
        assert starts(place) == count + 1


async def test_switching_off_aborts_a_sequence_but_no_ordinary_exposure(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        client = place.client
        await prepare(client, 5)
        since = await expose(client, 20)
        await client.update("CCD_EXPOSURE", State.BUSY, since=since)
        since = await client.switch("CCD_FAST_TOGGLE", "INDI_DISABLED")
        await client.update("CCD_FAST_TOGGLE", State.OK, since=since)
        assert told(client, since) == [
            "CCD_FAST_COUNT Idle 1",
            "CCD_EXPOSURE Idle 0",
            "CCD_FAST_TOGGLE Ok 0",
        ]
        since = await expose(client, 0.3)
        await client.switch("CCD_FAST_TOGGLE", "INDI_DISABLED")
        await client.update("CCD_EXPOSURE", State.OK, since=since)
        assert client.sets("CCD1", since)
