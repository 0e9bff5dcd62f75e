"""Relays, mirror, drift and seeing move the stars on every CCD, by the amounts told."""

import numpy as np
import pytest

from indi_stx.simulator.adaptive_optics import ARCSEC_PER_UNIT

GUIDER_SCALE = 206.265 * 7.4 / 2000


def star_of(bench, ccd, box=12):
    """Take a frame and return the centroid of its brightest star, x and y in pixels."""
    bench.expose(ccd, 1.0)
    pixels = ccd.frame().pixels.astype(float)
    pixels -= np.median(pixels)
    # The brightest 3x3 block, so that no hot pixel passes for a star.
    inner = sum(np.roll(pixels, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    row, column = np.unravel_index(
        inner[box:-box, box:-box].argmax(), inner[box:-box, box:-box].shape
    )
    row, column = row + box, column + box
    cut = np.clip(pixels[row - box : row + box + 1, column - box : column + box + 1], 50, None) - 50
    rows, columns = np.indices(cut.shape)
    return (
        column - box + (columns * cut).sum() / cut.sum(),
        row - box + (rows * cut).sum() / cut.sum(),
    )


@pytest.mark.parametrize(
    ("query", "x_arcsec", "y_arcsec"),
    [
        ("DirectionX=0&DurationX=1.5", 11.25, 0),
        ("DirectionX=1&DurationX=1.5", -11.25, 0),
        ("DirectionY=0&DurationY=2", 0, 15),
        ("DirectionY=1&DurationY=2", 0, -15),
        ("DirectionX=0&DurationX=0.5&DirectionY=1&DurationY=1", 3.75, -7.5),
    ],
)
def test_relays_move_the_star(bench, query, x_arcsec, y_arcsec):
    guider = bench.camera.guider
    x0, y0 = star_of(bench, guider)
    assert bench.code(f"PulseGuide.cgi?{query}") == ""
    bench.advance(5)
    x1, y1 = star_of(bench, guider)
    assert x1 - x0 == pytest.approx(x_arcsec / GUIDER_SCALE, abs=0.1)
    assert y1 - y0 == pytest.approx(y_arcsec / GUIDER_SCALE, abs=0.1)


@pytest.mark.parametrize(("x_units", "y_units"), [(60, 50), (45, 50), (50, 70), (50, 42), (0, 100)])
def test_mirror_moves_the_star(bench, x_units, y_units):
    guider = bench.camera.guider
    x0, y0 = star_of(bench, guider)
    assert bench.code(f"AOGuide.cgi?XPosition={x_units}&YPosition={y_units}") == ""
    bench.advance(1)
    x1, y1 = star_of(bench, guider)
    assert x1 - x0 == pytest.approx((x_units - 50) * ARCSEC_PER_UNIT / GUIDER_SCALE, abs=0.1)
    assert y1 - y0 == pytest.approx((y_units - 50) * ARCSEC_PER_UNIT / GUIDER_SCALE, abs=0.1)


def test_three_ccds_expose_at_once_under_one_moving_sky(make_bench):
    bench = make_bench(model="STT-8300")
    camera = bench.camera
    ccds = {"Imager": camera.imager, "Guider": camera.guider, "ExtGuider": camera.external_guider}
    still = {prefix: ccd.sky.starlight(np.zeros((1, 2))).copy() for prefix, ccd in ccds.items()}
    bench.code("PulseGuide.cgi?DirectionX=0&DurationX=2")
    bench.advance(3)
    for prefix in ccds:
        assert bench.code(f"{prefix}StartExposure.cgi?Duration=4&FrameType=1") == ""
    for step in range(4):
        bench.code(f"AOGuide.cgi?XPosition={50 + step}&YPosition=50")
        bench.advance(1)
    bench.advance(10)
    for prefix, ccd in ccds.items():
        scale = ccd.sky.view.arcsec_per_pixel
        moved = ccd.frame().pixels.astype(np.float32)
        shift = (15.0 + 1.5 * ARCSEC_PER_UNIT) / scale
        assert best_shift(still[prefix], moved) == pytest.approx(shift, abs=0.6)


def best_shift(before, after):
    """Return by how many columns a field has moved, from the peak of the correlation."""
    bright = np.clip(after - np.median(after) - 60, 0, 3000)
    one, two = (np.fft.rfft(a, axis=1) for a in (np.clip(before, 0, 3000), bright))
    correlation = np.fft.irfft((two * one.conj()).sum(axis=0), n=before.shape[1])
    return int(correlation[: before.shape[1] // 2].argmax())


def test_guide_angle_turns_the_relays_but_not_the_mirror(make_bench):
    camera = make_bench(guide_angle_degrees=90.0).camera
    camera.relays.close("XPlus", 2.0)
    camera.mirror.move(60, 50)
    x, y = camera.pointing.offset_arcsec(camera.time.now() + 10)
    assert (x, y) == (pytest.approx(10 * ARCSEC_PER_UNIT), pytest.approx(15.0))


def test_drift_and_periodic_error(make_bench):
    pointing = make_bench(
        drift_x_arcsec_per_min=3.0,
        drift_y_arcsec_per_min=-1.0,
        periodic_error_arcsec=20.0,
        periodic_error_period_s=400.0,
    ).camera.pointing
    assert pointing.offset_arcsec(100.0) == (pytest.approx(5 + 10), pytest.approx(-100 / 60))
    assert pointing.offset_arcsec(300.0) == (pytest.approx(15 - 10), pytest.approx(-5))


def test_seeing_wanders_by_its_rms(make_bench):
    pointing = make_bench(seeing_motion_arcsec=0.5).camera.pointing
    steps = np.array([pointing.offset_arcsec(0.37 * n) for n in range(2000)])
    assert steps.std(axis=0) == pytest.approx([0.5, 0.5], rel=0.15)
    assert steps.mean(axis=0) == pytest.approx([0, 0], abs=0.1)
