"""Compression: the same pixels and the same cards come back."""

from __future__ import annotations

import fcntl
import io
import os
from datetime import UTC, datetime

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.images.compress import compress
from indi_stx.images.frame import Frame, FrameReceiver
from indi_stx.images.header import compose_header
from indi_stx.images.header_facts import CustomCard, FrameFacts, FrameType, Pointing, Site

ABOUT_THE_FILE = {"SIMPLE", "EXTEND", "COMMENT"}


def sky(rows: int, cols: int) -> np.ndarray:
    return np.random.default_rng(3).normal(1100, 12, (rows, cols)).astype(np.uint16)


def frame_of(pixels: np.ndarray) -> Frame:
    rows, cols = pixels.shape
    facts = FrameFacts(
        instrument="SBIG STX",
        rows=rows,
        cols=cols,
        exposure_s=0.12,
        frame_type=FrameType.LIGHT,
        bin_x=1,
        bin_y=1,
        pixel_width_um=9.0,
        pixel_height_um=9.0,
        started_utc=datetime(2026, 11, 22, 5, 31, 49, 123_000, tzinfo=UTC),
        observer="O'Neill",
        focal_length_mm=2000.0,
        site=Site(48.1, -11.5),
        pointing=Pointing(10.684708, 41.26875),
        wcs_rotation_deg=30.0,
        extra=(CustomCard("COMMENT", "thin clouds", ""), CustomCard("SEEING", 2, "arcsec")),
    )
    receiver = FrameReceiver(compose_header(facts), rows, cols)
    receiver.receive(pixels.astype("<u2").tobytes())
    return receiver.finish()


@pytest.mark.parametrize("shape", [(1, 1), (37, 53), (300, 301)])
@pytest.mark.parametrize("kind", ["sky", "extremes"])
def test_pixels_come_back(shape: tuple[int, int], kind: str) -> None:
    pixels = sky(*shape)
    if kind == "extremes":
        pixels[...] = np.resize(np.array([0, 65535, 32767, 32768], np.uint16), shape)
    with (
        frame_of(pixels) as frame,
        compress(frame) as packed,
        fits.open(io.BytesIO(packed.read())) as hdus,
    ):
        hdus.verify("exception")
        assert hdus[1].data.dtype == np.uint16
        assert np.array_equal(hdus[1].data, pixels)


def test_cards_come_back() -> None:
    with frame_of(sky(37, 53)) as frame, compress(frame) as packed:
        original = fits.Header.fromstring(frame.header())
        with fits.open(io.BytesIO(packed.read())) as hdus:
            restored = hdus[1].header
        for card in original.cards:
            if card.keyword not in ABOUT_THE_FILE:
                assert restored[card.keyword] == card.value, card.keyword
                assert type(restored[card.keyword]) is type(card.value), card.keyword
        assert list(restored["COMMENT"]) == list(original["COMMENT"])


def test_a_sky_frame_shrinks() -> None:
    with frame_of(sky(600, 600)) as frame, compress(frame) as packed:
        assert packed.size < 0.6 * frame.size


def test_the_result_is_sealed_and_nothing_leaks() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with frame_of(sky(37, 53)) as frame, compress(frame) as packed:
        assert fcntl.fcntl(packed.fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
        assert packed.size == os.fstat(packed.fd).st_size
    assert set(os.listdir("/proc/self/fd")) == before
