"""Frames into files: names, order of reports, and what happens when a file cannot be written."""

from __future__ import annotations

import asyncio
import os
import re
import resource
from pathlib import Path

import pytest

from indi_stx.indi import DefVector, DelProperty, Message, OneBlob, SetVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import DEVICE, WireClient

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)
SLOW = SimulatorOptions(model="STT-8300", bandwidth_bytes_per_s=200_000)
"""A binned frame takes seconds: time to do something while it is on its way."""


async def choose_mode(client: WireClient, element: str) -> int:
    since = await client.switch("UPLOAD_MODE", element)
    await client.update("UPLOAD_MODE", State.OK, since=since)
    return since


async def choose_place(client: WireClient, folder: Path, prefix: str = "IMAGE_XXX") -> None:
    since = await client.texts("UPLOAD_SETTINGS", UPLOAD_DIR=str(folder), UPLOAD_PREFIX=prefix)
    await client.update("UPLOAD_SETTINGS", State.OK, since=since)


async def bin_by(client: WireClient, binning: int) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=binning, VER_BIN=binning)
    await client.update("CCD_BINNING", State.OK, since=since)


async def expose(client: WireClient, ends: State = State.OK) -> int:
    """Expose and return the place in `seen` where it began, once it has ended so."""
    since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
    await client.update("CCD_EXPOSURE", ends, since=since)
    return since


def reports(client: WireClient, since: int) -> list[str]:
    """Return what was reported, in order: property and state, or the kind of message."""
    found = []
    for seen in client.seen[since:]:
        if getattr(seen.message, "device", DEVICE) != DEVICE:
            continue  # the guide head may only just appear
        match seen.message:
            case SetVector(name=name, state=state) if name != "CCD_TEMPERATURE":
                found.append(f"{name} {state.value if state else ''}")
            case Message(text=text):
                found.append(text.split()[0])
            case DefVector(name=name):
                found.append(f"def {name}")
            case DelProperty(name=name):
                found.append(f"del {name}")
    return [r for i, r in enumerate(found) if i == 0 or r != found[i - 1]]


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


async def path_of(client: WireClient, since: int) -> Path:
    (one,) = (await client.update("CCD_FILE_PATH", State.OK, since=since)).elements
    return Path(str(one.value))


async def test_both_stores_before_it_sends(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await bin_by(client, 4)
        since = await choose_mode(client, "UPLOAD_BOTH")
        assert reports(client, since) == ["[INFO]", "def CCD_FILE_PATH", "UPLOAD_MODE Ok"]
        await choose_place(client, folder)
        since = await expose(client)
        assert reports(client, since) == [
            "CCD_EXPOSURE Busy",
            "[INFO]",
            "CCD_FILE_PATH Ok",
            "CCD1 Ok",
            "CCD_EXPOSURE Ok",
        ]
        path = await path_of(client, since)
        assert path == folder / "IMAGE_001.fits"
        assert client.texts_said(since) == [f"[INFO] Image saved to {path}"]
        blob = await client.blob(since=since)
        assert path.read_bytes() == blob.content
        assert files(folder) == ["IMAGE_001.fits"]


async def test_local_sends_nothing_and_counts_on(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await bin_by(client, 9)
        await choose_mode(client, "UPLOAD_LOCAL")
        await choose_place(client, tmp_path / "a", "M42_ISO8601_XXX")
        places = [await expose(client) for _ in range(3)]
        names = [(await path_of(client, since)).name for since in places]
        assert files(tmp_path / "a") == sorted(names)
        for number, name in enumerate(names, 1):
            time = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}"
            assert re.fullmatch(rf"M42_{time}_{number:03d}\.fits", name), name
        assert not client.sets("CCD1")


async def test_the_path_is_shown_only_while_there_are_files(tmp_path: Path) -> None:
    key = (DEVICE, "CCD_FILE_PATH")
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        assert key not in client.properties
        await choose_mode(client, "UPLOAD_LOCAL")
        since = await choose_mode(client, "UPLOAD_CLIENT")
        assert reports(client, since) == ["[INFO]", "del CCD_FILE_PATH", "UPLOAD_MODE Ok"]
        await choose_mode(client, "UPLOAD_BOTH")
        since = await client.switch("CONNECTION", "DISCONNECT")
        await client.until(lambda m: m == gone("CCD_INFO", m), since=since)
        assert key not in client.properties
        since = await client.switch("CONNECTION", "CONNECT")
        await client.defined("CCD_FAST_TOGGLE")
        names = [m.message.name for m in client.seen[since:] if isinstance(m.message, DefVector)]
        at = names.index("UPLOAD_SETTINGS")
        assert names[at - 1 : at + 3] == [
            "UPLOAD_MODE",
            "UPLOAD_SETTINGS",
            "CCD_FILE_PATH",
            "CCD_FAST_TOGGLE",
        ]


def gone(name: str, like: object) -> DelProperty | None:
    timestamp = like.timestamp if isinstance(like, DelProperty) else None
    return DelProperty(DEVICE, name, timestamp)


async def test_the_settings_are_saved_and_loaded(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        (home,) = [
            e.value for e in (await client.defined("UPLOAD_SETTINGS")).elements if e.label == "Dir"
        ]
        assert home == str(tmp_path)
        await choose_mode(client, "UPLOAD_LOCAL")
        await choose_place(client, tmp_path / "kept", "M1_XXX")
        await process(client, "CONFIG_SAVE")
        await choose_mode(client, "UPLOAD_CLIENT")
        await choose_place(client, tmp_path / "other")
        since = await process(client, "CONFIG_LOAD")
        await client.update("UPLOAD_MODE", State.OK, since=since)
        await client.update("UPLOAD_SETTINGS", State.OK, since=since)
        assert client.values[DEVICE, "UPLOAD_MODE"]["UPLOAD_LOCAL"] is True
        assert client.values[DEVICE, "UPLOAD_SETTINGS"] == {
            "UPLOAD_DIR": str(tmp_path / "kept"),
            "UPLOAD_PREFIX": "M1_XXX",
        }


async def process(client: WireClient, element: str) -> int:
    since = await client.switch("CONFIG_PROCESS", element)
    await client.update("CONFIG_PROCESS", State.OK, since=since)
    return since


async def test_impossible_settings_are_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("UPLOAD_SETTINGS")
        before = dict(client.values[DEVICE, "UPLOAD_SETTINGS"])
        for settings in ({"UPLOAD_PREFIX": "a/b"}, {"UPLOAD_DIR": ""}):
            with subtests.test(**settings):
                since = await client.texts("UPLOAD_SETTINGS", **settings)
                await client.update("UPLOAD_SETTINGS", State.ALERT, since=since)
                assert client.values[DEVICE, "UPLOAD_SETTINGS"] == before
                assert "[ERROR]" in client.texts_said(since)[0]


async def unwritable(place: Observatory, tmp_path: Path) -> None:
    """Choose a directory that cannot be: root could write to a read-only one."""
    (tmp_path / "file").write_text("in the way")
    await bin_by(place.client, 4)
    await choose_place(place.client, tmp_path / "file" / "folder")


async def test_what_cannot_be_stored_still_reaches_clients(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await unwritable(place, tmp_path)
        await choose_mode(client, "UPLOAD_BOTH")
        since = await expose(client)
        assert reports(client, since) == [
            "CCD_EXPOSURE Busy",
            "[ERROR]",
            "UPLOAD_SETTINGS Alert",
            "def UPLOAD_UNSAVED",
            "CCD1 Ok",
            "CCD_EXPOSURE Ok",
        ]
        (said,) = client.texts_said(since)
        assert "part of the path is not a directory" in said


async def test_what_cannot_be_stored_is_stored_later(tmp_path: Path) -> None:
    """Ekos counts each CCD_FILE_PATH as a frame, so there must be none; Alert makes it repeat."""
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await unwritable(place, tmp_path)
        await choose_mode(client, "UPLOAD_LOCAL")
        since = await expose(client, State.ALERT)
        held = place.sensor_bytes()
        assert not client.sets("CCD1", since)
        assert not client.sets("CCD_FILE_PATH", since)
        again = await client.switch("UPLOAD_UNSAVED", "SAVE")
        await client.update("UPLOAD_UNSAVED", State.ALERT, since=again)

        await choose_place(client, tmp_path / "good")
        again = await client.switch("UPLOAD_UNSAVED", "SAVE")
        path = await path_of(client, again)
        await client.until(lambda m: m == gone("UPLOAD_UNSAVED", m), since=again)
        assert files(tmp_path / "good") == ["IMAGE_001.fits"]
        assert pixels_in(path) == held


def pixels_in(path: Path) -> bytes:
    from astropy.io import fits

    return fits.getdata(path).astype("<u2").tobytes()


async def test_unsaved_frames_outlive_the_connection_and_are_bounded(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await unwritable(place, tmp_path)
        await choose_mode(client, "UPLOAD_LOCAL")
        frames = []
        for _ in range(5):
            since = await expose(client, State.ALERT)
            frames.append(place.sensor_bytes())
        assert "oldest unsaved frame is lost" in client.texts_said(since)[0]
        since = await client.switch("CONNECTION", "DISCONNECT")
        await client.until(lambda m: m == gone("UPLOAD_UNSAVED", m), since=since)
        await client.switch("CONNECTION", "CONNECT")
        await client.defined("UPLOAD_UNSAVED")
        since = await client.switch("UPLOAD_UNSAVED", "SEND")
        await client.until(lambda m: m == gone("UPLOAD_UNSAVED", m), since=since)
        sent = [s.elements[0] for s in client.sets("CCD1", since)]
        assert [pixels_of(one) for one in sent] == frames[1:]


def pixels_of(one: object) -> bytes:
    import io

    from astropy.io import fits

    assert isinstance(one, OneBlob)
    assert isinstance(one.content, bytes | memoryview)
    return fits.getdata(io.BytesIO(one.content)).astype("<u2").tobytes()


async def download_begun(place: Observatory) -> None:
    async with asyncio.timeout(20):
        while True:
            if any(r.uri.endswith("Data.bin") for r in place.requests()):
                return
            await asyncio.sleep(0.005)


async def test_a_disk_that_runs_full_leaves_no_half_file(tmp_path: Path) -> None:
    """The kernel cuts the write short as on a full disk, by a limit set during the download."""
    folder = tmp_path / "full"
    async with observatory(tmp_path, SLOW) as place:
        client = place.client
        (pid,) = place.server.driver_pids()
        await bin_by(client, 9)
        await choose_place(client, folder)
        await choose_mode(client, "UPLOAD_LOCAL")
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
        await download_begun(place)
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE, (100_000, -1))
        await client.update("CCD_EXPOSURE", State.ALERT, since=since)
        assert files(folder) == []
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        since = await client.switch("UPLOAD_UNSAVED", "SAVE")
        assert pixels_in(await path_of(client, since)) == place.sensor_bytes()
        await client.update("UPLOAD_SETTINGS", State.OK, since=since)


async def test_a_frame_that_is_on_its_way_to_the_disk_survives_the_disconnection(
    tmp_path: Path,
) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await choose_place(client, tmp_path / "a")
        await choose_mode(client, "UPLOAD_BOTH")
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
        await client.update("CCD_FILE_PATH", State.OK, since=since)
        await client.switch("CONNECTION", "DISCONNECT")
        blob = await client.blob(since=since)
        assert (tmp_path / "a" / "IMAGE_001.fits").read_bytes() == blob.content
