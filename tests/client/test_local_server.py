"""A real indiserver, started and ended."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indi_stx.client import indiserver, local_server, tcp_client
from indi_stx.errors import ServerLost

TELESCOPE = "indi_simulator_telescope"
DEVICE = "Telescope Simulator"


def environment_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


async def test_it_runs_its_drivers_until_the_end_of_the_block(tmp_path: Path) -> None:
    with indiserver(tmp_path / "home", [TELESCOPE], {"INDICONFIG": "none.xml"}) as server:
        async with tcp_client("127.0.0.1", server.port, device=DEVICE, limit_s=60) as client:
            await client.ask()
            await client.defined("CONNECTION")
        (pid,) = server.driver_pids()
        environment = environment_of(pid)
        assert f"HOME={tmp_path / 'home'}".encode() in environment
        assert b"INDICONFIG=none.xml" in environment
    assert server.process.poll() is not None
    assert not local_server._alive(pid)
    assert TELESCOPE in server.log.read_text()


def test_a_port_that_is_taken_meanwhile_is_left_to_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = local_server._free_port
    with socket.create_server(("", 0)) as other:
        taken = other.getsockname()[1]
        ports: Iterator[int] = iter([taken, taken, free()])
        monkeypatch.setattr(local_server, "_free_port", lambda: next(ports))
        with indiserver(tmp_path, [TELESCOPE]) as server:
            assert server.port != taken
            socket.create_connection(("127.0.0.1", server.port)).close()


def test_a_server_that_cannot_run_shows_its_log(tmp_path: Path) -> None:
    failing = pytest.raises(ServerLost, match=r"(?s)did not start:.*no-such-option")
    with failing, indiserver(tmp_path, ["--no-such-option"]):
        pass


def test_without_indiserver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = pytest.raises(ServerLost, match="apt-get install indi-bin")
    with missing, indiserver(tmp_path, [TELESCOPE]):
        pass
