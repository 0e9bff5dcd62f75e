"""The small picture of the last frame that the camera's web pages show."""

from __future__ import annotations

import numpy as np

from indi_stx.simulator.jpeg_file import jpeg_file
from indi_stx.simulator.sensor import Pixels

LONGEST_SIDE = 512
DARKEST_PERCENTILE, BRIGHTEST_PERCENTILE = 1.0, 99.7


def preview_file(pixels: Pixels, *, stretched: bool, max_adu: int) -> bytes:
    """Return a JPEG; `stretched` from its own darkest to brightest parts, else from 0 to full."""
    factor = -(-max(pixels.shape) // LONGEST_SIDE)
    # Rows and columns that fill no whole block are left out, unless nothing else is there.
    rows, columns = (max(1, side // factor) for side in pixels.shape)
    high, wide = (min(factor, side) for side in pixels.shape)
    blocks = pixels[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    small = blocks.mean(axis=(1, 3))
    low, high_adu = 0.0, float(max_adu)
    if stretched:
        low, high_adu = np.percentile(small, (DARKEST_PERCENTILE, BRIGHTEST_PERCENTILE))
    grey = (small - low) / max(1.0, high_adu - low) * 255.0
    return jpeg_file(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
