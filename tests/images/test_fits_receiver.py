"""The camera's own FITS file: any chunking gives its pixels behind our header."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from indi_stx.errors import ImageError
from indi_stx.images.fits_receiver import MAX_HEADER_BYTES, FitsReceiver
from indi_stx.stx.download import store

ROWS, COLS = 37, 53
PIXELS = np.random.default_rng(6303).integers(0, 65536, (ROWS, COLS), dtype=np.uint16)
OURS = fits.Header([("SIMPLE", True), ("OURS", "yes")]).tostring().encode("ascii")


def camera_file(cards: dict[str, object] | None = None, comments: int = 0) -> bytes:
    basic = {
        "SIMPLE": True,
        "BITPIX": 16,
        "NAXIS": 2,
        "NAXIS1": COLS,
        "NAXIS2": ROWS,
        "BZERO": 32768.0,
    }
    header = fits.Header({**basic, **(cards or {})}.items())
    for _ in range(comments):
        header.append(("COMMENT", "a camera may say much"), end=True)
    data = (PIXELS ^ 0x8000).astype(">u2").tobytes()
    return header.tostring().encode("ascii") + data + bytes(-len(data) % 2880)


def receiving() -> FitsReceiver:
    return FitsReceiver(ROWS, COLS, lambda header: OURS)


def feed(receiver: FitsReceiver, sent: bytes, cuts: list[int] | None = None) -> None:
    """Receive a file in pieces that end where `cuts` says."""
    for start, end in pairwise([0, *(cuts or []), len(sent)]):
        store(sent[start:end], receiver)


@settings(deadline=None)
@given(
    cuts=st.lists(st.integers(0, 4 * 2880), max_size=12).map(sorted),
    comments=st.sampled_from([0, 28, 29, 30, 60]),
)
def test_cuts_anywhere_make_no_difference(cuts: list[int], comments: int) -> None:
    with receiving() as receiver:
        feed(receiver, camera_file(comments=comments), cuts)
        assert receiver.missing == 0
        with receiver.finish() as frame:
            assert frame.header() == OURS
            assert np.array_equal(frame.pixels(), PIXELS)
            assert frame.size % 2880 == 0


def test_the_camera_s_header_is_kept_for_merging() -> None:
    headers: list[bytes] = []

    def ours(header: bytes) -> bytes:
        headers.append(header)
        return OURS

    with FitsReceiver(ROWS, COLS, ours) as receiver:
        feed(receiver, camera_file({"APTAREA": 25000.0}))
    (header,) = headers
    assert fits.Header.fromstring(header)["APTAREA"] == 25000.0


@pytest.mark.parametrize("bzero", ["3.2768e+04", "3.2768E+04", "32768.", "3.2768d4", "32768"])
def test_numbers_as_programs_write_them(bzero: str) -> None:
    card = b"BZERO   =              32768.0".ljust(80)
    assert card in camera_file()
    sent = camera_file().replace(card, f"BZERO   = {bzero:>20} / offset".ljust(80).encode())
    with receiving() as receiver:
        feed(receiver, sent, [])
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), PIXELS)


def test_a_broken_download_can_be_repeated() -> None:
    sent = camera_file()
    with receiving() as receiver:
        feed(receiver, sent[:-3000], [])
        assert receiver.missing > 0
        with pytest.raises(ImageError, match="incomplete"):
            receiver.finish()
        receiver.rewind()
        assert receiver.missing == ROWS * COLS * 2
        feed(receiver, sent, [1000, 4000])
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), PIXELS)


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"NAXIS1": 54}, "NAXIS1 = 54"),
        ({"NAXIS2": 36}, "NAXIS2 = 36"),
        ({"BITPIX": -32}, "BITPIX = -32"),
        ({"BZERO": 0}, "BZERO = 0"),
        ({"BSCALE": 2.0}, "BSCALE = 2"),
    ],
)
def test_another_frame_than_asked_for_is_refused(cards: dict[str, object], said: str) -> None:
    with receiving() as receiver, pytest.raises(ImageError, match=said):
        feed(receiver, camera_file(cards))


@pytest.mark.parametrize("sent", [b"<html>", b"SIMPLE  " + b"x" * 100])
def test_what_is_not_fits_is_refused(sent: bytes) -> None:
    with receiving() as receiver, pytest.raises(ImageError, match="begin with a FITS"):
        feed(receiver, sent)


def test_an_endless_header_is_refused() -> None:
    with receiving() as receiver, pytest.raises(ImageError, match="no end"):
        feed(receiver, b"SIMPLE  =".ljust(MAX_HEADER_BYTES + 80))


@pytest.mark.parametrize("length", [0, 100, 2879])
def test_a_file_that_ends_in_its_header_is_incomplete(length: int) -> None:
    with receiving() as receiver:
        feed(receiver, camera_file()[:length])
        assert receiver.missing
        with pytest.raises(ImageError, match=f"ends after {length} bytes"):
            receiver.finish()


def test_descriptors_are_given_back() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with receiving() as receiver:
        feed(receiver, camera_file()[:-3000], [])
        receiver.rewind()
        feed(receiver, camera_file(), [])
        receiver.finish().close()
    assert set(os.listdir("/proc/self/fd")) == before
