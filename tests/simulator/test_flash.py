"""Filter names and FITS settings: limits, and what survives a restart."""

import pytest

from indi_stx.errors import SimulatorError

ALL = "ObjectName&Observer&Telescope&FL&Aperture&Area"


def test_defaults_of_the_fits_settings(bench):
    assert bench.lines(f"GetFITSSetting.cgi?{ALL}") == [
        "Object Description",
        "STX Camera Operator",
        "Telescope Description",
        "2000.00",
        "200.00",
        "25000.00",
    ]


def test_fits_settings_are_stored_cut_or_ignored_without_an_error(bench):
    call = f"SetFITSSetting.cgi?ObjectName={'M' * 70}&FL=3454.5&Aperture=wide&Observer=%C3%A9"
    assert bench.code(call) == ""
    assert bench.lines(f"GetFITSSetting.cgi?{ALL}")[:5] == [
        "M" * 67,
        "STX Camera Operator",
        "Telescope Description",
        "3454.50",
        "200.00",
    ]
    assert bench.code("GetFITSSetting.cgi") == "0x80001000"


def test_values_survive_a_restart_and_a_reboot_but_settings_do_not(make_bench, tmp_path):
    first = make_bench(state_dir=tmp_path / "camera")
    first.code("SetFilterName.cgi?Filter3Name=O%20III")
    first.code("SetFITSSetting.cgi?Observer=E.%20Hubble&Area=31000.5")
    first.code("ImagerSetSettings.cgi?BinX=3&CoolerState=1")
    first.camera.power_up()
    for camera in (first, make_bench(state_dir=tmp_path / "camera")):
        assert camera.lines("GetFilterSetting.cgi?Filter3Name") == ["O III"]
        assert camera.lines("GetFITSSetting.cgi?Observer&Area") == ["E. Hubble", "31000.50"]
        assert camera.lines("ImagerGetSettings.cgi?BinX&CoolerState") == ["1", "0"]
    assert [path.name for path in (tmp_path / "camera").iterdir()] == ["flash.json"]


def test_every_set_call_is_one_flash_write(bench):
    bench.code("SetFITSSetting.cgi?Observer=A&ObjectName=B&FL=1")
    bench.code("SetFilterName.cgi?Filter1Name=A&Filter2Name=B")
    bench.code("SetFITSSetting.cgi?Nothing=A")
    assert bench.camera.flash.writes == 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"filter_names": [], "fits_texts": {}}'])
def test_damaged_file_is_named(make_bench, tmp_path, text):
    (tmp_path / "flash.json").write_text(text)
    with pytest.raises(SimulatorError, match=r"flash\.json"):
        make_bench(state_dir=tmp_path)


def test_unusable_directory_is_named(make_bench, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SimulatorError, match="state directory"):
        make_bench(state_dir=tmp_path / "file")
