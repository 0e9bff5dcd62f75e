"""Get and Set Settings of the three CCDs: names, defaults, ranges, codes, order of checks."""

import pytest

CODES = {
    "BinX": "0x80001001",
    "BinY": "0x80001002",
    "StartX": "0x80001003",
    "StartY": "0x80001004",
    "NumX": "0x80001005",
    "NumY": "0x80001006",
}
COMMON = """
    BinX BinY CameraXSize CameraYSize ElectronsPerADU FullWellCapacity AmbientTemperature MaxADU
    MaxBinX MaxBinY StartX StartY NumX NumY PixelSizeX PixelSizeY
""".split()  # noqa: SIM905
COOLED = ["CoolerState", "CCDTemperature", "CoolerPower"]
SETPOINT = ["CCDTemperatureSetpoint"]
NEWER = ["FanState", "FanPower", "OverScan"]
TABLES = {
    "Imager": COMMON + COOLED + SETPOINT,
    "Guider": COMMON + COOLED,
    "ExtGuider": COMMON,
}
DEFAULTS = """
    BinX=1 BinY=1 StartX=0 StartY=0 NumX=4096 NumY=4096 CameraXSize=4096 CameraYSize=4096
    MaxADU=65535 MaxBinX=9 MaxBinY=9 PixelSizeX=9.00 PixelSizeY=9.00 ElectronsPerADU=1.27
    FullWellCapacity=100000.00 AmbientTemperature=15.00 CCDTemperature=15.00 CoolerPower=0.00
    CoolerState=0 CCDTemperatureSetpoint=25.00
"""
SIZES = {"Imager": (4096, 4096, 9), "Guider": (657, 495, 3), "ExtGuider": (657, 495, 3)}


@pytest.mark.parametrize("prefix", TABLES)
def test_names_of_the_table_and_no_others_are_answered(bench, prefix):
    for name in COMMON + COOLED + SETPOINT + NEWER:
        known = name in TABLES[prefix]
        assert bench.code(f"{prefix}GetSettings.cgi?{name}") == ("" if known else "0x80001000")


def test_defaults_of_the_imager(bench):
    names = TABLES["Imager"]
    values = dict(zip(names, bench.lines("ImagerGetSettings.cgi?" + "&".join(names)), strict=True))
    assert values == dict(pair.split("=") for pair in DEFAULTS.split())


def test_values_come_in_the_order_asked_without_unknown_names(bench):
    call = "ImagerGetSettings.cgi?NumY&Nonsense&BinX&&CameraXSize=&BinX&binx"
    assert bench.lines(call) == ["4096", "1", "1"]


@pytest.mark.parametrize("prefix", SIZES)
def test_range_edges(bench, prefix):
    columns, rows, max_bin = SIZES[prefix]
    edges = {
        "BinX": (1, max_bin),
        "BinY": (1, max_bin),
        "StartX": (0, columns - 1),
        "StartY": (0, rows - 1),
        "NumX": (1, columns),
        "NumY": (1, rows),
    }
    for name, (low, high) in edges.items():
        for bad in (low - 1, high + 1, "", "x", "1.0", "0x1", "9" * 5000, "%31%00"):
            assert bench.code(f"{prefix}SetSettings.cgi?{name}={bad}") == CODES[name], (name, bad)
        for good in (high, low):
            assert bench.code(f"{prefix}SetSettings.cgi?{name}={good}") == ""
            assert bench.lines(f"{prefix}GetSettings.cgi?{name}") == [str(good)]


def test_checks_go_by_the_table_and_stop_at_the_first_refusal(bench):
    call = "ImagerSetSettings.cgi?NumY=7&NumX=9999&StartY=2&BinY=3&CoolerState=1&BinX=2&StartX=4"
    assert bench.code(call) == CODES["NumX"]
    names = "BinX&BinY&CoolerState&StartX&StartY&NumX&NumY"
    expected = ["2", "3", "1", "4", "2", "4096", "4096"]
    assert bench.lines(f"ImagerGetSettings.cgi?{names}") == expected


def test_start_is_set_before_num_is_checked(bench):
    assert bench.code("ImagerSetSettings.cgi?NumX=4000&StartX=96") == ""
    assert bench.code("ImagerSetSettings.cgi?NumX=4000&StartX=97") == CODES["NumX"]
    assert bench.lines("ImagerGetSettings.cgi?StartX&NumX") == ["97", "4000"]


def test_num_is_left_alone_by_start_and_checked_when_an_exposure_starts(bench):
    assert bench.code("GuiderSetSettings.cgi?StartY=1") == ""
    assert bench.lines("GuiderGetSettings.cgi?NumY") == ["495"]
    assert bench.code("GuiderStartExposure.cgi?Duration=1&FrameType=1") == "0x80001009"
    assert bench.code("GuiderSetSettings.cgi?NumY=494") == ""
    assert bench.code("GuiderStartExposure.cgi?Duration=1&FrameType=1") == ""


def test_window_smaller_than_a_bin_is_refused_at_the_start(bench):
    assert bench.code("GuiderSetSettings.cgi?NumX=2&BinX=3") == ""
    assert bench.code("GuiderStartExposure.cgi?Duration=1&FrameType=1") == "0x80001009"


def test_values_without_a_code_of_their_own_are_bad_parameters(bench):
    for call in ("CoolerState=7", "CCDTemperatureSetpoint=100.01", "CCDTemperatureSetpoint=cold"):
        assert bench.code(f"ImagerSetSettings.cgi?StartX=5&{call}") == "0x80001009"
    assert bench.lines("ImagerGetSettings.cgi?StartX&CCDTemperatureSetpoint") == ["0", "25.00"]
    for edge in ("-100.00", "100.00"):
        assert bench.code(f"ImagerSetSettings.cgi?CCDTemperatureSetpoint={edge}") == ""
        assert bench.lines("ImagerGetSettings.cgi?CCDTemperatureSetpoint") == [edge]


def test_first_of_a_repeated_parameter_counts(bench):
    assert bench.code("ImagerSetSettings.cgi?BinX=2&BinX=3") == ""
    assert bench.lines("ImagerGetSettings.cgi?BinX") == ["2"]


def test_setting_nothing_known_is_accepted_unless_the_firmware_is_newer(bench, make_bench):
    newer = make_bench(firmware="newer")
    for call in ("", "?Nonsense=1", "?BinX", "?CameraXSize=1"):
        assert bench.code(f"ImagerSetSettings.cgi{call}") == ""
        assert newer.code(f"ImagerSetSettings.cgi{call}") == "0x80001000"


def test_cooler_and_setpoint_cannot_be_set_on_the_guide_ccds(bench):
    for prefix in ("Guider", "ExtGuider"):
        assert bench.code(f"{prefix}SetSettings.cgi?CoolerState=1") == ""
    assert bench.lines("ImagerGetSettings.cgi?CoolerState") == ["0"]


def test_newer_firmware_has_a_fan_an_overscan_and_a_serial_number(make_bench):
    newer = make_bench(firmware="newer")
    assert newer.lines("ImagerGetSettings.cgi?FanState&FanPower&OverScan") == ["2", "63", "0"]
    assert newer.code("ImagerSetSettings.cgi?FanPower=40") == "0x80001009"
    assert newer.code("ImagerSetSettings.cgi?FanPower=40&FanState=1&OverScan=1") == ""
    assert newer.lines("ImagerGetSettings.cgi?FanState&FanPower&OverScan") == ["1", "40", "1"]
    for call in ("FanState=3", "FanPower=101", "OverScan=2"):
        assert newer.code(f"ImagerSetSettings.cgi?{call}") == "0x80001009"
    assert newer.code("ImagerSetSettings.cgi?FanState=0") == ""
    assert newer.lines("ImagerGetSettings.cgi?FanPower") == ["0"]
    assert len(newer.lines("VersionNumbers.cgi")) == 6


NEWER_TEXTS = {
    "": "0x80001000 No valid parameter.",
    "BinX=0": "0x80001001 BinX < 1 or > MaxBin",
    "BinY=10": "0x80001002 BinY < 1 or > MaxBin",
    "StartX=-1": "0x80001003 StartX < 0 or > (CameraXSize - 1)",
    "StartY=-1": "0x80001004 StartY < 0 or > (CameraYSize - 1)",
    "NumX=0": "0x80001005 NumX < 0 or > (CameraXSize - StartX)",
    "NumY=0": "0x80001006 NumY < 0 or > (CameraYSize - StartY)",
    "FanState=3": "0x80001009 FanState invalid",
    "FanState=auto": "0x80001009 FanState invalid",
    "FanPower=101": "0x80001009 FanPower invalid",
    "FanState=1&FanPower=-1": "0x80001009 FanPower invalid",
    "FanState=2&FanPower=50": "0x80001009 Fan Power not settable when FanState is Auto if Off",
    "FanState=0&FanPower=50": "0x80001009 Fan Power not settable when FanState is Auto if Off",
    "OverScan=2": "0x80001009 Over Scan invalid",
}


def test_texts_of_the_newer_firmware(bench, make_bench):
    newer = make_bench(firmware="newer")
    for query, wanted in NEWER_TEXTS.items():
        reply = newer.ask(f"ImagerSetSettings.cgi?{query}")
        assert (reply.status, bytes(reply.body).decode().split("\r\n")) == (
            400,
            [*wanted.split(" ", 1), ""],
        )
    old = bytes(bench.ask("ImagerSetSettings.cgi?NumX=0").body)
    assert old == b"0x80001005\r\nNumX < 1 or > (CameraXSize - StartX)\r\n"


def test_overscan_is_columns_that_a_frame_may_have(make_bench):
    newer = make_bench(firmware="newer", overscan_columns=50)
    sizes = "ImagerGetSettings.cgi?CameraXSize&CameraYSize&NumX&NumY"
    # NumX is looked at before OverScan, in the order of the published list.
    assert newer.code("ImagerSetSettings.cgi?OverScan=1&NumX=4146") == "0x80001005"
    assert newer.code("ImagerSetSettings.cgi?OverScan=1") == ""
    # The frame is never changed by the camera itself.
    assert newer.lines(sizes) == ["4146", "4096", "4096", "4096"]
    assert newer.code("ImagerSetSettings.cgi?NumX=4147") == "0x80001005"
    assert newer.code("ImagerSetSettings.cgi?NumX=4146") == ""
    assert newer.lines("GuiderGetSettings.cgi?CameraXSize") == ["657"]
    assert newer.code("ImagerSetSettings.cgi?OverScan=0") == ""
    assert newer.lines(sizes) == ["4096", "4096", "4146", "4096"]
    assert newer.code("ImagerStartExposure.cgi?Duration=1&FrameType=1") == "0x80001009"
    newer.code("ImagerSetSettings.cgi?OverScan=1")
    newer.camera.power_up()
    assert newer.lines(sizes) == ["4096", "4096", "4096", "4096"]
    none = make_bench(firmware="newer", overscan_columns=0)
    assert none.code("ImagerSetSettings.cgi?OverScan=1") == ""
    assert none.lines(sizes) == ["4096", "4096", "4096", "4096"]


def test_models_have_their_own_figures(make_bench):
    shown = {}
    for model in ("STXL-6303", "STXL-11002", "STT-8300"):
        camera = make_bench(model=model)
        assert camera.lines("Description.cgi") == [f"SBIG {model}"]
        shown[model] = camera.lines("ImagerGetSettings.cgi?CameraXSize&CameraYSize&PixelSizeX")
        assert camera.lines("GuiderGetSettings.cgi?CameraXSize&CameraYSize") == ["640", "480"]
    assert shown == {
        "STXL-6303": ["3072", "2047", "9.00"],
        "STXL-11002": ["4008", "2672", "9.00"],
        "STT-8300": ["3326", "2504", "5.40"],
    }
