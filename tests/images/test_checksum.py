"""CHECKSUM and DATASUM, as astropy checks them, for frames in pieces of any size."""

from __future__ import annotations

import dataclasses
import io
import warnings

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.images.compress import compress
from indi_stx.images.frame import FrameReceiver
from indi_stx.images.header import compose_header
from tests.images.test_header import FULL

ROWS, COLS = 301, 457
HEADER = compose_header(dataclasses.replace(FULL, rows=ROWS, cols=COLS, checksum=True))


def pixels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (ROWS, COLS), dtype=np.uint16)


def checked(file: bytes) -> list[fits.PrimaryHDU]:
    """Read a file, failing at a checksum that is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(io.BytesIO(file), checksum=True) as hdus:
            for hdu in hdus:
                assert hdu.data is None or hdu.data.size
            return list(hdus)


@pytest.mark.parametrize("chunk", [1 << 20, 65537, 3001])
@pytest.mark.parametrize("fits_pixels", [False, True])
def test_checksums_are_right(chunk: int, fits_pixels: bool) -> None:
    image = pixels(chunk)
    sent = ((image ^ 0x8000).astype(">u2") if fits_pixels else image.astype("<u2")).tobytes()
    receiver = FrameReceiver(HEADER, ROWS, COLS, pixels_are_fits=fits_pixels)
    receiver.receive(b"x" * 1000)
    receiver.rewind()
    for start in range(0, len(sent), chunk):
        receiver.receive(sent[start : start + chunk])
    with receiver.finish() as frame:
        (hdu,) = checked(frame.read(frame.size))
        assert hdu.header["DATASUM"].strip() != "0"
        assert list(hdu.header)[-2:] == ["CHECKSUM", "DATASUM"]
        with compress(frame) as compressed:
            _, inside = checked(compressed.read(compressed.size))
            assert np.array_equal(inside.data, image)


def test_without_the_wish_there_are_none() -> None:
    with FrameReceiver(compose_header(FULL), 1, 1) as receiver:
        receiver.receive(b"ab")
        with receiver.finish() as frame:
            assert b"CHECKSUM" not in frame.header()
