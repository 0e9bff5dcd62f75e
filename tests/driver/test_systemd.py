"""What a driver tells the unit that started it, with sockets as systemd's."""

from __future__ import annotations

import logging
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indi_stx.driver.device import Device
from indi_stx.driver.systemd import JournalHandler, log_handler
from tests.harness.fake_clock import FakeClock
from tests.harness.servers import indiserver
from tests.harness.toy import running

LIMIT_S = 60.0
"""Only a test that fails waits so long."""


class Toy(Device):
    """A device without anything."""

    def __init__(self, host: object) -> None:
        super().__init__("Toy", host)  # type: ignore[arg-type]
        self.permanent = []


@pytest.fixture
def unit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd hears of a unit; what it would set is in the environment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.setenv("WATCHDOG_PID", "1")  # that of indiserver, not ours
        yield heard


def told(unit: socket.socket) -> list[bytes]:
    """Return all that the unit was told since the last look."""
    found = []
    while True:
        try:
            found.append(unit.recv(1000))
        except BlockingIOError:
            return found


async def test_a_sign_comes_twice_in_the_time_allowed(unit: socket.socket) -> None:
    clock = FakeClock()
    async with running(Toy, clock):
        assert told(unit) == [b"READY=1", b"WATCHDOG=1"]
        await clock.advance(14.9)
        assert told(unit) == []
        await clock.advance(0.2)
        assert told(unit) == [b"WATCHDOG=1"]
        await clock.advance(30)
        assert told(unit) == [b"WATCHDOG=1"] * 2
    await clock.advance(60)
    assert told(unit) == []


@pytest.mark.parametrize("limit", ["", "0", "nonsense", None])
async def test_a_unit_without_watchdog_hears_only_the_beginning(
    unit: socket.socket, monkeypatch: pytest.MonkeyPatch, limit: str | None
) -> None:
    if limit is None:
        monkeypatch.delenv("WATCHDOG_USEC")
    else:
        monkeypatch.setenv("WATCHDOG_USEC", limit)
    clock = FakeClock()
    async with running(Toy, clock):
        await clock.advance(600)
    assert told(unit) == [b"READY=1"]


async def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{tmp_path}")
        heard.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
        async with running(Toy, FakeClock()):
            assert told(heard) == [b"READY=1"]


async def test_a_unit_that_does_not_listen_changes_nothing(
    unit: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    clock = FakeClock()
    async with running(Toy, clock):
        await clock.advance(60)


def test_a_driver_behind_indiserver_speaks_and_a_stopped_one_does_not(
    unit: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    unit.settimeout(LIMIT_S)
    with indiserver(tmp_path / "home") as server:
        assert unit.recv(100) == b"READY=1"
        for _ in range(3):
            assert unit.recv(100) == b"WATCHDOG=1"
        (driver,) = server.driver_pids()
        os.kill(driver, signal.SIGSTOP)
        try:
            wait_until_stopped(driver)
            unit.settimeout(0)
            told(unit)
            unit.settimeout(2)  # ten times the limit
            with pytest.raises(TimeoutError):
                unit.recv(100)
        finally:
            os.kill(driver, signal.SIGCONT)
        unit.settimeout(LIMIT_S)
        assert unit.recv(100) == b"WATCHDOG=1"


def wait_until_stopped(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)


# --- the journal ---------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "journal"))
        heard.settimeout(0)
        yield heard


@pytest.fixture
def logger(tmp_path: Path, journal: socket.socket) -> Iterator[logging.Logger]:
    handler = JournalHandler(str(tmp_path / "journal"), "indi_stx_ccd")
    logger = logging.Logger("test", logging.DEBUG)
    logger.addHandler(handler)
    yield logger
    handler.close()


def entry(datagram: bytes) -> dict[str, str]:
    """Read one entry of the journal's native protocol."""
    found = {}
    while datagram:
        line, datagram = datagram.split(b"\n", 1)
        name, separator, value = line.partition(b"=")
        if not separator:
            (length,) = struct.unpack_from("<Q", datagram)
            value, datagram = datagram[8 : 8 + length], datagram[8 + length + 1 :]
        found[name.decode()] = value.decode()
    return found


@pytest.mark.parametrize(
    ("say", "priority"),
    [
        (lambda logger: logger.error("a text"), "3"),
        (lambda logger: logger.warning("a text"), "4"),
        (lambda logger: logger.info("a text"), "6"),
        (lambda logger: logger.debug("a text"), "7"),
    ],
)
def test_the_journal_has_levels(
    journal: socket.socket,
    logger: logging.Logger,
    say: Callable[[logging.Logger], None],
    priority: str,
) -> None:
    say(logger)
    assert entry(journal.recv(1 << 16)) == {
        "PRIORITY": priority,
        "SYSLOG_IDENTIFIER": "indi_stx_ccd",
        "MESSAGE": "a text",
    }


def test_a_message_of_several_lines_is_one_entry(
    journal: socket.socket, logger: logging.Logger
) -> None:
    try:
        raise ValueError("PRIORITY=0\nSYSLOG_IDENTIFIER=somebody else")
    except ValueError:
        logger.exception("first\nGröße")
    read = entry(journal.recv(1 << 16))
    assert (read["PRIORITY"], read["SYSLOG_IDENTIFIER"]) == ("3", "indi_stx_ccd")
    assert read["MESSAGE"].startswith("first\nGröße\nTraceback")


def test_without_a_journal_messages_go_to_standard_error(
    journal: socket.socket, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.close()
    logger.error("a text")
    assert capsys.readouterr().err == "indi_stx_ccd: ERROR a text\n"


def test_a_driver_that_no_unit_started_has_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert log_handler("indi_stx_ccd") is None
