"""The cooler's curve on a fake clock."""

import pytest


def cooled(bench, setpoint):
    call = f"ImagerSetSettings.cgi?CoolerState=1&CCDTemperatureSetpoint={setpoint}"
    assert bench.code(call) == ""


def read(bench):
    lines = bench.lines("ImagerGetSettings.cgi?CCDTemperature&CoolerPower")
    return tuple(float(line) for line in lines)


def test_off_means_ambient_and_no_power(bench):
    bench.advance(1000)
    assert read(bench) == (15.0, 0.0)


def test_falls_at_full_power_and_then_holds_with_what_it_takes(bench):
    cooled(bench, -10)
    temperatures = []
    for _ in range(10):
        bench.advance(10)
        celsius, power = read(bench)
        temperatures.append(celsius)
        assert power == 100.0
    assert temperatures == sorted(temperatures, reverse=True)
    assert len(set(temperatures)) == 10
    bench.advance(600)
    for _ in range(20):
        bench.advance(1)
        celsius, power = read(bench)
        assert celsius == pytest.approx(-10, abs=0.05)
        assert power == pytest.approx(50, abs=0.1)


def test_falls_exponentially_towards_the_coldest_it_can_reach(bench):
    cooled(bench, -100)
    bench.advance(180)
    celsius, _ = read(bench)
    assert celsius == pytest.approx(-35 + 50 / 2.71828, abs=0.05)
    bench.advance(5000)
    assert read(bench) == (-35.0, 100.0)


def test_warms_up_without_power_when_switched_off_or_set_higher(bench):
    cooled(bench, -10)
    bench.advance(2000)
    cooled(bench, 0)
    bench.advance(30)
    celsius, power = read(bench)
    assert -10 < celsius < 0
    assert power == 0.0
    bench.advance(2000)
    assert read(bench)[1] == pytest.approx(30, abs=0.1)
    assert bench.code("ImagerSetSettings.cgi?CoolerState=0") == ""
    bench.advance(3000)
    assert read(bench) == (15.0, 0.0)


def test_set_point_above_ambient_needs_no_power(bench):
    cooled(bench, 25)
    bench.advance(1000)
    assert read(bench) == (15.0, 0.0)


def test_guide_ccd_is_cooled_in_the_head_of_the_stx_only(bench, make_bench):
    other = make_bench(model="STXL-6303")
    for camera in (bench, other):
        cooled(camera, -10)
        camera.advance(3000)
    call = "GuiderGetSettings.cgi?CoolerState&CoolerPower&CCDTemperature"
    state, power, celsius = bench.lines(call)
    assert (state, power) == ("1", "50.00")
    assert float(celsius) == pytest.approx(-10, abs=0.05)
    assert other.lines(call) == ["0", "0.00", "15.00"]


def test_latch_up_warms_at_full_power_until_a_reboot(bench):
    cooled(bench, -10)
    bench.advance(3000)
    bench.camera.faults.add("cooler-latch-up")
    bench.advance(3000)
    assert read(bench) == (15.0, 100.0)
    bench.camera.power_up()
    cooled(bench, -10)
    bench.advance(3000)
    assert read(bench)[1] == pytest.approx(50, abs=0.1)


def test_ambient_is_an_option(make_bench):
    assert make_bench(ambient_celsius=-5.0).lines("ImagerGetSettings.cgi?AmbientTemperature") == [
        "-5.00"
    ]
