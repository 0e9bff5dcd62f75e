"""Receiving a frame: any chunking gives the same sealed FITS file, and nothing leaks."""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import resource

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from indi_stx.errors import ImageError
from indi_stx.images.frame import Frame, FrameReceiver
from indi_stx.images.memory import memory_file

ROWS, COLS = 37, 53
ALL_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def bare_header(rows: int, cols: int) -> bytes:
    cards = fits.Header(
        [
            ("SIMPLE", True),
            ("BITPIX", 16),
            ("NAXIS", 2),
            ("NAXIS1", cols),
            ("NAXIS2", rows),
            ("BZERO", 32768),
            ("BSCALE", 1),
        ]
    )
    return cards.tostring().encode("ascii")


def random_pixels(rows: int, cols: int) -> np.ndarray:
    return np.random.default_rng(16803).integers(0, 65536, (rows, cols), dtype=np.uint16)


def from_camera(pixels: np.ndarray) -> bytes:
    return pixels.astype("<u2").tobytes()


def receive(pixels: np.ndarray, chunk_size: int) -> Frame:
    sent = from_camera(pixels)
    with FrameReceiver(bare_header(*pixels.shape), *pixels.shape) as receiver:
        for start in range(0, len(sent), chunk_size):
            receiver.receive(sent[start : start + chunk_size])
        return receiver.finish()


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("chunk_size", [1, 2, 7, 1023, 16384, 1 << 30])
def test_every_chunk_size_gives_the_pixels_that_were_sent(chunk_size: int) -> None:
    pixels = random_pixels(ROWS, COLS)
    with receive(pixels, chunk_size) as frame:
        assert np.array_equal(frame.pixels(), pixels)


@pytest.mark.parametrize("chunk_size", [16383, 65536, 1 << 30])
def test_frames_of_several_slices_are_converted_whole(chunk_size: int) -> None:
    pixels = random_pixels(1001, 999)
    with receive(pixels, chunk_size) as frame:
        assert np.array_equal(frame.pixels(), pixels)


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS * COLS * 2), max_size=12).map(sorted))
def test_cuts_anywhere_make_no_difference(cuts: list[int]) -> None:
    pixels = random_pixels(ROWS, COLS)
    sent = from_camera(pixels)
    with FrameReceiver(bare_header(ROWS, COLS), ROWS, COLS) as receiver:
        for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            receiver.receive(sent[start:end])
        assert receiver.missing == 0
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), pixels)


def test_chunks_may_be_any_kind_of_bytes() -> None:
    pixels = random_pixels(1, 3)
    sent = from_camera(pixels)
    with FrameReceiver(bare_header(1, 3), 1, 3) as receiver:
        receiver.receive(sent[:1])
        receiver.receive(bytearray(sent[1:4]))
        receiver.receive(memoryview(sent)[4:])
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), pixels)


@pytest.mark.parametrize(("count", "fits_value"), [(0, -32768), (32768, 0), (65535, 32767)])
def test_pixels_on_disk_are_big_endian_and_offset(count: int, fits_value: int) -> None:
    with receive(np.full((1, 1), count, np.uint16), 2) as frame:
        stored = frame.read(2, offset=frame.header_size)
    assert int.from_bytes(stored, "big", signed=True) == fits_value


def test_astropy_reads_the_frame() -> None:
    pixels = random_pixels(ROWS, COLS)
    with receive(pixels, 4096) as frame, fits.open(io.BytesIO(frame.read())) as hdus:
        hdus.verify("exception")
        assert len(hdus) == 1
        assert hdus[0].data.dtype == np.uint16
        assert np.array_equal(hdus[0].data, pixels)


def test_file_is_padded_with_zeros_to_whole_blocks() -> None:
    with receive(random_pixels(ROWS, COLS), 4096) as frame:
        assert frame.size % 2880 == 0
        assert frame.size == os.fstat(frame.fd).st_size
        end = frame.header_size + ROWS * COLS * 2
        assert frame.read(offset=end) == bytes(frame.size - end)
        assert frame.header() == bare_header(ROWS, COLS)


def test_frame_is_sealed_and_maps_for_a_reader() -> None:
    with receive(random_pixels(ROWS, COLS), 4096) as frame:
        assert fcntl.fcntl(frame.fd, fcntl.F_GET_SEALS) == ALL_SEALS
        assert fcntl.fcntl(frame.fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        with mmap.mmap(frame.fd, frame.size, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
            assert mapped[:6] == b"SIMPLE"
        with pytest.raises(OSError, match="not permitted"):
            os.open(f"/proc/self/fd/{frame.fd}", os.O_WRONLY | os.O_TRUNC)


def test_more_bytes_than_announced_are_refused() -> None:
    with FrameReceiver(bare_header(2, 2), 2, 2) as receiver:
        receiver.receive(bytes(6))
        with pytest.raises(ImageError, match="9 bytes for a frame of 8"):
            receiver.receive(bytes(3))
        assert receiver.missing == 2


def test_short_frame_is_refused_and_can_go_on() -> None:
    with FrameReceiver(bare_header(2, 2), 2, 2) as receiver:
        receiver.receive(bytes(5))
        with pytest.raises(ImageError, match="5 of 8 bytes"):
            receiver.finish()
        receiver.receive(bytes(3))
        receiver.finish().close()


def test_rewound_download_leaves_nothing_of_the_first_attempt() -> None:
    pixels = random_pixels(400, 400)
    sent = from_camera(pixels)
    with FrameReceiver(bare_header(400, 400), 400, 400) as receiver:
        receiver.receive(sent[: len(sent) - 3])
        receiver.rewind()
        assert receiver.missing == len(sent)
        receiver.receive(sent)
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), pixels)


@pytest.mark.parametrize(("rows", "cols"), [(0, 5), (5, 0), (-1, 5)])
def test_empty_frames_are_refused(rows: int, cols: int) -> None:
    with pytest.raises(ImageError, match="empty"):
        FrameReceiver(bare_header(1, 1), rows, cols)


def test_header_must_be_padded() -> None:
    with pytest.raises(ValueError, match="2880"):
        FrameReceiver(b"SIMPLE", 1, 1)


def test_descriptors_are_given_back() -> None:
    before = open_descriptors()
    frame = receive(random_pixels(ROWS, COLS), 4096)
    assert len(open_descriptors()) == len(before) + 1
    frame.close()
    frame.close()
    assert frame.closed
    with FrameReceiver(bare_header(2, 2), 2, 2) as abandoned:
        abandoned.receive(b"abc")
    abandoned.discard()
    assert open_descriptors() == before
    with pytest.raises(ValueError, match="closed"):
        _ = frame.fd


def test_no_memory_is_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, offset: int, length: int) -> None:
        raise OSError(12, "Cannot allocate memory")

    before = open_descriptors()
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(ImageError, match="No memory for a frame of 5760 bytes: Cannot allocate"):
        FrameReceiver(bare_header(2, 2), 2, 2)
    assert open_descriptors() == before


def test_no_descriptor_left_is_an_image_error() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    header = bare_header(2, 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(ImageError, match="Too many open files"):
            FrameReceiver(header, 2, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_memory_file_copies_to_a_descriptor(tmp_path: os.PathLike[str]) -> None:
    content = os.urandom(100_001)
    target = os.path.join(tmp_path, "copy")
    with memory_file("test", content) as stored, open(target, "wb") as file:
        assert stored.size == len(content)
        stored.copy_to(file.fileno())
    with open(target, "rb") as file:
        assert file.read() == content


def test_filled_in_place_it_is_the_same_frame() -> None:
    pixels = np.arange(400 * 800, dtype="<u2")
    whole = pixels.tobytes()
    with FrameReceiver(bare_header(400, 800), 400, 800) as receiver:
        done = 0
        while (place := receiver.buffer()).nbytes:
            count = min(place.nbytes, 70_001)  # not a whole number of pixels, at times
            place[:count] = whole[done : done + count]
            place.release()
            receiver.advance(count)
            done += count
        place.release()
        with receiver.finish() as frame:
            assert np.array_equal(frame.pixels(), pixels.reshape(400, 800))
