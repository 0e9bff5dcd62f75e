"""An exposure from start to image buffer (STX API, Start Exposure, State, Image Ready, Data)."""

import asyncio

import pytest

PREFIXES = {"Imager": "imager", "Guider": "guider", "ExtGuider": "external-guider"}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_states_follow_each_other_in_time(bench, prefix):
    start = f"{prefix}StartExposure.cgi?Duration=5&FrameType=0"
    assert bench.lines(start) == []
    ccd = bench.camera.ccds[PREFIXES[prefix]]
    read_out_s = ccd.sensor.model.read_out_s(ccd.geometry.columns, ccd.geometry.rows)
    seen = []
    for step in (4.9, 0.2, read_out_s - 0.2, 0.2):
        bench.advance(step)
        seen += bench.lines(f"{prefix}State.cgi") + bench.lines(f"{prefix}ImageReady.cgi")
    assert seen == ["2", "0", "3", "0", "3", "0", "0", "1"]
    assert ccd.ready_at == pytest.approx(1000 + 5 + read_out_s)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_states_in_all_steps_of_ascom(bench, prefix):
    name = PREFIXES[prefix]
    bench.camera.faults.add(f"ascom-states=ccd={name}")
    assert bench.lines(f"{prefix}StartExposure.cgi?Duration=5&FrameType=0") == []
    ccd = bench.camera.ccds[name]
    read_out_s = ccd.sensor.model.read_out_s(ccd.geometry.columns, ccd.geometry.rows)
    seen = bench.lines(f"{prefix}State.cgi")
    for step in (0.3, 4.71, read_out_s * 0.6, read_out_s):
        bench.advance(step)
        seen += bench.lines(f"{prefix}State.cgi")
    assert seen == ["1", "2", "3", "4", "0"]


def test_frame_developed_late_keeps_the_camera_reading_out(bench):
    bench.lines("ImagerStartExposure.cgi?Duration=1&FrameType=0")
    bench.clock.advance(100)
    assert bench.lines("ImagerState.cgi") == ["3"]
    bench.advance(0)
    assert bench.lines("ImagerState.cgi") == ["0"]
    assert bench.camera.imager.ready_at == pytest.approx(1100)


def test_busy_while_exposing_and_reading_out(bench):
    start = "GuiderStartExposure.cgi?Duration=1&FrameType=1"
    assert bench.code(start) == ""
    assert bench.code(start) == "0x80001008"
    bench.advance(1.01)
    assert bench.lines("GuiderState.cgi") == ["3"]
    assert bench.code(start) == "0x80001008"
    assert bench.code("ExtGuiderStartExposure.cgi?Duration=1&FrameType=1") == ""


def test_parameters_of_an_exposure(bench):
    def start(query):
        code = bench.code(f"GuiderStartExposure.cgi?{query}")
        bench.lines("GuiderAbortExposure.cgi")
        return code

    for query in ("", "Duration=1", "FrameType=1", "Duration&FrameType=1"):
        assert start(query) == "0x8000100a"
    for query in ("Duration=-1&FrameType=1", "Duration=a&FrameType=1", "Duration=&FrameType=1"):
        assert start(query) == "0x80001009"
    for frame_type in ("4", "-1", "", "1.0", "light"):
        assert start(f"Duration=1&FrameType={frame_type}") == "0x80001009"
    for query in ("FrameType=0&Duration=0", "Duration=0.01&FrameType=3&Other=1"):
        assert start(query) == ""
    assert start("Duration=nan&FrameType=1") == start("Duration=inf&FrameType=1") == "0x80001009"


def test_date_time_in_every_known_spelling(bench):
    def start(text):
        code = bench.code(f"GuiderStartExposure.cgi?Duration=1&FrameType=1&DateTime={text}")
        shown = code or bench.running[-1][1].date_time
        bench.lines("GuiderAbortExposure.cgi")
        return shown

    wanted = "2026-03-14T21:05:06.789"
    assert start("2026-03-14T21.05.06.789") == wanted
    assert start("2026-03-14T21:05:06.789") == wanted
    assert start("2026-03-14T21%3A05%3A06.789123") == wanted
    assert start("2026-03-14T21:05:06") == "2026-03-14T21:05:06.000"
    assert start("2024-02-29T23:59:59.999") == "2024-02-29T23:59:59.999"
    assert start("2016-12-31T23:59:60.5") == "2016-12-31T23:59:60.500"
    for impossible in (
        "2026-02-29T00:00:00",
        "2026-13-01T00:00:00",
        "2026-00-01T00:00:00",
        "2026-04-31T00:00:00",
        "2026-04-30T24:00:00",
        "2026-04-30T00:60:00",
        "2026-04-30T00:00:61",
        "0000-01-01T00:00:00",
    ):
        assert start(impossible) == "0x80001009", impossible
    assert start("2026-03-14%2021:05:06") == start("now") == start("") == "0x80001009"


def test_starting_empties_the_buffer_and_abort_leaves_it_empty(make_bench):
    bench = make_bench(busy_download="empty")
    bench.expose(bench.camera.guider, 1)
    first = bytes(bench.ask("GuiderData.bin").body)
    assert len(first) == 657 * 495 * 2
    bench.advance(3600)
    assert bytes(bench.ask("GuiderData.bin").body) == first
    bench.lines("GuiderStartExposure.cgi?Duration=10&FrameType=1")
    assert bench.lines("GuiderImageReady.cgi") == ["0"]
    assert bytes(bench.ask("GuiderData.bin").body) == b""
    assert bench.lines("GuiderAbortExposure.cgi") == []
    assert bench.lines("GuiderState.cgi") == ["0"]
    bench.advance(100)
    assert bench.lines("GuiderImageReady.cgi") == ["0"]
    assert bench.camera.guider.frame_count == 1


@pytest.mark.parametrize("prefix", PREFIXES)
def test_download_while_busy_is_the_frame_before(bench, prefix):
    bench.lines(f"{prefix}SetSettings.cgi?NumX=40&NumY=30")
    start = f"{prefix}StartExposure.cgi?Duration=10&FrameType=1&DateTime=2026-02-03T04:05:06"
    bench.lines(start)
    assert bytes(bench.ask(f"{prefix}Data.bin").body) == b""
    bench.advance(10)
    bench.advance(10)
    first = bytes(bench.ask(f"{prefix}Data.bin").body)
    file = bench.ask(f"{prefix}.FIT").compose()
    bench.lines(start)
    for state, step in (("2", 10.01), ("3", 10)):
        assert bench.lines(f"{prefix}State.cgi") + bench.lines(f"{prefix}ImageReady.cgi") == [
            state,
            "0",
        ]
        assert bytes(bench.ask(f"{prefix}Data.bin").body) == first
        assert bench.ask(f"{prefix}.FIT").compose() == file
        bench.advance(step)
    assert bytes(bench.ask(f"{prefix}Data.bin").body) != first
    assert bench.camera.ccds[PREFIXES[prefix]].frame_count == 2
    bench.lines(start)
    bench.lines(f"{prefix}AbortExposure.cgi")
    assert bytes(bench.ask(f"{prefix}Data.bin").body) == b""


@pytest.mark.parametrize("call", ["Data.bin", ".FIT"])
async def test_download_while_busy_can_wait_for_the_frame(make_wire, call):
    wire = await make_wire(time_scale=20.0, busy_download="wait")
    await wire.get("GuiderSetSettings.cgi?NumX=40&NumY=30")
    before = await wire.take("Guider")
    await wire.get("GuiderStartExposure.cgi?Duration=4&FrameType=1")
    frame = await wire.get(f"Guider{call}")
    assert await wire.get("GuiderState.cgi") + await wire.get("GuiderImageReady.cgi") == (
        b"0\r\n1\r\n"
    )
    assert frame == await wire.get(f"Guider{call}")
    assert frame != before
    await wire.get("GuiderStartExposure.cgi?Duration=600&FrameType=1")
    waiting = asyncio.create_task(wire.get(f"Guider{call}"))
    assert await wire.get("GuiderState.cgi") == b"2\r\n"
    await wire.get("GuiderAbortExposure.cgi")
    assert await waiting == b""


def test_stxl_6303_reads_out_for_longer_than_a_second():
    from indi_stx.simulator.models import MODELS

    assert MODELS["STXL-6303"].imager.read_out_s(3072, 2047) > 1.1


def test_abort_of_nothing_keeps_the_frame(bench):
    bench.expose(bench.camera.guider, 1)
    assert bench.lines("GuiderAbortExposure.cgi") == []
    assert bench.lines("GuiderImageReady.cgi") == ["1"]


def test_settings_changed_while_exposing_count_for_the_next_frame(bench):
    bench.lines("GuiderStartExposure.cgi?Duration=2&FrameType=1")
    assert bench.code("GuiderSetSettings.cgi?BinX=3&BinY=3") == ""
    bench.advance(2)
    bench.advance(2)
    assert len(bench.ask("GuiderData.bin").body) == 657 * 495 * 2
    bench.expose(bench.camera.guider, 1)
    assert len(bench.ask("GuiderData.bin").body) == (657 // 3) * (495 // 3) * 2


def test_odd_sensor_is_floored_when_binned(make_bench):
    camera = make_bench(model="STXL-6303")
    assert camera.code("ImagerSetSettings.cgi?BinX=9&BinY=9") == ""
    camera.expose(camera.camera.imager, 0, frame_type=2)
    assert camera.camera.imager.frame().pixels.shape == (2047 // 9, 3072 // 9)


def test_binning_and_sub_frames_read_out_faster():
    from indi_stx.simulator.models import MODELS

    sensor = MODELS["STX-16803"].imager
    full = sensor.read_out_s(4096, 4096)
    assert 1 < full < 5
    assert sensor.read_out_s(1365, 1365) < full / 2
    assert sensor.read_out_s(100, 100) < sensor.read_out_s(1365, 1365)


def test_overscan_has_bias_and_read_noise_alone(make_bench):
    def frame(settings):
        camera = make_bench(firmware="newer", model="STT-8300", overscan_columns=40)
        assert camera.code("ImagerSetSettings.cgi?OverScan=1") == ""
        assert camera.code(f"ImagerSetSettings.cgi?StartY=100&NumY=70&{settings}") == ""
        camera.expose(camera.camera.imager, 60)
        return camera.camera.imager.frame().pixels.astype(int)

    whole = frame("StartX=3000&NumX=366")
    model = make_bench(model="STT-8300").camera.imager.sensor.model
    sensor, overscan = whole[:, :326], whole[:, 326:]
    assert overscan.mean() == pytest.approx(model.bias_adu, abs=3)
    noise_adu = model.read_noise_electrons / model.electrons_per_adu
    assert overscan.std() == pytest.approx(noise_adu, rel=0.1)
    assert sensor.mean() > overscan.mean() + 20
    assert (frame("StartX=3000&NumX=326") == sensor).all()
    assert (frame("StartX=3330&NumX=20") == whole[:, 330:350]).all()
    binned = frame("StartX=3000&NumX=366&BinX=4&BinY=2")
    assert binned.shape == (35, 91)
    assert binned[:, 82:].mean() == pytest.approx(model.bias_adu, abs=5)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_first_frame_after_switching_on_has_old_charge(bench, prefix):
    name = PREFIXES[prefix]
    ccd = bench.camera.ccds[name]
    bench.lines(f"{prefix}SetSettings.cgi?NumX=40&NumY=30")
    bench.camera.faults.add(f"bad-first-frame=ccd={name}")
    means = []
    for _ in range(2):
        bench.expose(ccd, 1, frame_type=0)
        means.append(ccd.frame().pixels.mean(axis=1))
    assert means[0][0] > 20000 > 5000 > means[0][-1]
    assert means[1].max() < 5000
    bench.camera.power_up()
    bench.lines(f"{prefix}SetSettings.cgi?NumX=40&NumY=30")
    bench.expose(ccd, 1, frame_type=0)
    assert ccd.frame().pixels[0].mean() > 20000


def test_frame_of_another_shape(bench):
    bench.lines("GuiderSetSettings.cgi?NumX=40&NumY=30")
    bench.camera.faults.add("wrong-shape=rows=3,times=1")
    bench.expose(bench.camera.guider, 1)
    assert len(bench.ask("GuiderData.bin").body) == 40 * 27 * 2
    assert b"NAXIS2  =                   27" in bench.ask("Guider.FIT").compose()
    bench.expose(bench.camera.guider, 1)
    assert len(bench.ask("GuiderData.bin").body) == 40 * 30 * 2
