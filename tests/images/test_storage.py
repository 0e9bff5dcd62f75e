"""Saving: whole files only, and never another's file replaced."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from indi_stx.errors import ImageError
from indi_stx.images.file_names import next_path
from indi_stx.images.memory import memory_file
from indi_stx.images.storage import save, save_next

NOW = datetime(2026, 11, 22, 5, 31, 49, 123_456)
CONTENT = os.urandom(5760)


def save_content(path: Path, content: bytes = CONTENT) -> None:
    with memory_file("test", content) as frame:
        save(frame, path)


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_saved_file_is_whole_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "2026" / "M42_001.fits"
    old_mask = os.umask(0o022)
    try:
        save_content(target)
    finally:
        os.umask(old_mask)
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mode & 0o777 == 0o644
    assert target.parent.stat().st_mode & 0o777 == 0o755
    assert names_in(target.parent) == ["M42_001.fits"]


def test_existing_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "M42.fits"
    target.write_bytes(b"precious")
    with pytest.raises(ImageError, match="exists already"):
        save_content(target)
    assert target.read_bytes() == b"precious"
    assert names_in(tmp_path) == ["M42.fits"]


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it a file system like FAT."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("taken", [False, True])
def test_file_systems_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    refuse_links(monkeypatch)
    target = tmp_path / "M42.fits"
    if taken:
        target.write_bytes(b"precious")
        with pytest.raises(ImageError, match="exists already"):
            save_content(target)
    else:
        save_content(target)
    assert target.read_bytes() == (b"precious" if taken else CONTENT)
    assert names_in(tmp_path) == ["M42.fits"]


@pytest.mark.parametrize("prefix", ["M42_XXX", "M42_ISO8601", "M42"])
def test_concurrent_writers_lose_nothing(tmp_path: Path, prefix: str) -> None:
    start = threading.Barrier(8)

    def write(content: bytes) -> None:
        start.wait()
        for _ in range(5):
            with memory_file("test", content) as frame:
                save_next(frame, str(tmp_path), prefix, NOW)

    threads = [threading.Thread(target=write, args=(bytes([i]) * 999,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = [(tmp_path / name).read_bytes() for name in names_in(tmp_path)]
    assert sorted(contents) == sorted(bytes([i]) * 999 for i in range(8) for _ in range(5))


def test_endless_rivals_end_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", refuse)
    with memory_file("test", CONTENT) as frame, pytest.raises(ImageError, match="other writers"):
        save_next(frame, str(tmp_path), "M42_XXX", NOW)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [(errno.ENOSPC, "the disk is full"), (errno.EIO, "disk reports an error"), (999, "odd")],
)
def test_failed_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    def fail(fd: int) -> None:
        raise OSError(code, "odd")

    monkeypatch.setattr(os, "fsync", fail)
    with memory_file("test", CONTENT) as frame, pytest.raises(ImageError, match=reason) as raised:
        save_next(frame, str(tmp_path), "M42_XXX", NOW)
    assert isinstance(raised.value.__cause__, OSError)
    assert names_in(tmp_path) == []


def test_a_write_that_the_kernel_cuts_short_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from indi_stx.images.memory import memory_file\n"
        "from indi_stx.images.storage import save\n"
        "from indi_stx.errors import ImageError\n"
        "frame = memory_file('test', bytes(100_000))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n"
        "    save(frame, Path(sys.argv[1]))\n"
        "except ImageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "M42.fits")],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "too large for this file system or user" in done.stdout
    assert names_in(tmp_path) == []


def test_directory_below_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="not a directory"):
        save_content(tmp_path / "file" / "night" / "M42.fits")
    with pytest.raises(ImageError, match="not a directory"):
        next_path(str(tmp_path / "file"), "M42_XXX", NOW)


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    save_content(tmp_path / "M42.fits")
    with pytest.raises(ImageError):
        save_content(tmp_path / "M42.fits")
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("error", [OSError(errno.EIO, "odd"), KeyboardInterrupt()])
def test_without_links_a_failed_rename_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(source: Path, target: Path) -> None:
        assert names_in(tmp_path)[-1] == "M42.fits"  # the name is taken first, with an empty file
        raise error

    refuse_links(monkeypatch)
    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(ImageError if isinstance(error, OSError) else type(error)):
        save_content(tmp_path / "M42.fits")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("foreign", [b"", b"precious"])
def test_without_links_a_failed_rename_spares_what_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: bytes
) -> None:
    target, other = tmp_path / "M42.fits", tmp_path / "other"
    other.write_bytes(foreign)

    def fail(source: Path, name: Path) -> None:
        os.replace(other, target)  # another program has taken the name over from us
        raise OSError(errno.EIO, "odd")

    refuse_links(monkeypatch)
    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(ImageError, match="disk reports an error"):
        save_content(target)
    assert target.read_bytes() == foreign
    assert names_in(tmp_path) == ["M42.fits"]


def test_a_temporary_name_that_stays_does_not_make_a_saved_file_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, **_: object) -> None:
        raise OSError(errno.EIO, "odd")

    monkeypatch.setattr(os, "unlink", fail)
    save_content(tmp_path / "M42.fits")
    assert (tmp_path / "M42.fits").read_bytes() == CONTENT


def test_a_name_of_255_bytes_is_saved_and_one_byte_more_keeps_the_frame(tmp_path: Path) -> None:
    with memory_file("test", CONTENT) as frame:
        path = save_next(frame, str(tmp_path), "x" * 250, NOW)
        assert path.read_bytes() == CONTENT
        assert len(path.name) == 255
        with pytest.raises(ImageError, match="longer than"):
            save_next(frame, str(tmp_path), "y" * 251, NOW)
        with pytest.raises(ImageError, match="longer than the file system allows"):
            save(frame, tmp_path / ("y" * 256))
        assert frame.read() == CONTENT
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize("directory", ["nights", "~nobody-of-that-name", "/a\0", "/\udcfc", ""])
@pytest.mark.parametrize("prefix", ["M42_XXX", "\ud800", "\0", ""])
def test_settings_that_no_disk_can_follow_keep_the_frame(directory: str, prefix: str) -> None:
    with memory_file("test", CONTENT) as frame:
        with pytest.raises(ImageError, match="The upload"):
            save_next(frame, directory, prefix, NOW)
        assert frame.read() == CONTENT


@pytest.mark.parametrize("path", ["M42\0.fits", "M42\ud800.fits"])
def test_paths_that_are_none_are_image_errors(tmp_path: Path, path: str) -> None:
    with pytest.raises(ImageError, match="Cannot save to") as raised:
        save_content(tmp_path / path)
    assert str(raised.value).isprintable()
    assert names_in(tmp_path) == []


def test_links_that_lead_nowhere_are_explained(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    with memory_file("test", CONTENT) as frame:
        with pytest.raises(ImageError, match="symbolic links form a loop"):
            save_next(frame, str(tmp_path / "circle"), "M42", NOW)
        with pytest.raises(ImageError, match=r"dangling: a file of that name exists already"):
            save_next(frame, str(tmp_path / "dangling"), "M42", NOW)


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "listdir", "mkdir"])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EACCES, "may not write there"),
        (errno.EROFS, "read-only"),
        (errno.EINVAL, "perhaps for a character"),
        (errno.ESTALE, "Stale file handle"),
    ],
)
def test_whatever_the_disk_refuses_is_explained_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, reason: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with memory_file("test", CONTENT) as frame:
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            with pytest.raises(ImageError, match=reason):
                save_next(frame, str(tmp_path / "new"), "M42_XXX", NOW)
        assert frame.read() == CONTENT
    assert not (tmp_path / "new").exists() or names_in(tmp_path / "new") == []


def test_a_directory_that_vanishes_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, open_file = tmp_path / "night", os.open

    def vanish(path: Path, *args: int) -> int:
        folder.rmdir()
        return open_file(path, *args)

    with memory_file("test", CONTENT) as frame:
        monkeypatch.setattr(os, "open", vanish)
        with pytest.raises(ImageError, match="the directory disappeared meanwhile"):
            save_next(frame, str(folder), "M42_XXX", NOW)


def test_a_frame_that_was_closed_before_leaves_nothing(tmp_path: Path) -> None:
    frame = memory_file("test", CONTENT)
    frame.close()
    with pytest.raises(ImageError, match="closed"):
        save_next(frame, str(tmp_path), "M42_XXX", NOW)
    assert names_in(tmp_path) == []


def test_names_that_a_file_system_takes_for_the_same_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_as_fat_would(source: Path, target: Path) -> None:
        if target.name.lower() in {name.lower() for name in names_in(tmp_path)}:
            raise FileExistsError(errno.EEXIST, "File exists")
        link(source, target)

    monkeypatch.setattr(os, "link", link_as_fat_would)
    (tmp_path / "m42.fits").write_bytes(b"precious")
    with memory_file("test", CONTENT) as frame:
        assert save_next(frame, str(tmp_path), "M42", NOW).name == "M42_001.fits"


def test_a_home_directory_is_no_part_of_the_path_that_is_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with memory_file("test", CONTENT) as frame:
        for directory in ("~/a", "_HOME_/b"):
            path = save_next(frame, directory, "M42", NOW)
            assert path == tmp_path / directory[-1] / "M42.fits"
