"""The filter wheel's calls, and its travel on a fake clock."""

import pytest


def where(bench):
    return bench.lines("FilterState.cgi") + bench.lines("GetFilterSetting.cgi?CurrentFilter")


@pytest.mark.parametrize(("slots", "target", "travel_s"), [(8, 3, 2.5), (8, 8, 1.5), (5, 4, 2.5)])
def test_turns_the_shorter_way_and_reports_the_old_filter_meanwhile(
    make_bench, slots, target, travel_s
):
    bench = make_bench(filter_slots=slots)
    assert bench.code(f"ChangeFilter.cgi?NewPosition={target}") == ""
    bench.advance(travel_s - 0.01)
    assert where(bench) == ["1", "1"]
    assert bench.code("ChangeFilter.cgi?NewPosition=2") == "0x8000100b"
    bench.advance(0.02)
    assert where(bench) == ["0", str(target)]


def test_moving_to_where_it_stands_takes_no_time(bench):
    assert bench.code("ChangeFilter.cgi?NewPosition=1") == ""
    assert where(bench) == ["0", "1"]


def test_no_filter_is_position_zero_with_an_empty_name(bench):
    assert bench.code("ChangeFilter.cgi?NewPosition=0") == ""
    bench.advance(9)
    assert bench.lines("GetFilterSetting.cgi?CurrentFilter&CurrentFilterName") == ["0", ""]
    assert bench.code("ChangeFilter.cgi?NewPosition=4") == ""
    bench.advance(9)
    assert where(bench) == ["0", "4"]


def test_refusals(bench, make_bench):
    for position in ("9", "-1", "", "two", "1.5"):
        assert bench.code(f"ChangeFilter.cgi?NewPosition={position}") == "0x80001009"
    for call in ("", "?NewPosition", "?Position=1"):
        assert bench.code(f"ChangeFilter.cgi{call}") == "0x8000100a"
    assert make_bench(filter_slots=5).code("ChangeFilter.cgi?NewPosition=6") == "0x80001009"


def test_names_have_their_defaults_limits_and_order(bench):
    every = "&".join(f"Filter{n}Name" for n in range(1, 9))
    assert bench.lines(f"GetFilterSetting.cgi?{every}") == ["Empty"] * 8
    call = "SetFilterName.cgi?Filter2Name=H%20alpha%20%287%20nm%29&Filter1Name=12345678901234567"
    assert bench.code(call) == ""
    assert bench.lines(
        "GetFilterSetting.cgi?Filter1Name&Nothing&Filter2Name&CurrentFilterName"
    ) == [
        "1234567890123456",
        "H alpha (7 nm)",
        "1234567890123456",
    ]
    assert bench.code("GetFilterSetting.cgi?Filter1") == "0x80001000"
    assert bench.code("SetFilterName.cgi?Filter9Name=x&Filter0=x&Filter1Name=tab%09") == ""
    assert bench.lines("GetFilterSetting.cgi?Filter1Name") == ["1234567890123456"]


@pytest.mark.parametrize(
    ("key", "taken"), [("both", ["A", "B"]), ("table", ["A", "Empty"]), ("example", ["Empty", "B"])]
)
def test_either_spelling_of_the_name_parameter(make_bench, key, taken):
    bench = make_bench(filter_name_key=key)
    assert bench.code("SetFilterName.cgi?Filter1Name=A&Filter2=B") == ""
    assert bench.lines("GetFilterSetting.cgi?Filter1Name&Filter2Name") == taken


def test_missing_wheel(make_bench):
    bench = make_bench(faults=("filter-missing",))
    assert where(bench) == ["2", "0"]
    assert bench.code("ChangeFilter.cgi?NewPosition=2") == "0x8000100c"


def test_jammed_wheel_moves_and_then_reports_an_error_until_it_is_freed(bench):
    bench.camera.faults.add("filter-jammed")
    assert bench.code("ChangeFilter.cgi?NewPosition=2") == ""
    assert where(bench) == ["1", "1"]
    bench.advance(2)
    assert where(bench) == ["2", "1"]
    bench.camera.faults.clear("filter-jammed")
    assert bench.code("ChangeFilter.cgi?NewPosition=2") == ""
    bench.advance(2)
    assert where(bench) == ["0", "2"]


def test_wheel_that_does_not_answer_the_camera(bench):
    bench.camera.faults.add("filter-communication")
    assert bench.lines("FilterState.cgi") == ["2"]
    assert bench.code("ChangeFilter.cgi?NewPosition=2") == "0x8000100d"


def test_reboot_homes_the_wheel(bench):
    bench.code("ChangeFilter.cgi?NewPosition=3")
    bench.advance(5)
    bench.camera.power_up()
    assert where(bench) == ["1", "3"]
    bench.advance(9)
    assert where(bench) == ["0", "1"]
