"""A disk that takes its time delays what is saved, and nothing else."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indi_stx.driver.config import ConfigFile
from indi_stx.driver.declarations import Num, Save, number
from indi_stx.driver.device import Device, Host
from indi_stx.driver.subsystem import Subsystem
from indi_stx.indi import (
    GetProperties,
    Kind,
    Message,
    PingReply,
    PingRequest,
    SetVector,
    State,
)
from tests.harness.fake_clock import settle
from tests.harness.toy import ToyServer, running


class Guide(Subsystem):
    """Something that must not wait, beside settings that are saved as soon as they change."""

    pulse = number("PULSE", "Pulse", "Main", {"MS": Num("ms", max=1000)})
    relays = number(
        "RELAYS",
        "Relays",
        "Main",
        {"NUMBER": Num("Number", max=1000)},
        save=Save.AT_START,
        autosave=True,
    )


class Toy(Device):
    """A device that guides."""

    def __init__(self, host: Host) -> None:
        super().__init__("Toy", host)
        self.guide = Guide(self)
        self.permanent = [self.general, self.log, self.guide]


class SlowDisk:
    """Flushing a file to this disk ends when the test says so; other work on it does not wait."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.flushed = 0
        self._fsync = os.fsync

    def fsync(self, fd: int) -> None:
        self.flushed += 1
        self.begun.set()
        if not self.go_on.wait(20):
            raise AssertionError("the test never let the disk go on")
        self._fsync(fd)

    async def wait_until_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 20)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    """Put a slow disk below the driver."""
    slow = SlowDisk()
    monkeypatch.setattr(os, "fsync", slow.fsync)
    yield slow
    slow.go_on.set()


def answers(messages: list[object], name: str) -> list[State | None]:
    return [m.state for m in messages if isinstance(m, SetVector) and m.name == name]


async def the_loop_goes_on(server: ToyServer) -> None:
    assert await server.hear(PingRequest("7")) == [PingReply("7")]
    said = await server.write("Toy", Kind.NUMBER, "PULSE", MS=100)
    assert answers(said, "PULSE") == [State.OK]


async def test_a_setting_that_is_saved_delays_no_pulse_behind_it(disk: SlowDisk) -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        said = await server.write("Toy", Kind.NUMBER, "RELAYS", NUMBER=3)
        assert answers(said, "RELAYS") == [State.OK]
        await disk.wait_until_begun()
        await the_loop_goes_on(server)
        disk.go_on.set()


async def test_the_process_ends_when_everything_is_saved(disk: SlowDisk) -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        for number in (4, 5):
            await server.write("Toy", Kind.NUMBER, "RELAYS", NUMBER=number)
        await disk.wait_until_begun()
        server.channel.hear(b"")
        await settle()
        disk.go_on.set()
    file = ConfigFile.of_device("Toy")
    assert {s.name: s.values for s in file.read_now()}["RELAYS"] == {"NUMBER": "5"}
    assert not list(file.path.parent.glob(".*.xml*")), "no temporary file stays"


async def test_a_setting_that_cannot_be_saved_is_told(tmp_path: Path) -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        (device,) = server.runtime.devices
        (tmp_path / "file").write_text("")
        device.config = ConfigFile(tmp_path / "file" / "Toy_config.xml", "Toy")
        await server.answer("Toy", Kind.NUMBER, "RELAYS", NUMBER=4)
        async with asyncio.timeout(10):
            while answers(list(server.channel.said), "RELAYS") != [State.OK, State.ALERT]:
                await server.channel.spoke()
        (text,) = [m.text for m in server.channel.said if isinstance(m, Message)]
        assert text.startswith(f"[ERROR] Cannot write {device.config.path}")
