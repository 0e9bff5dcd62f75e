"""The camera's own FITS file, opened by astropy."""

import io

import numpy as np
import pytest
from astropy.io import fits


@pytest.fixture
def opened():
    def open_reply(reply):
        with fits.open(io.BytesIO(reply.compose())) as file:
            file.verify("exception")
            return file[0].header, np.array(file[0].data)

    return open_reply


def test_file_has_the_frame_and_its_facts(bench, opened):
    bench.code("GuiderSetSettings.cgi?StartX=10&StartY=20&NumX=301&NumY=203&BinX=3&BinY=2")
    bench.code("GuiderStartExposure.cgi?Duration=2.5&FrameType=3&DateTime=2026-03-14T21:05:06.789")
    bench.advance(2.5)
    bench.advance(1)
    header, data = opened(bench.ask("Guider.FIT"))
    assert data.dtype == np.uint16
    assert np.array_equal(data, bench.camera.guider.frame().pixels)
    assert (header["NAXIS1"], header["NAXIS2"]) == (100, 101)
    expected = {
        "DATE-OBS": "2026-03-14T21:05:06.789",
        "EXPTIME": 2.5,
        "IMAGETYP": "Flat Field",
        "XBINNING": 3,
        "YBINNING": 2,
        "XPIXSZ": 22.2,
        "INSTRUME": "SBIG STX-16803",
        "CCD-TEMP": 15.0,
        "EGAIN": 0.35,
    }
    assert {key: header[key] for key in expected} == expected
    assert "SET-TEMP" not in header


def test_cards_are_those_of_sbig_s_own_programs(bench, opened):
    bench.code("ImagerSetSettings.cgi?NumX=64&NumY=48&BinX=2&BinY=2")
    bench.expose(bench.camera.imager, 10)
    header, data = opened(bench.ask("Imager.FIT"))
    order = """
        SIMPLE BITPIX NAXIS NAXIS1 NAXIS2 EXTEND BZERO BSCALE COMMENT COMMENT OBJECT TELESCOP
        INSTRUME OBSERVER DATE-OBS EXPTIME CCD-TEMP SET-TEMP XPIXSZ YPIXSZ XBINNING YBINNING
        XORGSUBF YORGSUBF EGAIN FOCALLEN APTDIA APTAREA CBLACK CWHITE PEDESTAL DATAMAX SBSTDVER
        SWACQUIR SWCREATE FILTER IMAGETYP SNAPSHOT DATE RESMODE EXPSTATE RESPONSE NOTE TRAKTIME
    """.split()  # noqa: SIM905
    reply = bench.ask("Imager.FIT").compose().decode("latin-1")
    cards = [reply[start : start + 80] for start in range(0, 80 * len(order), 80)]
    assert [card[:8].rstrip() for card in cards] == order
    assert reply[80 * len(order) :].startswith("END" + " " * 77)
    sbig = {
        "PEDESTAL": (-1000, "ADD TO ADU FOR 0-BASE"),
        "DATAMAX": (65535, "SATURATION LEVEL"),
        "SWACQUIR": ("STX simulated camera", "DATA ACQ SOFTWARE"),
        "SNAPSHOT": (1, "NUMBER IMAGES COADDED"),
        "DATE": ("2026-01-01", "GMT DATE WHEN THIS FILE CREATED"),
        "RESMODE": (1, "RESOLUTION MODE"),
        "EXPSTATE": ("125", "EXPOSURE STATE (HEX)"),
        "RESPONSE": (2000.0, "CCD RESPONSE FACTOR"),
        "NOTE": ("Camera time: 2026-01-01T00:16:40.000", ""),
        "TRAKTIME": (0.0, "TRACKING EXPOSURE"),
        "EXPTIME": (10.0, "EXPOSURE IN SECONDS"),
    }
    assert {key: (header[key], header.comments[key]) for key in sbig} == sbig
    assert data.min() <= header["CBLACK"] < header["CWHITE"] <= data.max()
    assert header.comments["CBLACK"] == "BLACK ADU FOR DISPLAY"
    assert "EXPTIME =                  10. / EXPOSURE IN SECONDS".ljust(80) in cards
    assert "SNAPSHOT=                    1 / NUMBER IMAGES COADDED".ljust(80) in cards
    assert "EXPSTATE= '125     '           / EXPOSURE STATE (HEX)".ljust(80) in cards


def test_header_takes_the_settings_at_the_time_of_download(bench, opened):
    bench.code("ImagerSetSettings.cgi?NumX=64&NumY=64&CCDTemperatureSetpoint=-7.5")
    bench.code("SetFilterName.cgi?Filter1Name=Red")
    bench.expose(bench.camera.imager, 0, frame_type=2)
    call = "SetFITSSetting.cgi?ObjectName=Barnard%27s%20star&FL=1234.5"
    bench.code(call)
    header, _ = opened(bench.ask("Imager.FIT"))
    assert header["OBJECT"] == "Barnard's star"
    assert header["FOCALLEN"] == 1234.5
    assert header["SET-TEMP"] == -7.5
    assert header["FILTER"] == "Red"
    assert header["IMAGETYP"] == "Bias Frame"
    assert header["DATE-OBS"] == "2008-01-01T00:00:00.000"


def test_longest_texts_fit_their_cards(bench, opened):
    bench.code("GuiderSetSettings.cgi?NumX=8&NumY=8")
    bench.code(f"SetFITSSetting.cgi?Observer={'o' * 67}&ObjectName={'%27' * 67}&FL=1e25")
    bench.expose(bench.camera.guider, 0)
    header, _ = opened(bench.ask("Guider.FIT"))
    assert header["OBSERVER"] == "o" * 67
    assert set(header["OBJECT"]) == {"'"}
    assert header["FOCALLEN"] == 1e25


def test_no_frame_no_file(bench):
    reply = bench.ask("Imager.FIT")
    assert (reply.status, reply.binary, bytes(reply.body), reply.compose) == (200, True, b"", None)


PREFIXES = {"Imager": "imager", "Guider": "guider", "ExtGuider": "external-guider"}
SENT = "2026-03-14T21:05:06.789"


def date_obs_of(bench, opened, prefix, sent=SENT):
    bench.code(f"{prefix}SetSettings.cgi?NumX=40&NumY=30")
    bench.code(f"{prefix}StartExposure.cgi?Duration=1&FrameType=1&DateTime={sent}")
    bench.advance(1)
    bench.advance(9)
    return opened(bench.ask(f"{prefix}.FIT"))[0].get("DATE-OBS")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_ccd_echoes_the_date_time_to_the_millisecond(bench, opened, prefix):
    assert date_obs_of(bench, opened, prefix) == SENT
    assert date_obs_of(bench, opened, prefix, "2026-03-14T21.05.07.001") == (
        "2026-03-14T21:05:07.001"
    )


def test_camera_that_stores_whatever_comes(make_bench, opened):
    bench = make_bench(date_time_check="none")
    for text in ("2026-02-30T25:61:61.000", "yesterday's", "2026-03-14T21.05.06.789", ""):
        assert date_obs_of(bench, opened, "Guider", text.replace("'", "%27")) == text
    assert date_obs_of(bench, opened, "Guider", "%FF") == "?"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_cameras_that_do_not_echo_it(make_bench, opened, prefix):
    truncating = make_bench(date_obs_truncated=True)
    assert date_obs_of(truncating, opened, prefix) == "2026-03-14T21:05:06"
    silent = make_bench(date_obs="none")
    assert date_obs_of(silent, opened, prefix) is None
    own = make_bench(date_obs="own")
    assert date_obs_of(own, opened, prefix) == "2026-01-01T00:16:40.000"
    own.camera.faults.add("clock-jump=-1000.5")
    assert date_obs_of(own, opened, prefix) == "2026-01-01T00:00:09.500"
    both = make_bench(date_obs="own", date_obs_truncated=True)
    assert date_obs_of(both, opened, prefix) == "2026-01-01T00:16:40"


def test_clock_that_jumps_later_leaves_the_date_of_an_exposure(make_bench, opened):
    bench = make_bench(date_obs="own")
    before = date_obs_of(bench, opened, "Guider")
    bench.camera.faults.add("clock-jump")
    assert opened(bench.ask("Guider.FIT"))[0]["DATE-OBS"] == before


async def read_first_block(wire, prefix):
    """Read one FITS block of a CCD's file and hang up with the rest unread."""
    reader, writer = await wire.connect()
    writer.write(f"GET /api/{prefix}.FIT HTTP/1.0\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    block = await reader.readexactly(2880)
    writer.transport.abort()
    return block


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_header_can_be_read_without_the_rest(make_wire, prefix):
    wire = await make_wire(time_scale=50.0, model="STT-8300")
    frame = await wire.take(prefix)
    for _ in range(3):
        block = await read_first_block(wire, prefix)
        assert fits.Header.fromstring(block.decode("ascii"))["DATE-OBS"].startswith("2008-01-01T")
        assert await wire.get(f"{prefix}State.cgi") + await wire.get(f"{prefix}ImageReady.cgi") == (
            b"0\r\n1\r\n"
        )
    assert await wire.get(f"{prefix}Data.bin") == frame
    whole = await wire.get(f"{prefix}.FIT")
    assert whole.startswith(block)
    assert len(whole) % 2880 == 0
    assert await wire.take(prefix) != frame


async def test_header_read_and_given_up_while_other_commands_are_made(make_wire):
    wire = await make_wire(time_scale=50.0, model="STT-8300", bandwidth_bytes_per_s=2_000_000)
    await wire.get("ImagerSetSettings.cgi?NumX=1000&NumY=1000")
    frame = await wire.take("Imager")
    reader, writer = await wire.connect()
    writer.write(b"GET /api/Imager.FIT HTTP/1.0\r\n\r\n")
    await reader.readuntil(b"SIMPLE  =")
    # The file is under way; whatever is asked meanwhile is answered and carried out.
    assert await wire.get("PulseGuide.cgi?DirectionX=0&DurationX=60") == b""
    assert await wire.get("ChangeFilter.cgi?NewPosition=2") == b""
    assert await wire.get("GuiderStartExposure.cgi?Duration=600&FrameType=0") == b""
    writer.transport.abort()
    assert await wire.get("GuiderState.cgi") == b"2\r\n"
    assert await wire.get("IsPulseGuiding.cgi") == b"1\r\n"
    assert await wire.get("ImagerData.bin") == frame
    start = "ImagerStartExposure.cgi?Duration=0.01&FrameType=0&DateTime=2026-01-02T03:04:05.678"
    assert await wire.get(start) == b""
    await wire.ready("Imager")
    assert b"2026-01-02T03:04:05.678" in await read_first_block(wire, "Imager")
