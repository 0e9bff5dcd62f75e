"""The camera's own web pages: what they set, show and refuse, and the preview."""

import asyncio
import html.parser
import io

import numpy as np
import pytest
from PIL import Image

from indi_stx.simulator.http_message import parse_request_line
from indi_stx.simulator.jpeg_file import jpeg_file
from indi_stx.simulator.preview import preview_file
from indi_stx.simulator.web_markup import PAGES


class Markup(html.parser.HTMLParser):
    """Checks that tags are balanced; collects inputs, value pairs, options and links."""

    OPEN = ("meta", "img", "input")

    def __init__(self):
        super().__init__()
        self.stack, self.inputs, self.options, self.links, self.cells = [], {}, {}, [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.OPEN:
            self.stack.append((tag, dict(attrs)))
        attributes = dict(attrs)
        if (tag == "input" and attributes["type"] in ("text", "hidden")) or (
            tag == "input" and "checked" in attributes
        ):
            self.inputs[attributes["name"]] = attributes["value"]
        elif tag == "option":
            self.options[attributes["value"]] = "selected" in attributes
        elif tag == "a":
            self.links.append(attributes["href"])

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1][1].get("class") in ("valuename", "value"):
            self.cells.append(data)


@pytest.fixture
def browse(bench):
    def get(uri, *, of=bench):
        reply = of.routes.answer(parse_request_line(f"GET {uri} HTTP/1.0".encode()))
        if reply.status != 200:
            return bytes(reply.body).decode().split("\r\n")[0]
        assert b"Content-Type: text/html\r\n" in reply.head(len(reply.body))
        markup = Markup()
        markup.feed(bytes(reply.body).decode("latin-1"))
        markup.close()
        assert markup.stack == []
        assert {*PAGES} <= {*markup.links}
        return markup

    return get


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_leads_to_the_others(browse, path):
    assert browse(path).links[0] == "/index.html"


def test_front_page_is_what_a_browser_gets_at_the_address_alone(browse):
    assert browse("/").cells == browse("/index.html").cells


def test_front_page_shows_names_and_values(browse, make_bench):
    cells = browse("/index.html").cells
    shown = dict(zip(cells[::2], cells[1::2], strict=True))
    assert shown["Model"] == "SBIG STX-16803"
    assert shown["HTTP API"] == "1.00.1"
    assert shown["State"] == "idle"
    assert "Serial number" in browse("/index.html", of=make_bench(firmware="newer")).cells


def test_setup_shows_what_the_api_says_and_sets_what_it_is_sent(browse, bench):
    assert browse("/setup.html").inputs == {
        "Bin": "1",
        "CoolerState": "0",
        "CCDTemperatureSetpoint": "25.00",
        "Fan": "1",
        "FanSetpoint": "63.0",
        "FrameSize": "1",
    }
    query = "Bin=3&CoolerState=1&CCDTemperatureSetpoint=-12.5&Fan=2&FanSetpoint=40.0&FrameSize=2"
    assert browse(f"/setup.html?{query}").inputs == {
        "Bin": "3",
        "CoolerState": "1",
        "CCDTemperatureSetpoint": "-12.50",
        "Fan": "2",
        "FanSetpoint": "40.0",
        "FrameSize": "2",
    }
    names = "BinX&BinY&CoolerState&CCDTemperatureSetpoint&StartX&StartY&NumX&NumY"
    expected = ["3", "3", "1", "-12.50", "1024", "1024", "2048", "2048"]
    assert bench.lines(f"ImagerGetSettings.cgi?{names}") == expected
    assert browse("/setup.html?FrameSize=3").inputs["FrameSize"] == "3"
    assert bench.lines("ImagerGetSettings.cgi?StartX&NumX") == ["1536", "1024"]
    assert browse("/setup.html?Fan=3").inputs["FanSetpoint"] == "0.0"
    assert browse("/setup.html?FrameSize=1").inputs["FrameSize"] == "1"


def test_setup_leaves_a_frame_alone_that_has_none_of_its_sizes(browse, bench):
    bench.code("ImagerSetSettings.cgi?NumX=100&NumY=50&BinX=2")
    inputs = browse("/setup.html").inputs
    assert not inputs.keys() & {"FrameSize", "Bin"}
    browse("/setup.html?" + "&".join(f"{name}={value}" for name, value in inputs.items()))
    assert bench.lines("ImagerGetSettings.cgi?NumX&NumY&BinX&BinY") == ["100", "50", "2", "1"]


def test_fan_that_does_not_obey_shows_on_the_page(browse, bench):
    bench.camera.faults.add("fan-writes-ignored")
    inputs = browse("/setup.html?Fan=2&FanSetpoint=100.0").inputs
    assert (inputs["Fan"], inputs["FanSetpoint"]) == ("1", "63.0")


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("/setup.html?Bin=10", "0x80001001"),
        ("/setup.html?CCDTemperatureSetpoint=cold", "0x80001009"),
        ("/setup.html?Fan=4", "0x80001009"),
        ("/setup.html?Fan=2&FanSetpoint=101", "0x80001009"),
        ("/setup.html?FrameSize=0", "0x80001009"),
        ("/exposure.html?ExposureTime=-1&ImageType=1", "0x80001009"),
        ("/exposure.html?ExposureTime=1&ImageType=4", "0x80001009"),
        ("/exposure.html?ExposureTime=1&Contrast=2", "0x80001009"),
        ("/exposure.html?ExposureTime=1&DateTime=2026-02-30T00:00:00", "0x80001009"),
        ("/filtersetup.html?Filter=9", "0x80001009"),
        ("/filtersetup.html?Filter=Red", "0x80001009"),
    ],
)
def test_what_cannot_be_is_refused_as_by_the_api(browse, bench, uri, code):
    assert browse(uri) == code
    assert not bench.camera.imager.is_busy()


def test_exposure_by_form(browse, bench):
    bench.code("ImagerSetSettings.cgi?NumX=64&NumY=48")
    assert browse("/exposure.html").inputs["ExposureTime"] == "1.0"
    query = "ExposureTime=2.5&ImageType=0&Contrast=1&DateTime=2026-03-14T21:05:06.789"
    inputs = browse(f"/exposure.html?{query}").inputs
    assert inputs == {"ExposureTime": "2.5", "ImageType": "0", "Contrast": "1", "DateTime": ""}
    assert bench.lines("CurrentCCDState.cgi?IncludeTimePct") == ["2"]
    assert browse(f"/exposure.html?{query}") == "0x80001008"
    exposure = bench.running[-1][1]
    assert (exposure.duration_s, exposure.frame_type) == (2.5, 0)
    assert exposure.date_time == "2026-03-14T21:05:06.789"
    assert "/Image.FIT" not in browse("/exposure.html").links
    bench.advance(2.5)
    bench.advance(9)
    assert "/Image.FIT" in browse("/exposure.html").links
    file = bench.routes.answer(parse_request_line(b"GET /Image.FIT HTTP/1.0")).compose()
    assert file == bench.ask("Imager.FIT").compose()


def test_exposure_is_aborted_by_its_page(browse, bench):
    browse("/exposure.html?ExposureTime=600&ImageType=1&Contrast=0&DateTime=")
    assert bench.lines("ImagerState.cgi") == ["2"]
    browse("/exposure.html?Abort")
    assert bench.lines("ImagerState.cgi") == ["0"]
    bench.camera.faults.add("abort-fails")
    browse("/exposure.html?ExposureTime=600")
    assert browse("/exposure.html?Abort") == "0x80001007"


def test_wheel_moves_by_its_page_and_shows_where_it_is_going(browse, bench):
    chosen = lambda markup: [value for value, on in markup.options.items() if on]  # noqa: E731
    assert chosen(browse("/filtersetup.html")) == ["1"]
    assert chosen(browse("/filtersetup.html?Filter=3")) == ["3"]
    assert bench.lines("FilterState.cgi") == ["1"]
    assert browse("/filtersetup.html?Filter=4") == "0x8000100b"
    assert browse("/filtersetup.html?Filter=0") == "0x8000100b"
    bench.advance(10)
    assert bench.lines("GetFilterSetting.cgi?CurrentFilter") == ["3"]
    assert chosen(browse("/filtersetup.html?Filter=0")) == ["1"]
    assert bench.lines("FilterState.cgi") == ["1"]
    bench.advance(20)
    assert bench.lines("GetFilterSetting.cgi?CurrentFilter") == ["1"]
    bench.camera.faults.add("filter-missing")
    assert browse("/filtersetup.html?Filter=2") == "0x8000100c"
    assert browse("/filtersetup.html?Filter=0") == "0x8000100c"


def test_filters_are_named_by_their_page(browse, bench, make_bench):
    inputs = browse("/filtersetup.html?Filter1=Red%20%22%26&Filter8=0123456789abcdefgh").inputs
    assert inputs["Filter1"] == 'Red "&'
    assert inputs["Filter2"] == "Empty"
    assert bench.lines("GetFilterSetting.cgi?Filter8Name") == ["0123456789abcdef"]
    assert bench.camera.flash.writes == 1
    browse("/filtersetup.html?Filter1=Red%20%22%26")
    browse("/filtersetup.html?Filter1=%07")
    assert bench.camera.flash.writes == 1
    table = make_bench(filter_name_key="table")
    assert browse("/filtersetup.html?Filter1=Red", of=table).inputs["Filter1"] == "Red"


async def test_anything_submitted_on_the_network_page_reboots(make_wire):
    wire = await make_wire(time_scale=10.0)
    await wire.get("ImagerSetSettings.cgi?BinX=3")
    page = await wire.exchange(b"GET /network.html HTTP/1.0\r\n\r\n")
    assert b"EthernetParams" in page
    assert list(wire.server.camera.faults) == []
    with pytest.raises(ConnectionResetError):
        await wire.exchange(b"GET /network.html?DHCP=0 HTTP/1.0\r\n\r\n")
    with pytest.raises(ConnectionRefusedError):
        await wire.connect()
    async with asyncio.timeout(10):
        while True:
            try:
                answer = await wire.get("ImagerGetSettings.cgi?BinX")
            except OSError:
                await asyncio.sleep(0.01)
            else:
                break
    assert answer == b"1\r\n"


def opened(file):
    image = Image.open(io.BytesIO(file))
    image.load()
    assert image.format == "JPEG"
    return np.asarray(image.convert("L")).astype(int)


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (7, 9), (16, 24), (255, 257), (341, 512)])
def test_jpeg_is_the_picture_but_for_fine_detail(shape):
    row, column = np.indices(shape)
    image = (127.5 + 120 * np.sin(row / 9) * np.cos(column / 13)).astype(np.uint8)
    assert np.abs(opened(jpeg_file(image)) - image).max() <= 12


def test_jpeg_of_noise_and_of_extremes_can_be_opened():
    noise = np.random.default_rng(1).integers(0, 256, (200, 203), dtype=np.uint8)
    error = opened(jpeg_file(noise)) - noise
    assert np.sqrt((error**2).mean()) < 25
    checks = np.where(np.indices((64, 64)).sum(axis=0) % 2, 255, 0).astype(np.uint8)
    assert opened(jpeg_file(checks)).shape == (64, 64)


def test_preview_is_small_and_shows_stars(bench):
    bench.expose(bench.camera.imager, 30)
    reply = bench.routes.answer(parse_request_line(b"GET /Preview.jpg HTTP/1.0"))
    assert b"Content-Type: image/jpeg\r\n" in reply.head(1)
    shown = opened(reply.compose())
    assert shown.shape == (512, 512)
    assert shown.max() > 240 > 128 > np.median(shown)


def test_preview_of_odd_sizes_and_of_no_frame(bench):
    pixels = np.full((2047, 3), 5000, "<u2")
    shown = opened(preview_file(pixels, stretched=False, max_adu=10_000))
    assert shown.shape == (511, 1)
    assert np.abs(shown - 127).max() <= 4
    assert opened(preview_file(pixels, stretched=True, max_adu=10_000)).shape == (511, 1)
    reply = bench.routes.answer(parse_request_line(b"GET /Preview.jpg HTTP/1.0"))
    assert (reply.status, bytes(reply.body), reply.compose) == (200, b"", None)
