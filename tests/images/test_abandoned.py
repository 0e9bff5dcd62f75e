"""What a driver leaves that dies while it writes: removed by the next, and nothing else is."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indi_stx.images.memory import memory_file
from indi_stx.images.storage import save

ABANDONED = ".indi_stx-0123456789abcdef.part"
HOURS_S = 2 * 3600

WRITER = """
import os, sys
from pathlib import Path
from indi_stx.images.memory import memory_file
from indi_stx.images.storage import save

def hold(fd):
    print("writing", flush=True)
    sys.stdin.read()

os.fsync = hold
save(memory_file("test", b"x" * 5760), Path(sys.argv[1]))
"""


@contextmanager
def writing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a driver that has written a file but not named it yet."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


def age(path: Path) -> None:
    """Make a file look as if it had been written hours ago."""
    now = path.stat().st_mtime
    os.utime(path, (now - HOURS_S, now - HOURS_S))


def save_one(folder: Path) -> None:
    with memory_file("test", b"y" * 2880) as frame:
        save(frame, folder / "M42_002.fits")


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_the_file_of_a_driver_that_was_killed_goes_with_a_later_save(tmp_path: Path) -> None:
    with writing(tmp_path / "M42_001.fits") as process:
        process.kill()
        process.wait()
    (left,) = tmp_path.iterdir()
    age(left)
    save_one(tmp_path)
    assert names_in(tmp_path) == ["M42_002.fits"]


def test_the_file_of_a_driver_that_still_writes_stays(tmp_path: Path) -> None:
    with writing(tmp_path / "M42_001.fits") as process:
        (part,) = tmp_path.iterdir()
        age(part)
        save_one(tmp_path)
        assert names_in(tmp_path) == [part.name, "M42_002.fits"]
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
    assert names_in(tmp_path) == ["M42_001.fits", "M42_002.fits"]


@pytest.mark.parametrize(
    ("name", "hours_old"),
    [
        (ABANDONED, False),
        (".0123456789abcdef.part", True),
        ("0123456789abcdef.part", True),
        (".indi_stx-0123.part", True),
        (ABANDONED + ".fits", True),
    ],
)
def test_young_and_foreign_files_stay(tmp_path: Path, name: str, hours_old: bool) -> None:
    (tmp_path / name).write_bytes(b"precious")
    if hours_old:
        age(tmp_path / name)
    save_one(tmp_path)
    assert names_in(tmp_path) == sorted([name, "M42_002.fits"])


def test_only_files_are_removed_and_nothing_of_it_costs_a_frame(tmp_path: Path) -> None:
    (tmp_path / ABANDONED).mkdir()
    age(tmp_path / ABANDONED)
    pipe = tmp_path / ".indi_stx-00000000000000ff.part"
    os.mkfifo(pipe)
    age(pipe)
    link = tmp_path / ".indi_stx-00000000000000aa.part"
    link.symlink_to(tmp_path / "precious")
    os.utime(link, (0, 0), follow_symlinks=False)
    save_one(tmp_path)
    assert names_in(tmp_path) == sorted([ABANDONED, pipe.name, link.name, "M42_002.fits"])


def test_a_file_system_without_locks_saves_and_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / ABANDONED).touch()
    age(tmp_path / ABANDONED)
    save_one(tmp_path)
    assert names_in(tmp_path) == [ABANDONED, "M42_002.fits"]
