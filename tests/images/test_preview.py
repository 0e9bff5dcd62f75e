"""Previews: the PNG is one, and stars survive stretching and reduction."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from indi_stx.images.preview import encode_png, reduce_by_mean, stretch, write_png


def decode_png(file: bytes) -> np.ndarray:
    """Read what `encode_png` may write, and check every length and CRC on the way."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    position = 8
    while position < len(file):
        (length,) = struct.unpack_from(">I", file, position)
        kind = file[position + 4 : position + 8]
        content = file[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", file, position + 8 + length)
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    cols, rows, *kind_of_picture = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind_of_picture == [8, 0, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, cols + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def star_field(stars: list[tuple[int, int]], size: int = 1200) -> np.ndarray:
    sky = np.random.default_rng(1).normal(1100, 12, (size, size))
    y, x = np.mgrid[-8:9, -8:9]
    star = 500 * np.exp(-(x**2 + y**2) / (2 * 1.3**2))
    for row, col in stars:
        sky[row - 8 : row + 9, col - 8 : col + 9] += star
    return np.clip(sky, 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (64, 1000)])
def test_png_holds_the_picture(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(decode_png(encode_png(grey)), grey)


@pytest.mark.parametrize(
    ("shape", "max_side", "expected"),
    [
        ((100, 80), 100, (100, 80)),
        ((101, 80), 100, (50, 40)),
        ((4096, 4096), 1024, (1024, 1024)),
        ((2047, 3072), 1024, (682, 1024)),
        ((1, 5000), 1024, (1, 1000)),
        ((5000, 1), 1024, (1000, 1)),
    ],
)
def test_reduced_size(shape: tuple[int, int], max_side: int, expected: tuple[int, int]) -> None:
    reduced = reduce_by_mean(np.full(shape, 65535, np.uint16), max_side)
    assert reduced.shape == expected
    assert np.all(reduced == 65535)


def test_blocks_are_averaged() -> None:
    pixels = np.array([[0, 2, 10, 10], [4, 2, 30, 30]], np.uint16)
    assert reduce_by_mean(pixels, 2).tolist() == [[2, 20]]


def test_faint_stars_stand_out_of_a_reduced_frame(tmp_path: Path) -> None:
    stars = [(102, 202), (602, 1002), (1102, 302)]
    write_png(star_field(stars), tmp_path / "field.png", max_side=300)
    picture = decode_png((tmp_path / "field.png").read_bytes())
    assert picture.shape == (300, 300)
    sky = np.median(picture)
    assert sky < 100
    for row, col in stars:
        near = picture[row // 4 - 1 : row // 4 + 2, col // 4 - 1 : col // 4 + 2]
        assert near.max() > np.percentile(picture, 99.9)
        assert near.max() > sky + 80


def test_brighter_is_never_darker() -> None:
    ramp = np.geomspace(1, 65535, 10_000, dtype=np.float32).reshape(100, 100)
    grey = stretch(ramp).ravel().astype(int)
    assert np.all(np.diff(grey) >= 0)
    assert (grey[0], grey[-1]) == (0, 255)


@pytest.mark.parametrize("value", [0, 1000, 65535])
def test_frame_without_contrast_is_a_picture_too(tmp_path: Path, value: int) -> None:
    write_png(np.full((10, 10), value, np.uint16), tmp_path / "flat.png")
    assert decode_png((tmp_path / "flat.png").read_bytes()).shape == (10, 10)
