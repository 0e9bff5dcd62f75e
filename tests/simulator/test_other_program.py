"""Another program at the camera, late starts, and what a reboot resets."""

import asyncio
import json

import pytest

from indi_stx.simulator.fault_kinds import FOREIGN_SETTINGS
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread

PREFIXES = {"Imager": "imager", "Guider": "guider", "ExtGuider": "external-guider"}
SMALL = "SetSettings.cgi?NumX=40&NumY=30"


def pixels(bench, prefix):
    return bytes(bench.ask(f"{prefix}Data.bin").body)


@pytest.fixture(params=PREFIXES)
def prefix(request, bench):
    bench.code(f"{request.param}{SMALL}")
    bench.expose(bench.camera.ccds[PREFIXES[request.param]], 1)
    return request.param


def test_late_start_looks_idle_with_the_frame_before(bench, prefix):
    before = pixels(bench, prefix)
    bench.camera.faults.add(f"start-latency=1.5,ccd={PREFIXES[prefix]},times=1")
    start = f"{prefix}StartExposure.cgi?Duration=0.5&FrameType=1"
    assert bench.code(start) == ""
    for _ in range(3):
        assert bench.lines(f"{prefix}State.cgi") + bench.lines(f"{prefix}ImageReady.cgi") == [
            "0",
            "1",
        ]
        assert pixels(bench, prefix) == before
        assert bench.code(start) == "0x80001008"
        bench.advance(0.49)
    bench.advance(0.04)
    assert bench.lines(f"{prefix}State.cgi") + bench.lines(f"{prefix}ImageReady.cgi") == ["2", "0"]
    bench.advance(0.5)
    bench.advance(5)
    assert pixels(bench, prefix) != before
    assert bench.code(start) == ""
    assert bench.lines(f"{prefix}State.cgi") == ["2"]


def test_late_start_on_one_ccd_leaves_the_others_alone(bench):
    bench.camera.faults.add("start-latency=1.5,ccd=guider")
    for prefix in PREFIXES:
        bench.code(f"{prefix}StartExposure.cgi?Duration=5&FrameType=0")
    assert [bench.lines(f"{prefix}State.cgi")[0] for prefix in PREFIXES] == ["2", "0", "2"]


def test_abort_before_a_late_start_keeps_the_frame(bench, prefix):
    before = pixels(bench, prefix)
    bench.camera.faults.add("start-latency=1.5")
    bench.code(f"{prefix}StartExposure.cgi?Duration=0.5&FrameType=1")
    bench.code(f"{prefix}AbortExposure.cgi")
    bench.advance(10)
    assert pixels(bench, prefix) == before


@pytest.mark.parametrize("buffer", ["empty", "previous"])
def test_foreign_abort_ends_an_exposure_in_time(bench, prefix, buffer):
    before = pixels(bench, prefix)
    bench.camera.faults.add(f"foreign-abort=0.1,buffer={buffer},times=1,ccd={PREFIXES[prefix]}")
    bench.code(f"{prefix}StartExposure.cgi?Duration=0.25&FrameType=1")
    bench.advance(0.09)
    assert bench.lines(f"{prefix}State.cgi") == ["2"]
    bench.advance(0.02)
    assert bench.lines(f"{prefix}State.cgi") == ["0"]
    ready = "1" if buffer == "previous" else "0"
    assert bench.lines(f"{prefix}ImageReady.cgi") == [ready]
    assert pixels(bench, prefix) == (before if buffer == "previous" else b"")
    bench.advance(5)
    assert bench.lines(f"{prefix}ImageReady.cgi") == [ready]
    assert "foreign-abort" not in bench.camera.faults
    bench.expose(bench.camera.ccds[PREFIXES[prefix]], 0.25)


def test_foreign_abort_of_an_exposure_that_runs_already(bench):
    bench.code("GuiderStartExposure.cgi?Duration=60&FrameType=1")
    bench.advance(30)
    bench.camera.faults.add("foreign-abort=2")
    bench.advance(1.9)
    bench.camera.faults.add("no-external-guider")
    assert bench.lines("GuiderState.cgi") == ["2"]
    bench.advance(0.2)
    assert bench.lines("GuiderState.cgi") == ["0"]


def test_foreign_abort_that_comes_too_late_or_is_cleared_does_nothing(bench):
    bench.camera.faults.add("foreign-abort=100,times=1")
    bench.expose(bench.camera.guider, 1)
    assert "foreign-abort" in bench.camera.faults
    bench.code("GuiderStartExposure.cgi?Duration=200&FrameType=1")
    bench.camera.faults.clear("foreign-abort")
    bench.advance(150)
    assert bench.lines("GuiderState.cgi") == ["2"]


def test_foreign_start_at_once_later_and_before_a_call(bench):
    faults = bench.camera.faults
    faults.add("foreign-start=30,ccd=guider,datetime=2026-01-02T03:04:05.678")
    assert bench.lines("GuiderState.cgi") == ["2"]
    assert bench.running[-1][1].date_time == "2026-01-02T03:04:05.678"
    assert list(faults) == []
    faults.add("foreign-start=30,after=5")
    bench.advance(4.9)
    assert bench.lines("ImagerState.cgi") == ["0"]
    bench.advance(0.2)
    assert bench.lines("ImagerState.cgi") == ["2"]
    faults.add("foreign-start=30,ccd=external-guider,path=ExtGuiderStart,times=1")
    assert bench.lines("ExtGuiderState.cgi") == ["0"]
    assert bench.code("ExtGuiderStartExposure.cgi?Duration=1&FrameType=1") == "0x80001008"
    assert list(faults) == []
    assert bench.camera.foreign_refusals == 0
    faults.add("foreign-start=30,ccd=guider")
    assert bench.camera.foreign_refusals == 1


def test_two_events_of_one_kind_both_happen(bench):
    bench.camera.faults.add("foreign-settings=after=1,BinX=2")
    bench.camera.faults.add("foreign-settings=after=2,BinX=3")
    bench.advance(1)
    assert bench.lines("ImagerGetSettings.cgi?BinX") == ["2"]
    bench.advance(1)
    assert bench.lines("ImagerGetSettings.cgi?BinX") == ["3"]


def test_event_that_was_cleared_does_not_happen(bench):
    bench.camera.faults.add("foreign-settings=after=1,BinX=2")
    bench.camera.faults.clear("foreign-settings")
    bench.advance(5)
    assert bench.lines("ImagerGetSettings.cgi?BinX") == ["1"]


def test_foreign_settings_reach_everything(make_bench):
    bench = make_bench(firmware="newer")
    values = "2 3 10 20 300 200 1 -12.5 1 40 1 4".split()  # noqa: SIM905
    given = dict(zip(FOREIGN_SETTINGS, values, strict=True))
    bench.camera.faults.add(
        "foreign-settings=" + ",".join(f"{name}={value}" for name, value in given.items())
    )
    given["CCDTemperatureSetpoint"] = "-12.50"
    del given["NewPosition"]
    assert bench.lines("ImagerGetSettings.cgi?" + "&".join(given)) == list(given.values())
    bench.advance(60)
    assert bench.lines("GetFilterSetting.cgi?CurrentFilter") == ["4"]
    bench.camera.faults.add("foreign-settings=ccd=guider,BinX=3")
    assert bench.lines("GuiderGetSettings.cgi?BinX") == ["3"]
    assert bench.camera.foreign_refusals == 0


def test_reboot_resets_all_but_the_flash(make_bench):
    bench = make_bench(firmware="newer")
    reads = [
        f"{p}GetSettings.cgi?BinX&BinY&StartX&StartY&NumX&NumY"
        for p in ("Imager", "Guider", "ExtGuider")
    ]
    reads += ["ImagerGetSettings.cgi?CoolerState&CCDTemperatureSetpoint&FanState&FanPower&OverScan"]
    reads += [f"{p}ImageReady.cgi" for p in PREFIXES] + [f"{p}State.cgi" for p in PREFIXES]
    reads += ["IsPulseGuiding.cgi", "PulseGuideGetTimeRemaining.cgi?XPlus&XMinus&YPlus&YMinus"]
    fresh = {call: bench.lines(call) for call in reads}
    for p in PREFIXES:
        bench.code(f"{p}SetSettings.cgi?BinX=2&BinY=3&StartX=1&StartY=2&NumX=40&NumY=30")
    bench.code("ImagerSetSettings.cgi?CoolerState=1&CCDTemperatureSetpoint=-9&OverScan=1")
    bench.code("ImagerSetSettings.cgi?FanState=1&FanPower=20")
    bench.expose(bench.camera.guider, 1)
    bench.code("ImagerStartExposure.cgi?Duration=600&FrameType=1")
    bench.camera.faults.add("start-latency=100")
    bench.code("ExtGuiderStartExposure.cgi?Duration=600&FrameType=1")
    bench.code("PulseGuide.cgi?DirectionX=1&DurationX=600&DirectionY=0&DurationY=600")
    bench.code("AOGuide.cgi?XPosition=0&YPosition=100")
    bench.code("ChangeFilter.cgi?NewPosition=4")
    bench.code("SetFilterName.cgi?Filter1Name=Red")
    bench.code("SetFITSSetting.cgi?ObjectName=M31")
    bench.camera.power_up()
    assert {call: bench.lines(call) for call in reads} == fresh
    bench.advance(1000)
    assert {call: bench.lines(call) for call in reads} == fresh
    assert bench.camera.mirror.position(bench.camera.time.now()) == (50, 50)
    assert bench.lines("GetFilterSetting.cgi?CurrentFilter&CurrentFilterName") == ["1", "Red"]
    assert bench.lines("GetFITSSetting.cgi?ObjectName") == ["M31"]
    for p in PREFIXES:
        assert pixels(bench, p) == b""


async def test_timers_of_the_other_program_run_by_themselves(make_wire):
    wire = await make_wire(time_scale=20.0)
    started = asyncio.Event()
    guider = wire.server.camera.guider
    schedule = guider.on_start
    guider.on_start = lambda ccd, exposure: (schedule(ccd, exposure), started.set())
    wire.server.camera.faults.add("foreign-start=600,after=2,ccd=guider")
    assert not guider.is_busy()
    await asyncio.wait_for(started.wait(), 20)
    assert await wire.get("GuiderState.cgi") == b"2\r\n"
    started.clear()
    await wire.get("GuiderAbortExposure.cgi")
    wire.server.camera.faults.add("foreign-start=600,after=2,ccd=guider,path=FilterState,times=1")
    await wire.get("FilterState.cgi")
    await asyncio.wait_for(started.wait(), 20)
    assert [record.uri for record in wire.server.camera.requests.records] == [
        "/api/GuiderState.cgi",
        "/api/GuiderAbortExposure.cgi",
        "/api/FilterState.cgi",
    ]


def test_events_through_the_thread_s_call():
    with SimulatorThread(SimulatorOptions(time_scale=20)) as simulator:
        simulator.call(lambda camera: camera.faults.add("foreign-start=600,ccd=guider"))
        assert simulator.call(lambda camera: camera.guider.is_busy())
        simulator.add_fault("foreign-settings=CCDTemperatureSetpoint=-20,CoolerState=1")
        assert simulator.camera.cooler.on


async def test_events_through_the_admin_port(make_wire):
    wire = await make_wire(admin_port=0)

    async def ask(method, path, body=""):
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.server.admin_port)
        head = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body.encode())
        reply = await reader.read()
        writer.close()
        await writer.wait_closed()
        return json.loads(reply.partition(b"\r\n\r\n")[2])

    known = await ask("GET", "/faults")
    assert known["foreign-abort"]["arguments"]["buffer"] == "empty|previous"
    assert all(kind["summary"] for kind in known.values())
    wanted = ["foreign-start=60", "foreign-start=60", "answer-lost=silence,times=2"]
    status = await ask("POST", "/faults", json.dumps({"add": wanted}))
    assert status["faults"] == ["answer-lost=how=silence,times=2"]
    assert status["foreign_refusals"] == 1
    assert status["ccds"]["imager"]["state"] == 2
