"""From light to numbers: electrons, noise, binning on the chip, digitisation.

Noise is drawn for the whole sensor, a band of rows at a time, from streams that only the seed, the
CCD, the exposure number and the band decide: a sub-frame has the pixels the full frame would have
had. Electrons are summed when binning, then read once, with one dose of read noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indi_stx.simulator.geometry import Window
from indi_stx.simulator.models import SensorModel
from indi_stx.simulator.sky import FloatImage

Pixels = NDArray[np.uint16]

BAND_ROWS = 32
HOT_PIXEL_FRACTION = 2e-5
_SHOT, _READ, _HOT, _OVERSCAN = 1, 2, 3, 4


@dataclass(frozen=True)
class Illumination:
    """What collects charge during one exposure.

    `starlight` is electrons per second over the whole sensor, or None behind a closed shutter.
    """

    duration_s: float
    temperature_celsius: float
    starlight: FloatImage | None = None
    glow_electrons_per_s: float = 0.0


@dataclass(frozen=True)
class _Band:
    """Some rows of one noise band: on the sensor, and within the window that is read."""

    index: int
    rows: slice
    target: slice


class Sensor:
    """One CCD with its seeded hot pixels, and columns of overscan to the right of its own."""

    def __init__(
        self, model: SensorModel, seed: int, index: int, overscan_columns: int = 0
    ) -> None:
        self.model = model
        self._overscan_columns = overscan_columns
        self._key = (seed, index)
        rng = np.random.default_rng([seed, index, _HOT])
        count = max(3, int(model.columns * model.rows * HOT_PIXEL_FRACTION))
        self._hot_rows = rng.integers(0, model.rows, count)
        self._hot_columns = rng.integers(0, model.columns, count)
        self._hot_factors = rng.uniform(30.0, 3000.0, count).astype(np.float32)

    def dark_electrons_per_s(self, temperature_celsius: float) -> float:
        """Return the mean dark current of a pixel."""
        halvings = (25.0 - temperature_celsius) / self.model.dark_halving_celsius
        return float(self.model.dark_electrons_per_s * 2.0**-halvings)

    def read(self, window: Window, illumination: Illumination, exposure_number: int) -> Pixels:
        """Return the digitised frame, shape (height, width), little-endian."""
        if window.bin_x == window.bin_y == 1:
            frame = np.empty((window.num_y, window.num_x), "<u2")
            for band in _bands(window):
                charge = self._charge(band, window, illumination, exposure_number)
                noise = self._read_noise(exposure_number, band, window)
                frame[band.target] = self._digitise(charge, noise)
            return frame
        charge = np.empty((window.num_y, window.width), np.float32)
        noise = np.empty_like(charge)
        for band in _bands(window):
            electrons = self._charge(band, window, illumination, exposure_number)
            charge[band.target] = _sum_columns(electrons, window)
            drawn = self._read_noise(exposure_number, band, window)
            noise[band.target] = drawn[:, :: window.bin_x][:, : window.width]
        # One dose of read noise a binned pixel: that of the first pixel summed into it.
        first = noise[:: window.bin_y][: window.height].copy()
        return self._digitise(_sum_rows(charge, window), first)

    def _digitise(self, charge: FloatImage, noise: FloatImage) -> Pixels:
        """Turn electrons into numbers; `charge` and `noise` are consumed."""
        noise *= np.float32(self.model.read_noise_electrons)
        charge += noise
        charge *= np.float32(1.0 / self.model.electrons_per_adu)
        charge += np.float32(self.model.bias_adu + 0.5)
        np.clip(charge, 0.0, self.model.max_adu, out=charge)
        return charge.astype("<u2")

    def _charge(self, band: _Band, window: Window, light: Illumination, number: int) -> FloatImage:
        """Collect electrons in some rows, with shot noise, up to the full well.

        The overscan collects none.
        """
        dark = self.dark_electrons_per_s(light.temperature_celsius)
        base = np.float32((light.glow_electrons_per_s + dark) * light.duration_s)
        end = min(window.start_x + window.num_x, self.model.columns)
        columns = slice(min(window.start_x, end), end)
        if light.starlight is None:
            mean = np.full((band.rows.stop - band.rows.start, columns.stop - columns.start), base)
        else:
            mean = light.starlight[band.rows, columns] * np.float32(light.duration_s)
            mean += base
        self._add_hot(mean, np.float32(dark * light.duration_s), band.rows, columns)
        noise = self._noise(number, _SHOT, band, window)
        noise *= np.sqrt(mean)
        mean += noise
        charge = np.minimum(mean, np.float32(self.model.full_well_electrons), out=mean)
        overscan = window.num_x - charge.shape[1]
        return np.pad(charge, ((0, 0), (0, overscan))) if overscan else charge

    def _add_hot(
        self, mean: FloatImage, dark_electrons: np.float32, rows: slice, columns: slice
    ) -> None:
        inside = (self._hot_rows >= rows.start) & (self._hot_rows < rows.stop)
        inside &= (self._hot_columns >= columns.start) & (self._hot_columns < columns.stop)
        where = self._hot_rows[inside] - rows.start, self._hot_columns[inside] - columns.start
        mean[where] += self._hot_factors[inside] * dark_electrons

    def _read_noise(self, number: int, band: _Band, window: Window) -> FloatImage:
        """Return unit normal noise for a band's part of the window, overscan included."""
        noise = self._noise(number, _READ, band, window)
        overscan = window.num_x - noise.shape[1]
        if not overscan:
            return noise
        rows = noise.shape[0]
        stream = np.random.SFC64(
            np.random.SeedSequence((*self._key, number, _OVERSCAN, band.index))
        )
        shape = (band.rows.stop - band.index * BAND_ROWS, self._overscan_columns)
        beyond = np.random.Generator(stream).standard_normal(shape, dtype=np.float32)
        first = max(0, window.start_x - self.model.columns)
        return np.hstack([noise, beyond[-rows:, first : first + overscan]])

    def _noise(self, number: int, kind: int, band: _Band, window: Window) -> FloatImage:
        """Return unit normal noise for a band's part of the window, as far as it is sensor."""
        stream = np.random.SFC64(np.random.SeedSequence((*self._key, number, kind, band.index)))
        shape = (band.rows.stop - band.index * BAND_ROWS, self.model.columns)
        noise = np.random.Generator(stream).standard_normal(shape, dtype=np.float32)
        first = band.rows.start - band.index * BAND_ROWS
        return noise[first:, window.start_x : window.start_x + window.num_x]


def _bands(window: Window) -> list[_Band]:
    """Cut a window's rows at the limits of the noise bands."""
    end = window.start_y + window.num_y
    bands = []
    for index in range(window.start_y // BAND_ROWS, (end - 1) // BAND_ROWS + 1):
        rows = slice(max(window.start_y, index * BAND_ROWS), min(end, (index + 1) * BAND_ROWS))
        target = slice(rows.start - window.start_y, rows.stop - window.start_y)
        bands.append(_Band(index, rows, target))
    return bands


def _sum_columns(charge: FloatImage, window: Window) -> FloatImage:
    """Sum neighbouring columns; those that fill no whole bin are dropped."""
    used = charge[:, : window.width * window.bin_x]
    total = used[:, :: window.bin_x].copy()
    for offset in range(1, window.bin_x):
        total += used[:, offset :: window.bin_x]
    return total


def _sum_rows(charge: FloatImage, window: Window) -> FloatImage:
    """Sum neighbouring rows; those that fill no whole bin are dropped."""
    used = charge[: window.height * window.bin_y]
    blocks = used.reshape(window.height, window.bin_y, window.width)
    return np.asarray(blocks.sum(axis=1, dtype=np.float32))


def add_old_charge(pixels: Pixels, max_adu: int) -> None:
    """Leave what a CCD had collected before it was ever read: most at the top, fading downwards."""
    rows = pixels.shape[0]
    for row, line in enumerate(pixels):
        old_adu = max_adu * (rows - row) // (2 * rows)
        line[:] = np.minimum(line.astype(np.uint32) + old_adu, max_adu)


def fill_with_noise(pixels: Pixels, exposure_number: int) -> None:
    """Replace a frame by noise over the whole range."""
    pixels[:] = np.random.default_rng(exposure_number).integers(0, 65536, pixels.shape, np.uint16)
