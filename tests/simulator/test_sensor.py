"""Pixels: noise, dark current, saturation, binning and sub-frames."""

from dataclasses import replace

import numpy as np
import pytest

from indi_stx.simulator.geometry import Window
from indi_stx.simulator.models import KAF_6303, TC_237
from indi_stx.simulator.sensor import Illumination, Sensor

FULL = Window(0, 0, 657, 495, 1, 1)
BIAS = Illumination(0.0, -10.0)


@pytest.fixture
def sensor():
    return Sensor(TC_237, seed=5, index=1)


def lit(electrons_per_s, duration_s=1.0):
    starlight = np.full((495, 657), electrons_per_s, np.float32)
    return Illumination(duration_s, -40.0, starlight)


def test_bias_has_its_level_and_read_noise(sensor):
    frame = sensor.read(FULL, BIAS, 1).astype(float)
    assert frame.mean() == pytest.approx(1000, abs=0.5)
    expected = TC_237.read_noise_electrons / TC_237.electrons_per_adu
    assert frame.std() == pytest.approx(expected, rel=0.02)


def test_photon_noise_gives_back_the_gain(sensor):
    first, second = (sensor.read(FULL, lit(8000), n).astype(float) for n in (1, 2))
    signal = (first + second).mean() / 2 - TC_237.bias_adu
    variance = (first - second).var() / 2
    read_noise = TC_237.read_noise_electrons / TC_237.electrons_per_adu
    assert signal / (variance - read_noise**2) == pytest.approx(TC_237.electrons_per_adu, rel=0.03)


def test_dark_current_follows_time_and_temperature(sensor):
    def dark_adu(duration_s, celsius):
        frame = sensor.read(FULL, Illumination(duration_s, celsius), 1)
        return float(np.median(frame)) - TC_237.bias_adu

    warm = dark_adu(100, 0.0)
    expected = 100 * sensor.dark_electrons_per_s(0.0) / TC_237.electrons_per_adu
    assert warm == pytest.approx(expected, rel=0.02)
    assert dark_adu(200, 0.0) == pytest.approx(2 * warm, rel=0.02)
    assert dark_adu(100, TC_237.dark_halving_celsius) == pytest.approx(2 * warm, rel=0.02)


def test_hot_pixels_stay_where_they_are(sensor):
    places = []
    for number in (1, 2):
        frame = sensor.read(FULL, Illumination(60.0, 10.0), number)
        places.append(set(zip(*np.nonzero(frame > np.median(frame) + 2000), strict=True)))
    assert places[0]
    assert places[0] == places[1]


def test_saturation_at_the_full_well_and_at_the_largest_number(sensor):
    flat = sensor.read(FULL, lit(1e6), 1).astype(float)
    full_adu = TC_237.full_well_electrons / TC_237.electrons_per_adu + TC_237.bias_adu
    assert flat.mean() == pytest.approx(full_adu, abs=1)
    binned = sensor.read(replace(FULL, bin_x=3, bin_y=3), lit(1e6), 1)
    assert binned.min() == binned.max() == 65535


@pytest.mark.parametrize(
    "window",
    [Window(0, 0, 1, 1, 1, 1), Window(333, 31, 101, 99, 1, 1), Window(656, 494, 1, 1, 1, 1)],
)
def test_sub_frame_has_the_pixels_of_the_full_frame(sensor, window):
    full = sensor.read(FULL, lit(3000), 7)
    part = sensor.read(window, lit(3000), 7)
    rows = slice(window.start_y, window.start_y + window.num_y)
    columns = slice(window.start_x, window.start_x + window.num_x)
    assert np.array_equal(part, full[rows, columns])


@pytest.mark.parametrize(("bin_x", "bin_y"), [(2, 2), (3, 3), (1, 3), (3, 1)])
def test_binned_frame_holds_the_charge_of_the_full_frame(sensor, bin_x, bin_y):
    window = Window(11, 30, 200, 121, bin_x, bin_y)
    light = lit(500)
    single = sensor.read(replace(window, bin_x=1, bin_y=1), light, 3).astype(float) - 1000
    binned = sensor.read(window, light, 3).astype(float) - 1000
    height, width = binned.shape
    assert (height, width) == (121 // bin_y, 200 // bin_x)
    used = single[: height * bin_y, : width * bin_x]
    summed = used.reshape(height, bin_y, width, bin_x).sum(axis=(1, 3))
    # Both hold the same electrons; they differ by the read noise of the pixels read separately.
    read_noise = TC_237.read_noise_electrons / TC_237.electrons_per_adu
    assert (binned - summed).std() < 1.1 * read_noise * (bin_x * bin_y + 1) ** 0.5
    assert np.corrcoef(binned.ravel(), summed.ravel())[0, 1] > 0.5


def test_binned_sub_frame_agrees_with_the_binned_full_frame(sensor):
    full = sensor.read(Window(0, 0, 657, 495, 3, 3), lit(500), 3)
    part = sensor.read(Window(30, 33, 90, 60, 3, 3), lit(500), 3)
    assert np.array_equal(part, full[11:31, 10:40])


def test_binning_reads_once(sensor):
    binned = sensor.read(replace(FULL, bin_x=3, bin_y=3), BIAS, 1).astype(float)
    expected = TC_237.read_noise_electrons / TC_237.electrons_per_adu
    assert binned.std() == pytest.approx(expected, rel=0.03)


def test_noise_depends_on_seed_ccd_and_exposure_alone(sensor):
    same = Sensor(TC_237, seed=5, index=1).read(FULL, BIAS, 1)
    assert np.array_equal(sensor.read(FULL, BIAS, 1), same)
    for other in (
        Sensor(TC_237, 5, 1).read(FULL, BIAS, 2),
        Sensor(TC_237, 6, 1).read(FULL, BIAS, 1),
    ):
        assert not np.array_equal(same, other)
    assert not np.array_equal(same, Sensor(TC_237, 5, 2).read(FULL, BIAS, 1))


def test_last_rows_of_an_odd_sensor_are_there():
    sensor = Sensor(KAF_6303, 1, 0)
    frame = sensor.read(Window(0, 2040, 3072, 7, 1, 1), BIAS, 1)
    assert frame.shape == (7, 3072)
    assert frame.std(axis=1).min() > 5
