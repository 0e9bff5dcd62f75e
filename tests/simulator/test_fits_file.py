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
