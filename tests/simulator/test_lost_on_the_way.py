"""Requests and answers that get lost, and slow links."""

import asyncio
import json
import time

import pytest

SETTING = "ImagerSetSettings.cgi?BinX=3"
ENDS = {"reset": "reset", "close": "end", "silence": "silence"}


async def ending(wire, call, silence_s=0.3):
    """Return how a connection without an answer ends."""
    reader, writer = await wire.connect()
    try:
        writer.write(f"GET /api/{call} HTTP/1.0\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), silence_s)
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silence"
    finally:
        writer.close()
    assert answer == b""
    return "end"


@pytest.mark.parametrize("how", ENDS)
async def test_command_whose_answer_is_lost_was_carried_out(wire, how):
    wire.server.camera.faults.add(f"answer-lost={how},path=SetSettings,times=1")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"
    wait_s = 0.3 if how == "silence" else 10
    assert await ending(wire, SETTING, wait_s) == ENDS[how]
    assert await wire.get("ImagerGetSettings.cgi?BinX") == b"3\r\n"
    assert await wire.get("ImagerSetSettings.cgi?BinX=2") == b""
    assert [r.status for r in wire.server.camera.requests.records] == [200, 0, 200, 200]


@pytest.mark.parametrize("how", ENDS)
async def test_request_that_is_lost_was_never_heard(make_wire, tmp_path, how):
    wire = await make_wire(request_log=tmp_path / "log.jsonl")
    wire.server.camera.faults.add(f"request-lost={how},path=SetSettings,times=1")
    wait_s = 0.3 if how == "silence" else 10
    assert await ending(wire, SETTING, wait_s) == ENDS[how]
    assert await wire.get("ImagerGetSettings.cgi?BinX") == b"1\r\n"
    assert await wire.get(SETTING) == b""
    heard = ["/api/ImagerGetSettings.cgi?BinX", f"/api/{SETTING}"]
    assert [record.uri for record in wire.server.camera.requests.records] == heard
    assert wire.server.camera.requests.records[0].gap_ms is None
    await wire.server.close()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["uri"] for line in lines] == heard


@pytest.mark.parametrize(
    ("call", "happened"),
    [
        ("ImagerStartExposure.cgi?Duration=60&FrameType=0", lambda c: c.imager.is_busy()),
        ("GuiderStartExposure.cgi?Duration=60&FrameType=0", lambda c: c.guider.is_busy()),
        ("ChangeFilter.cgi?NewPosition=3", lambda c: c.wheel.state().name == "MOVING"),
        ("PulseGuide.cgi?DirectionX=0&DurationX=60", lambda c: c.relays.any_closed()),
        ("AOGuide.cgi?XPosition=10&YPosition=90", lambda c: c.mirror.position(1e9) == (10, 90)),
        ("SetFilterName.cgi?Filter1Name=Red", lambda c: c.flash.writes == 1),
    ],
    ids=lambda value: value.partition(".")[0] if isinstance(value, str) else "",
)
async def test_every_command_can_be_lost_before_and_after(make_wire, call, happened):
    wire = await make_wire()
    camera = wire.server.camera
    camera.faults.add("request-lost=times=1")
    assert await ending(wire, call, 10) == "reset"
    assert not happened(camera)
    camera.faults.add("answer-lost=times=1")
    assert await ending(wire, call, 10) == "reset"
    assert happened(camera)


async def test_answer_to_a_download_can_be_lost_and_asked_for_again(wire):
    await wire.get("GuiderSetSettings.cgi?NumX=100&NumY=100")
    frame = await wire.take("Guider")
    wire.server.camera.faults.add("answer-lost=path=Data.bin,times=1")
    assert await ending(wire, "GuiderData.bin", 10) == "reset"
    assert await wire.get("GuiderData.bin") == frame


async def test_stalled_download_goes_on_where_it_stopped(wire):
    await wire.get("GuiderSetSettings.cgi?NumX=100&NumY=100")
    frame = await wire.take("Guider")
    wire.server.camera.faults.add("stall-body=after=7777,seconds=0.3,times=1")
    started = time.monotonic()
    assert await wire.get("GuiderData.bin") == frame
    assert time.monotonic() - started >= 0.3
    assert wire.server.camera.requests.records[-1].bytes == len(frame)


async def test_latency_delays_every_answer_and_changes_nothing_else(make_wire):
    wire = await make_wire(latency_s=0.1)
    started = time.monotonic()
    assert await wire.get("ImagerState.cgi") == b"0\r\n"
    assert time.monotonic() - started >= 0.1
    wire.server.camera.faults.add("slow-link=latency_s=0.3")
    started = time.monotonic()
    assert await wire.get("ImagerState.cgi") == b"0\r\n"
    assert time.monotonic() - started >= 0.3
    wire.server.camera.faults.clear("slow-link")
    assert wire.server._link.latency_s == 0.1


async def test_reboot_can_be_set_for_later(wire):
    await wire.get("ImagerSetSettings.cgi?BinX=3")
    down = asyncio.Event()
    wire.server.camera.power_up, power_up = (
        lambda: (power_up(), down.set()),
        wire.server.camera.power_up,
    )
    wire.server.camera.faults.add("reboot=after=0.3,seconds=60")
    assert await wire.get("ImagerGetSettings.cgi?BinX") == b"3\r\n"
    await asyncio.wait_for(down.wait(), 20)
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    wire.server.camera.faults.clear("reboot")
    assert await wire.get("ImagerGetSettings.cgi?BinX") == b"1\r\n"


async def test_reboot_that_is_cleared_in_time_does_not_happen(wire):
    await wire.get("ImagerSetSettings.cgi?BinX=3")
    wire.server.camera.faults.add("reboot=after=0.05")
    wire.server.camera.faults.clear("reboot")
    await asyncio.sleep(0.1)
    assert await wire.get("ImagerGetSettings.cgi?BinX") == b"3\r\n"
