"""A guide loop as a script would write it: calibrate on CCD2, hold a drifting star.

The relays and the adaptive optics act on the simulated camera's one sky, so the loop is closed:
exposure, centroid, pulse, next exposure. Rates are measured, never assumed.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.wire_client import WireClient

DRIFTING = SimulatorOptions(
    model="STT-8300",
    drift_x_arcsec_per_min=8,
    drift_y_arcsec_per_min=-6,
    seeing_arcsec=2,
    seed=3,
)
BOX = 14
FRAMES = 60
AGGRESSIVENESS = 0.7

Point = np.ndarray
Move = Callable[[WireClient, float, float], Awaitable[None]]


async def guide_frame(client: WireClient) -> np.ndarray:
    since = await client.numbers("GUIDER_EXPOSURE", GUIDER_EXPOSURE_VALUE=0.1)
    blob = await client.blob("CCD2", since=since)
    await client.update("GUIDER_EXPOSURE", State.OK, since=since)
    with fits.open(io.BytesIO(blob.content)) as hdus:
        return hdus[0].data.astype(float)


def brightest_star(frame: np.ndarray) -> Point:
    """Return (x, y) of the brightest star with room around it; stars are wider than hot pixels."""
    smooth = sum(np.roll(frame, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
    edge = 4 * BOX
    smooth[:edge], smooth[-edge:], smooth[:, :edge], smooth[:, -edge:] = 0, 0, 0, 0
    y, x = np.unravel_index(smooth.argmax(), smooth.shape)
    return np.array([x, y], float)


def centroid(frame: np.ndarray, near: Point) -> Point:
    """Return the centre of light above the sky in a box around a place."""
    x0, y0 = (round(v) - BOX for v in near)
    box = frame[y0 : y0 + 2 * BOX + 1, x0 : x0 + 2 * BOX + 1]
    sky = np.median(box)
    light = np.clip(box - sky - 4 * np.median(np.abs(box - sky)), 0, None)
    y, x = np.indices(box.shape)
    return np.array([x0 + (x * light).sum() / light.sum(), y0 + (y * light).sum() / light.sum()])


async def pulse(client: WireClient, east_ms: float, north_ms: float) -> None:
    """Guide by the relays; both axes at once, and wait until both have opened."""
    wishes = {
        "TELESCOPE_TIMED_GUIDE_WE": ("TIMED_GUIDE_E", "TIMED_GUIDE_W", east_ms),
        "TELESCOPE_TIMED_GUIDE_NS": ("TIMED_GUIDE_N", "TIMED_GUIDE_S", north_ms),
    }
    begun = []
    for name, (plus, minus, ms) in wishes.items():
        if abs(ms) >= 10:
            values = {plus: max(ms, 0), minus: max(-ms, 0)}
            begun.append((name, await client.numbers(name, **values)))
    for name, since in begun:
        await client.update(name, State.IDLE, since=since)


async def tilt(client: WireClient, east: float, north: float) -> None:
    """Guide by the mirror, in whole relative steps."""
    wishes = {"AO_WE": ("AO_E", "AO_W", east), "AO_NS": ("AO_N", "AO_S", north)}
    for name, (plus, minus, amount) in wishes.items():
        if steps := round(amount):
            values = {plus: max(steps, 0), minus: max(-steps, 0)}
            since = await client.numbers(name, **values)
            await client.update(name, State.OK, since=since)


async def guide(client: WireClient, move: Move, stroke: float) -> np.ndarray:
    """Calibrate with strokes east and north, then hold the star; return its errors in pixels."""
    frame = await guide_frame(client)
    at = centroid(frame, brightest_star(frame))
    columns = []
    for axis in ((1, 0), (0, 1)):
        await move(client, stroke * axis[0], stroke * axis[1])
        there = centroid(await guide_frame(client), at)
        columns.append((there - at) / stroke)
        at = there
    to_strokes = np.linalg.inv(np.array(columns).T)
    target, errors = at, []
    for _ in range(FRAMES):
        at = centroid(await guide_frame(client), at)
        errors.append(at - target)
        await move(client, *(-AGGRESSIVENESS * to_strokes @ (at - target)))
    return np.array(errors)


@pytest.mark.parametrize(("move", "stroke"), [(pulse, 600), (tilt, 12)], ids=["relays", "AO"])
async def test_a_drifting_star_is_held(tmp_path: Path, move: Move, stroke: float) -> None:
    async with observatory(tmp_path, DRIFTING) as place:
        since = place.simulator.camera.requests.records[-1].t
        errors = await guide(place.client, move, stroke)
        minutes = (place.simulator.camera.requests.records[-1].t - since) / 60
        pixel_arcsec = 206.265 * 7.4 / DRIFTING.focal_length_mm
        drifted = np.hypot(8, 6) * minutes / pixel_arcsec
        assert drifted > 4, "without guiding the star would have gone"
        rms = np.sqrt((errors**2).sum(axis=1).mean())
        assert rms < 0.5, errors
