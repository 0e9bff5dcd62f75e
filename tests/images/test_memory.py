"""A frame that is closed while a thread still works on it: the thread's own frame, or an error."""

from __future__ import annotations

import asyncio
import io
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indi_stx.images.compress import compress
from indi_stx.images.frame import Frame, FrameReceiver
from indi_stx.images.memory import MemoryFile, memory_file
from indi_stx.images.preview import encode_png, reduce_by_mean, stretch
from indi_stx.images.storage import save_next

NOW = datetime(2026, 11, 22, 5, 31, 49, 123_456)
ROWS, COLS = 37, 53
PIXELS = np.random.default_rng(8).integers(0, 65536, (ROWS, COLS), dtype=np.uint16)
LIMIT_S = 30


class Gate:
    """Holds the first thread at a call until the test has done its part."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._reached.set()
        assert self._open.wait(LIMIT_S)
        return self._call(*args, **kwargs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait until a thread is at the gate, and let it pass at the end."""
        try:
            assert self._reached.wait(LIMIT_S)
            yield
        finally:
            self._open.set()


@pytest.fixture
def frame() -> Iterator[Frame]:
    header = fits.PrimaryHDU(PIXELS).header.tostring().encode()
    with FrameReceiver(header, ROWS, COLS) as receiver:
        receiver.receive(PIXELS.astype("<u2").tobytes())
        with receiver.finish() as frame:
            yield frame


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@contextmanager
def closed_and_number_reused(file: MemoryFile) -> Iterator[None]:
    """Close `file`, and have another file of that length under the same descriptor number."""
    number = file.fd
    file.close()
    with memory_file("another", b"?" * file.size) as another:
        os.dup2(another.fd, number, inheritable=False)
        try:
            yield
        finally:
            os.close(number)


USES: dict[str, Callable[[Frame], object]] = {
    "read": lambda frame: frame.read(),
    "pixels": lambda frame: frame.pixels().tobytes(),
    "compress": lambda frame: _unpacked(compress(frame)),
    "png": lambda frame: encode_png(stretch(reduce_by_mean(frame.pixels(), 50))),
}


def _unpacked(packed: MemoryFile) -> bytes:
    with packed, fits.open(io.BytesIO(packed.read())) as hdus:
        pixels: bytes = hdus[1].data.tobytes()
        return pixels


@pytest.mark.parametrize(
    ("use", "module", "call"),
    [
        ("read", os, "pread"),
        ("pixels", mmap, "mmap"),
        ("compress", os, "pread"),
        ("compress", mmap, "mmap"),
        ("png", mmap, "mmap"),
    ],
)
def test_a_thread_reads_its_own_frame_whatever_happens_to_the_number(
    frame: Frame,
    worker: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    use: str,
    module: Any,
    call: str,
) -> None:
    expected = USES[use](frame)
    gate = Gate(getattr(module, call))
    monkeypatch.setattr(module, call, gate)
    result = worker.submit(USES[use], frame)
    with gate.held():
        monkeypatch.undo()
        reused = closed_and_number_reused(frame)
        reused.__enter__()
    try:
        assert result.result(LIMIT_S) == expected
    finally:
        reused.__exit__(None, None, None)


@pytest.mark.parametrize(("module", "call"), [(mmap, "mmap"), (os, "write"), (os, "fsync")])
def test_a_file_saved_from_a_frame_that_is_closed_meanwhile_is_whole(
    frame: Frame,
    worker: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    module: Any,
    call: str,
) -> None:
    content = frame.read()
    gate = Gate(getattr(module, call))
    monkeypatch.setattr(module, call, gate)
    result = worker.submit(save_next, frame, str(tmp_path), "M42_XXX", NOW)
    with gate.held():
        monkeypatch.undo()
        reused = closed_and_number_reused(frame)
        reused.__enter__()
    try:
        assert result.result(LIMIT_S).read_bytes() == content
    finally:
        reused.__exit__(None, None, None)
    assert os.listdir(tmp_path) == ["M42_001.fits"]


async def test_a_result_that_nobody_waits_for_gives_its_memory_back(
    frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(os.listdir("/proc/self/fd"))
    gate = Gate(mmap.mmap)
    monkeypatch.setattr(mmap, "mmap", gate)
    task = asyncio.create_task(asyncio.to_thread(compress, frame))
    await asyncio.sleep(0)  # the task begins, and so does its thread
    with gate.held():
        monkeypatch.undo()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.get_running_loop().shutdown_default_executor()  # waits for its threads
    await asyncio.sleep(0)
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_duplicate_outlives_its_original(frame: Frame) -> None:
    with frame.duplicate() as twin:
        frame.close()
        assert not twin.closed
        assert (twin.rows, twin.cols, twin.header_size) == (ROWS, COLS, frame.header_size)
        assert np.array_equal(twin.pixels(), PIXELS)
        assert not os.get_inheritable(twin.fd)
    with pytest.raises(ValueError, match="closed"):
        frame.duplicate()


def test_closing_in_many_threads_closes_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        for _ in range(50):
            file = memory_file("test", b"x")
            start = threading.Barrier(8)

            def close(file: MemoryFile = file, start: threading.Barrier = start) -> None:
                start.wait(LIMIT_S)
                file.close()

            for result in [threads.submit(close) for _ in range(8)]:
                result.result(LIMIT_S)
