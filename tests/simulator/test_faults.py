"""Each fault, over the wire or on the bench, and how faults are written."""

import asyncio
import time

import numpy as np
import pytest

from indi_stx.errors import SimulatorError
from indi_stx.simulator.faults import FAULTS, Faults, describe_faults, parse_fault

OK_HEAD = b"HTTP/1.0 200 OK\r\n"
STATE = b"GET /api/ImagerState.cgi HTTP/1.0\r\n\r\n"
DESCRIPTION = b"GET /api/Description.cgi HTTP/1.0\r\n\r\n"
DATA = b"GET /api/GuiderData.bin HTTP/1.0\r\n\r\n"
SMALL_FRAME = "GuiderSetSettings.cgi?NumX=100&NumY=100"


async def received(wire, request, timeout_s=5.0):
    """Return what arrives, and whether it ended as `end`, `reset` or `silence`."""
    reader, writer = await wire.connect()
    data = b""
    try:
        writer.write(request)
        while True:
            piece = await asyncio.wait_for(reader.read(65536), timeout_s)
            if not piece:
                return data, "end"
            data += piece
    except ConnectionResetError:
        return data, "reset"
    except TimeoutError:
        return data, "silence"
    finally:
        writer.close()


async def test_refused_connections_come_back(wire):
    wire.server.camera.faults.add("refuse")
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    wire.server.camera.faults.clear("refuse")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"
    wire.server.camera.faults.add("refuse=0.1")
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    await until_it_answers(wire)
    assert "refuse" not in wire.server.camera.faults


async def test_limited_refusal_on_top_of_an_endless_one_ends(wire):
    wire.server.camera.faults.add("refuse")
    wire.server.camera.faults.add("refuse=0.1")
    await until_it_answers(wire)
    assert "refuse" not in wire.server.camera.faults


async def test_refusal_that_was_ended_does_not_end_the_next(wire):
    faults = wire.server.camera.faults
    faults.add("refuse=0.1")
    ended = asyncio.get_running_loop().time() + 0.1
    faults.clear("refuse")
    faults.add("refuse")
    while asyncio.get_running_loop().time() < ended + 0.1:
        with pytest.raises(ConnectionRefusedError):
            await wire.connect()
        await asyncio.sleep(0.01)
    assert [str(fault) for fault in faults] == ["refuse"]


async def test_endless_refusal_on_top_of_a_limited_one_stays(wire):
    faults = wire.server.camera.faults
    faults.add("refuse=0.1")
    ended = asyncio.get_running_loop().time() + 0.1
    faults.add("refuse")
    while asyncio.get_running_loop().time() < ended + 0.1:
        with pytest.raises(ConnectionRefusedError):
            await wire.connect()
        await asyncio.sleep(0.01)
    assert [str(fault) for fault in faults] == ["refuse"]


async def test_reboot_does_not_end_an_endless_refusal(wire):
    faults = wire.server.camera.faults
    faults.add("refuse")
    faults.add("reboot=0.05")
    await until_it_ends(faults, "reboot")
    assert [str(fault) for fault in faults] == ["refuse"]
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()


async def test_longer_refusal_outlives_a_reboot(wire):
    faults = wire.server.camera.faults
    faults.add("reboot=60")
    faults.add("refuse=0.05")
    await until_it_ends(faults, "refuse")
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    faults.clear("reboot")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"


async def until_it_ends(faults, name):
    ended = asyncio.Event()
    apply = faults.on_change

    def changed():
        apply()
        if name not in faults:
            ended.set()

    faults.on_change = changed
    await asyncio.wait_for(ended.wait(), 10)


async def until_it_answers(wire):
    async with asyncio.timeout(5):
        while True:
            try:
                return await wire.get("ImagerState.cgi")
            except OSError:
                await asyncio.sleep(0.01)


async def test_hang_accepts_and_stays_silent(wire):
    wire.server.camera.faults.add("hang=times=1")
    assert await received(wire, STATE, 0.3) == (b"", "silence")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"


async def test_reset_before_the_header(wire):
    wire.server.camera.faults.add("reset=times=2")
    assert await received(wire, STATE) == (b"", "reset")
    assert await received(wire, STATE) == (b"", "reset")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"


@pytest.mark.parametrize(("fault", "end"), [("reset-body", "reset"), ("stall-body", "silence")])
async def test_body_breaks_off(wire, fault, end):
    await wire.get(SMALL_FRAME)
    await wire.take("Guider")
    wire.server.camera.faults.add(f"{fault}=7777,path=Data.bin,times=1")
    assert await wire.get("ImagerState.cgi") == b"0\r\n"
    data, ended = await received(wire, DATA, 0.5 if end == "silence" else 5.0)
    head, _, body = data.partition(b"\r\n\r\n")
    assert ended == end
    if end == "silence":
        assert b"Content-Length: 20000" in head
        assert len(body) == 7777
    assert len(await wire.get("GuiderData.bin")) == 20000


async def test_truncated_text_is_shorter_than_its_length_says(wire):
    wire.server.camera.faults.add("truncate-text=5")
    data, ended = await received(wire, DESCRIPTION)
    assert data.endswith(b"Content-Length: 16\r\n\r\nSBIG ")
    assert ended == "end"


async def test_garbled_text_has_the_right_length_and_no_sense(wire):
    wire.server.camera.faults.add("garble-text")
    data, _ = await received(wire, DESCRIPTION)
    body = data.partition(b"\r\n\r\n")[2]
    assert data.startswith(OK_HEAD)
    assert len(body) == 16
    assert not body.isascii()


async def test_slow_link(wire):
    await wire.get(SMALL_FRAME)
    await wire.take("Guider")
    wire.server.camera.faults.add("slow-link=50000")
    started = time.monotonic()
    assert len(await wire.get("GuiderData.bin")) == 20000
    assert time.monotonic() - started > 0.25
    wire.server.camera.faults.clear()


async def test_single_connection_mode_makes_others_wait(wire):
    wire.server.camera.faults.add("single-connection")
    reader, writer = await wire.connect()
    writer.write(STATE[:10])
    waiting = asyncio.create_task(wire.get("FilterState.cgi"))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    writer.write(STATE[10:])
    assert (await reader.read()).endswith(b"0\r\n")
    writer.close()
    assert await waiting == b"0\r\n"


async def test_reboot_drops_connections_and_settings_but_not_the_flash(wire):
    await wire.get("ImagerSetSettings.cgi?BinX=3&CoolerState=1")
    await wire.get("SetFilterName.cgi?Filter1Name=Red")
    await wire.get("GuiderStartExposure.cgi?Duration=600&FrameType=1")
    reader, writer = await wire.connect()
    await wire.get("ImagerState.cgi")
    wire.server.camera.faults.add("reboot=0.2")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    await until_it_answers(wire)
    assert await wire.get("ImagerGetSettings.cgi?BinX&CoolerState") == b"1\r\n0\r\n"
    assert await wire.get("GuiderState.cgi") == b"0\r\n"
    assert await wire.get("GetFilterSetting.cgi?Filter1Name") == b"Red\r\n"


def test_error_state_ends_exposures_until_the_next(bench):
    bench.camera.faults.add("error-state=ccd=guider")
    bench.code("GuiderStartExposure.cgi?Duration=1&FrameType=1")
    bench.advance(1)
    bench.advance(1)
    assert bench.lines("GuiderState.cgi") == ["5"]
    assert bench.lines("GuiderImageReady.cgi") == ["0"]
    bench.expose(bench.camera.external_guider, 1)
    bench.camera.faults.clear()
    assert bench.lines("GuiderState.cgi") == ["5"]
    bench.expose(bench.camera.guider, 1)
    assert bench.lines("GuiderState.cgi") == ["0"]


def test_zero_frame(bench):
    bench.camera.faults.add("zero-frame")
    bench.expose(bench.camera.guider, 1)
    assert not bench.camera.guider.frame().pixels.any()


async def test_short_frame(wire):
    await wire.get(SMALL_FRAME)
    wire.server.camera.faults.add("short-frame=200")
    assert len(await wire.take("Guider")) == 19800


def test_stale_flag_delivers_the_frame_before(bench):
    bench.expose(bench.camera.guider, 1)
    first = bytes(bench.ask("GuiderData.bin").body)
    bench.camera.faults.add("stale-ready")
    bench.code("GuiderStartExposure.cgi?Duration=5&FrameType=1")
    assert bench.lines("GuiderImageReady.cgi") == ["1"]
    assert bench.lines("GuiderState.cgi") == ["2"]
    assert bytes(bench.ask("GuiderData.bin").body) == first
    bench.advance(5)
    bench.advance(5)
    assert bytes(bench.ask("GuiderData.bin").body) != first


def test_failing_abort(bench):
    bench.camera.faults.add("abort-fails")
    assert bench.code("ImagerAbortExposure.cgi") == ""
    bench.code("ImagerStartExposure.cgi?Duration=60&FrameType=1")
    assert bench.code("ImagerAbortExposure.cgi") == "0x80001007"
    assert bench.lines("ImagerState.cgi") == ["2"]


@pytest.mark.parametrize(
    ("fault", "prefix"), [("no-guider", "Guider"), ("no-external-guider", "ExtGuider")]
)
def test_missing_guide_ccd_has_no_size_and_takes_no_exposure(bench, fault, prefix):
    bench.camera.faults.add(fault)
    names = "CameraXSize&CameraYSize&NumX&NumY"
    assert bench.lines(f"{prefix}GetSettings.cgi?{names}") == ["0", "0", "0", "0"]
    assert bench.lines(f"{prefix}State.cgi") == ["0"]
    assert bench.code(f"{prefix}StartExposure.cgi?Duration=1&FrameType=1") == "0x80001009"
    bench.camera.faults.clear(fault)
    assert bench.code(f"{prefix}StartExposure.cgi?Duration=1&FrameType=1") == ""


def test_fan_writes_that_do_not_stick(make_bench):
    bench = make_bench(firmware="newer", faults=("fan-writes-ignored",))
    assert bench.code("ImagerSetSettings.cgi?FanState=1&FanPower=90") == ""
    assert bench.lines("ImagerGetSettings.cgi?FanState&FanPower") == ["2", "63"]


def test_times_and_path_choose_the_replies():
    faults = Faults()
    faults.add("reset=times=2,path=State")
    assert faults.take("reset", "/api/Description.cgi") is None
    assert faults.take("reset", "/api/ImagerState.cgi")
    assert faults.take("reset", "/api/FilterState.cgi")
    assert faults.take("reset", "/api/ImagerState.cgi") is None


def test_newest_of_the_same_fault_counts_whatever_limits_the_older_had():
    faults = Faults()
    faults.add("reset")
    faults.add("reset=times=1")
    assert faults.take("reset", "/api/ImagerState.cgi")
    assert faults.take("reset", "/api/ImagerState.cgi") is None
    faults.add("reset=times=1")
    faults.add("reset")
    assert all(faults.take("reset", "/api/ImagerState.cgi") for _ in range(5))


def test_same_fault_for_another_path_stands_beside_the_first():
    faults = Faults()
    faults.add("reset=path=State")
    faults.add("reset=path=Abort,times=1")
    assert faults.take("reset", "/api/ImagerState.cgi")
    assert faults.take("reset", "/api/ImagerAbortExposure.cgi")
    assert faults.take("reset", "/api/ImagerAbortExposure.cgi") is None
    assert [str(fault) for fault in faults] == ["reset=path=State"]
    faults.add("reset=times=1")
    assert faults.take("reset", "/api/ImagerState.cgi")
    assert [str(fault) for fault in faults] == ["reset=path=State"]
    faults.add("reset=path=Abort")
    faults.clear("reset")
    assert list(faults) == []


def test_faults_are_written_as_they_are_read():
    for text in ("hang", "reset-body=after=10,path=Data,times=3", "error-state=ccd=guider"):
        assert str(parse_fault(text)) == text
    assert str(parse_fault("reboot=30")) == "reboot=seconds=30"


@pytest.mark.parametrize(
    "text",
    """
    nothing reboot=soon reboot=-1 hang=5 hang=times=x refuse=minutes=1 refuse=times=1
    error-state=ccd=main reset-body=nan zero-frame=1 =
    """.split(),  # noqa: SIM905
)
def test_nonsense_is_refused_with_what_is_known(text):
    with pytest.raises(SimulatorError, match=r"Known: refuse|It takes"):
        parse_fault(text)


def test_every_fault_is_described():
    description = describe_faults()
    assert all(name in description for name in FAULTS)


async def test_texts_padded_and_misnamed(make_wire):
    wire = await make_wire(faults=("padded-text=path=State", "text-as-html=path=Get"))
    ask = b"GET /api/%s HTTP/1.0\r\n\r\n"
    padded = await wire.exchange(ask % b"ImagerState.cgi")
    assert padded.endswith(b"Content-Length: 10\r\n\r\n0\r\n \0\0\r\n\r\n")
    misnamed = await wire.exchange(ask % b"ImagerGetSettings.cgi?BinX")
    assert b"Content-Type: text/html\r\n" in misnamed
    assert misnamed.endswith(b"\r\n\r\n1\r\n")
    assert b"text/plain" in await wire.exchange(ask % b"Description.cgi")
    assert (await wire.exchange(ask % b"ImagerData.bin")).endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize("prefix", ["Guider", "ExtGuider"])
async def test_guide_frame_read_during_a_download_is_noise(make_wire, prefix):
    wire = await make_wire(time_scale=50.0, bandwidth_bytes_per_s=200_000, faults=("guide-noise",))
    for ccd, size in (("Imager", 2000), (prefix, 50)):
        await wire.get(f"{ccd}SetSettings.cgi?NumX={size}&NumY={size}")
    await wire.get("ImagerStartExposure.cgi?Duration=0.01&FrameType=0")
    await wire.ready("Imager")
    reader, writer = await wire.connect()
    writer.write(b"GET /api/ImagerData.bin HTTP/1.0\r\n\r\n")  # for 40 s
    await reader.readuntil(b"\r\n\r\n")
    disturbed = np.frombuffer(await wire.take(prefix, frame_type=0), "<u2")
    writer.transport.abort()
    while wire.server.camera.guider.is_disturbed():
        await wire.get("ImagerState.cgi")
    quiet = np.frombuffer(await wire.take(prefix, frame_type=0), "<u2")
    assert disturbed.std() > 10_000
    assert quiet.std() < 1000
