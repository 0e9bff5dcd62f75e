"""The star field: brightness, place, width, and which light the shutter lets in."""

import numpy as np
import pytest

from indi_stx.simulator.sky import Sky, StarField, Telescope, View
from indi_stx.simulator.sky_conditions import SkyConditions

STILL = np.zeros((64, 2))
TELESCOPE = Telescope(2000.0, 200.0)


def one_star(magnitude=10.0, x=0.0, y=0.0, **conditions):
    view = View(0.0, 0.0, 0.8, 401, 301)
    field = StarField(1, [view])
    field.x_arcsec, field.y_arcsec = np.array([x]), np.array([y])
    field.magnitude = np.array([magnitude])
    return Sky(field, view, TELESCOPE, SkyConditions(**conditions))


def centroid(image):
    rows, columns = np.indices(image.shape)
    return float((columns * image).sum() / image.sum()), float((rows * image).sum() / image.sum())


@pytest.mark.parametrize("magnitude", [8.0, 10.0, 13.0])
def test_flux_is_that_of_the_magnitude(magnitude):
    flux = one_star(magnitude).starlight(STILL).sum()
    assert flux == pytest.approx(TELESCOPE.electrons_per_s(magnitude), rel=0.03)


def test_five_magnitudes_are_a_factor_of_a_hundred():
    ratio = TELESCOPE.electrons_per_s(5.0) / TELESCOPE.electrons_per_s(10.0)
    assert ratio == pytest.approx(100)


def test_star_lies_where_the_plate_scale_puts_it():
    x, y = centroid(one_star(x=16.0, y=-24.0).starlight(STILL))
    assert (x, y) == (pytest.approx(200 + 20, abs=0.02), pytest.approx(150 - 30, abs=0.02))


def test_shift_moves_every_star_in_arcseconds():
    x, y = centroid(one_star().starlight(STILL + np.array([4.0, -8.0])))
    assert (x, y) == (pytest.approx(205, abs=0.02), pytest.approx(140, abs=0.02))


def test_path_spreads_the_light_without_losing_any():
    sky = one_star()
    path = np.stack([np.linspace(-8, 8, 64), np.zeros(64)], axis=1)
    trail = sky.starlight(path)
    assert trail.sum() == pytest.approx(sky.starlight(STILL).sum(), rel=0.02)
    across, along = (trail > trail.max() / 2).any(axis=1), (trail > trail.max() / 2).any(axis=0)
    assert along.sum() > 2 * across.sum()
    assert centroid(trail) == (pytest.approx(200, abs=0.2), pytest.approx(150, abs=0.05))


def test_width_grows_with_seeing_and_focus():
    def width(**conditions):
        image = one_star(**conditions).starlight(STILL)
        return int((image[150] > image.max() / 2).sum()) * 0.8

    assert width(seeing_arcsec=4.0) == pytest.approx(4.0, abs=0.8)
    assert width(seeing_arcsec=4.0, focus_blur_arcsec=12.0) == pytest.approx(12.65, abs=0.8)


def test_conditions_may_change_while_it_runs(bench):
    sky = bench.camera.guider.sky
    sharp = sky.starlight(STILL).max()
    bench.camera.conditions.focus_blur_arcsec = 10.0
    assert sky.starlight(STILL).max() < sharp / 5


def test_shutter_keeps_light_from_dark_and_bias_frames(bench):
    spread = {}
    for frame_type in range(4):
        bench.expose(bench.camera.guider, 2, frame_type)
        pixels = bench.camera.guider.frame().pixels
        spread[frame_type] = np.percentile(pixels, 99.99) - np.median(pixels)
    assert max(spread[0], spread[2]) < 400
    assert min(spread[1], spread[3]) > 2000


def test_every_guide_ccd_has_a_guide_star_near_its_centre(make_bench):
    for seed in range(5):
        camera = make_bench(seed=seed).camera
        for ccd in (camera.guider, camera.external_guider):
            image = ccd.sky.starlight(STILL)
            rows, columns = image.shape
            middle = image[rows // 3 : 2 * rows // 3, columns // 3 : 2 * columns // 3]
            assert middle.max() > 1000


def test_same_seed_same_sky_other_seed_other_sky(make_bench):
    first, same, other = (make_bench(seed=s).camera.guider.sky.starlight(STILL) for s in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_imager_field_is_full_of_stars(make_bench):
    image = make_bench(model="STT-8300").camera.imager.sky.starlight(STILL)
    blocks = image[:2500, :3300].reshape(10, 250, 10, 330).max(axis=(1, 3))
    assert (blocks > 1).mean() > 0.9
