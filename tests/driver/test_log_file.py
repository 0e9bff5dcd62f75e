"""Log files: written beside the event loop, bounded, and their failure told once."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from indi_stx.driver import log_file
from indi_stx.driver.log_file import LogFile


def never(reason: str) -> None:
    raise AssertionError(reason)


async def test_lines_are_all_there_when_it_is_closed(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "not" / "there" / "yet.log", never)
    for number in range(100):
        file.append(f"line {number} of 100 %s")
    await file.close()
    assert file.path.read_text().splitlines() == [f"line {n} of 100 %s" for n in range(100)]


async def test_a_slow_disk_does_not_hold_up_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    mkdir = Path.mkdir

    def slow(path: Path, *args: object, **kwargs: object) -> None:
        assert let_go.wait(30)
        mkdir(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", slow)
    monkeypatch.setattr(log_file, "WAITING_LINES", 10)
    file = LogFile(tmp_path / "slow.log", never)
    for number in range(50):
        file.append(f"line {number}")  # returns, though the disk does not
    let_go.set()
    await file.close()
    lines = file.path.read_text().splitlines()
    assert lines == [f"line {n}" for n in range(len(lines))], "the first ones, in order"
    assert 10 <= len(lines) < 50


async def test_a_full_file_makes_room_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 1000)
    file = LogFile(tmp_path / "night.log", never)
    for number in range(1000):
        file.append(f"line {number}")
    await file.close()
    names = {entry.name: entry.stat().st_size for entry in os.scandir(tmp_path)}
    assert names.keys() == {"night.log", "night.log.1"}
    assert max(names.values()) <= 1000


async def test_a_failure_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    told: list[str] = []
    file = LogFile(tmp_path / "a file" / "night.log", told.append)
    file.append("one")
    file.append("two")
    await file.close()
    await asyncio.sleep(0)
    (reason,) = told
    assert "night.log" in reason
    assert "exists" in reason
