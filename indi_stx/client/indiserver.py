"""An indiserver of our own, on ports, sockets and a home of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DRIVER = str(Path(sys.executable).parent / "indi_stx_ccd")
DEVICE = "SBIG STX"


@dataclass(frozen=True)
class IndiServer:
    """A running indiserver.

    Attributes:
        socket_path: name of its abstract unix socket, without the leading zero byte.
        log: what it and its drivers wrote to standard error.
    """

    port: int
    socket_path: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    def driver_pids(self, name: str = "indi_stx_ccd") -> list[int]:
        """Return the ids of the driver processes that this server started."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                command = (stat.parent / "cmdline").read_bytes()
                if int(fields[1]) == self.process.pid and name.encode() in command:
                    found.append(int(stat.parent.name))
        return found


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def indiserver(
    home: Path,
    drivers: Sequence[str] = (DRIVER,),
    environment: Mapping[str, str] | None = None,
) -> Iterator[IndiServer]:
    """Start indiserver with drivers and stop it again, by its id, drivers included."""
    home.mkdir(parents=True, exist_ok=True)
    executable = shutil.which("indiserver")
    assert executable, "indi-bin is not installed; `make setup` does"
    port, path, log = free_port(), str(home / "indiserver.sock"), home / "indiserver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [executable, "-v", "-p", str(port), "-u", path, *drivers],
            env={**os.environ, "HOME": str(home), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    server = IndiServer(port, path, home, log, process)
    try:
        _wait_until_listening(server)
        yield server
    finally:
        pids = server.driver_pids("")
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        _wait_until_gone(pids)


def _wait_until_listening(server: IndiServer) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(server.log.read_text(errors="replace")) from None
            time.sleep(0.01)


def _wait_until_gone(pids: Sequence[int], limit_s: float = 10.0) -> None:
    """Drivers end on the end of their channel; one that does not has leaked."""
    deadline = time.monotonic() + limit_s
    while left := [pid for pid in pids if _alive(pid)]:
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"drivers outlived their server: {left}")
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
