"""The stars and the sky glow that fall on the CCDs, in electrons per second.

One seeded star field lies behind all three CCDs; positions are arcseconds in the focal plane from
the centre of the imager, x along columns and y along rows. Stars are Moffat profiles, as wide as
seeing and focus make them; motion during an exposure spreads them over the path travelled.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indi_stx.simulator.sky_conditions import SkyConditions

FloatImage = NDArray[np.float32]

# A V = 0 star gives about 880,000 photons a second and cm2; about half become electrons.
ZERO_MAGNITUDE_ELECTRONS_PER_S_CM2 = 400_000.0
BRIGHTEST_MAGNITUDE = 6.0
FAINTEST_MAGNITUDE = 16.5
STARS_PER_SQUARE_DEGREE = 4000.0
# log10 of the number of stars brighter than m grows by this much a magnitude.
COUNT_SLOPE = 0.32
GUIDE_STAR_MAGNITUDE = 8.5
MARGIN_ARCSEC = 900.0
MOFFAT_BETA = 3.0
STAMP_RADII = (9, 14, 24, 48, 96)


@dataclass(frozen=True)
class Telescope:
    """The optics in front of the camera."""

    focal_length_mm: float
    aperture_mm: float

    def arcsec_per_pixel(self, pixel_um: float) -> float:
        """Return the plate scale."""
        return 206.265 * pixel_um / self.focal_length_mm

    def electrons_per_s(self, magnitude: float) -> float:
        """Return what a star of that magnitude yields."""
        area_cm2 = np.pi * (self.aperture_mm / 20.0) ** 2
        return float(ZERO_MAGNITUDE_ELECTRONS_PER_S_CM2 * area_cm2 * 10 ** (-0.4 * magnitude))


@dataclass(frozen=True)
class View:
    """Where one CCD lies in the focal plane."""

    centre_x_arcsec: float
    centre_y_arcsec: float
    arcsec_per_pixel: float
    columns: int
    rows: int

    def pixels(self, x: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        """Convert focal plane arcseconds to pixel centres counted from 0."""
        centre = self.centre_y_arcsec if axis else self.centre_x_arcsec
        count = self.rows if axis else self.columns
        return (x - centre) / self.arcsec_per_pixel + (count - 1) / 2


class StarField:
    """Seeded stars over all views with a margin, and a guide star near each guide CCD's centre."""

    def __init__(self, seed: int, views: Sequence[View]) -> None:
        rng = np.random.default_rng([seed, 0x57A5])
        low_x, high_x = _extent(views, 0)
        low_y, high_y = _extent(views, 1)
        area = (high_x - low_x) * (high_y - low_y) / 3600.0**2
        count = int(area * STARS_PER_SQUARE_DEGREE)
        x = rng.uniform(low_x, high_x, count)
        y = rng.uniform(low_y, high_y, count)
        rank = rng.uniform(0.0, 1.0, count)
        magnitude = FAINTEST_MAGNITUDE + np.log10(1.0 - rank) / COUNT_SLOPE
        guides = views[1:]
        off_x, off_y = rng.uniform(-0.1, 0.1, (2, len(guides)))
        self.x_arcsec = np.append(
            x, [v.centre_x_arcsec for v in guides] + off_x * _spans(guides, 0)
        )
        self.y_arcsec = np.append(
            y, [v.centre_y_arcsec for v in guides] + off_y * _spans(guides, 1)
        )
        self.magnitude = np.append(
            np.maximum(magnitude, BRIGHTEST_MAGNITUDE), [GUIDE_STAR_MAGNITUDE] * len(guides)
        )


def _spans(views: Sequence[View], axis: int) -> NDArray[np.float64]:
    """Return the length of each CCD on the sky."""
    return np.array([(v.rows if axis else v.columns) * v.arcsec_per_pixel for v in views])


def _extent(views: Sequence[View], axis: int) -> tuple[float, float]:
    """Return what all views span together, with the margin."""
    centres = np.array([v.centre_y_arcsec if axis else v.centre_x_arcsec for v in views])
    halves = _spans(views, axis) / 2 + MARGIN_ARCSEC
    return float((centres - halves).min()), float((centres + halves).max())


class Sky:
    """Render the light on one CCD; the last image is kept, for a sky that stands still."""

    def __init__(
        self, field: StarField, view: View, telescope: Telescope, conditions: SkyConditions
    ) -> None:
        self.field = field
        self.view = view
        self._telescope = telescope
        self._conditions = conditions
        self._lock = threading.Lock()
        self._cached: tuple[bytes, FloatImage] | None = None

    def glow_electrons_per_s(self) -> float:
        """Return the sky background of one pixel."""
        per_square_arcsec = self._telescope.electrons_per_s(self._conditions.sky_magnitude)
        return per_square_arcsec * self.view.arcsec_per_pixel**2

    def fwhm_pixels(self) -> float:
        """Return the width of a star from seeing and focus together."""
        return max(1.0, self._conditions.fwhm_arcsec() / self.view.arcsec_per_pixel)

    def starlight(self, path_arcsec: NDArray[np.float64]) -> FloatImage:
        """Return electrons per second, shape (rows, cols), averaged over a path.

        Args:
            path_arcsec: shape (n, 2), where the field stood at n equal steps of the exposure;
                n is a multiple of 16.
        """
        shifts = self._distinct_shifts(path_arcsec)
        fwhm = self.fwhm_pixels()
        key = shifts.tobytes() + np.float64(fwhm).tobytes()
        with self._lock:
            if self._cached is None or self._cached[0] != key:
                self._cached = (key, self._draw(shifts, fwhm))
            return self._cached[1]

    def _distinct_shifts(self, path_arcsec: NDArray[np.float64]) -> NDArray[np.float64]:
        shifts = path_arcsec / self.view.arcsec_per_pixel
        extent = float(np.ptp(shifts, axis=0).max())
        if extent < 0.02:
            return np.asarray(shifts.mean(axis=0, keepdims=True))
        # Two places a pixel of travel are enough for stars wider than two pixels; groups of one
        # size keep the light even along the path.
        wanted = 4 + int(2 * extent)
        size = next((n for n in (16, 8, 4, 2) if n * wanted <= len(shifts)), 1)
        return np.asarray(shifts.reshape(-1, size, 2).mean(axis=1))

    def _draw(self, shifts: NDArray[np.float64], fwhm: float) -> FloatImage:
        image = np.zeros((self.view.rows, self.view.columns), np.float32)
        x = self.view.pixels(self.field.x_arcsec, 0)
        y = self.view.pixels(self.field.y_arcsec, 1)
        rates = self._rates() / len(shifts)
        alpha = fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / MOFFAT_BETA) - 1.0))
        radii = self._stamp_radii(alpha)
        for shift_x, shift_y in shifts:
            for radius in STAMP_RADII:
                chosen = radii == radius
                chosen &= self._on_chip(x + shift_x, y + shift_y, radius)
                if chosen.any():
                    _add_stars(
                        image,
                        x[chosen] + shift_x,
                        y[chosen] + shift_y,
                        rates[chosen],
                        alpha,
                        radius,
                    )
        return image

    def _rates(self) -> NDArray[np.float64]:
        zero_magnitude = self._telescope.electrons_per_s(0.0)
        return np.asarray(zero_magnitude * 10.0 ** (-0.4 * self.field.magnitude))

    def _stamp_radii(self, alpha: float) -> NDArray[np.int64]:
        """Choose stamps that reach to where a star fades into the sky's own noise."""
        peak = self._rates() * (MOFFAT_BETA - 1.0) / (np.pi * alpha**2)
        faint = max(0.02 * self.glow_electrons_per_s(), 1e-3)
        reach = alpha * np.sqrt(np.maximum((peak / faint) ** (1.0 / MOFFAT_BETA) - 1.0, 0.0))
        steps = np.searchsorted(STAMP_RADII[:-1], np.maximum(reach, 3.0 * alpha))
        return np.asarray(STAMP_RADII)[steps]

    def _on_chip(
        self, x: NDArray[np.float64], y: NDArray[np.float64], radius: int
    ) -> NDArray[np.bool_]:
        inside_x = (x > -radius) & (x < self.view.columns + radius)
        inside_y = (y > -radius) & (y < self.view.rows + radius)
        return np.asarray(inside_x & inside_y)


def _add_stars(
    image: FloatImage,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    rates: NDArray[np.float64],
    alpha: float,
    radius: int,
) -> None:
    """Add Moffat stamps of one size; batches bound the memory of the large ones."""
    batch = max(1, 2_000_000 // (2 * radius + 1) ** 2)
    for first in range(0, len(x), batch):
        part = slice(first, first + batch)
        left = np.rint(x[part]).astype(np.int64) - radius
        top = np.rint(y[part]).astype(np.int64) - radius
        stamps = _moffat(x[part] - left, y[part] - top, rates[part], alpha, 2 * radius + 1)
        for stamp, column, row in zip(stamps, left.tolist(), top.tolist(), strict=True):
            _add_clipped(image, stamp, row, column)


def _moffat(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    rates: NDArray[np.float64],
    alpha: float,
    size: int,
) -> FloatImage:
    grid = np.arange(size, dtype=np.float32)
    dx2 = ((grid - x[:, None].astype(np.float32)) / np.float32(alpha)) ** 2
    dy2 = ((grid - y[:, None].astype(np.float32)) / np.float32(alpha)) ** 2
    base = 1.0 + dy2[:, :, None] + dx2[:, None, :]
    profile = 1.0 / (base * base * base)
    peak = (rates * (MOFFAT_BETA - 1.0) / (np.pi * alpha**2)).astype(np.float32)
    return np.asarray(profile * peak[:, None, None], np.float32)


def _add_clipped(image: FloatImage, stamp: FloatImage, row: int, column: int) -> None:
    rows, columns = image.shape
    size = stamp.shape[0]
    if 0 <= row <= rows - size and 0 <= column <= columns - size:
        image[row : row + size, column : column + size] += stamp
        return
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + size, rows), min(column + size, columns)
    if bottom > top and right > left:
        image[top:bottom, left:right] += stamp[
            top - row : bottom - row, left - column : right - column
        ]
