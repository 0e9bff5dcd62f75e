"""An indiserver of one's own, with drivers: on a free port, stopped at the end of a block.

It listens on a unix socket as well, whose name nobody else can have. So who reaches that socket has
reached this server, and whoever has taken its TCP port in the meantime shows as its early end.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indi_stx.errors import ServerLost

START_LIMIT_S = 30.0
END_LIMIT_S = 15.0
PORTS_TO_TRY = 10
LOOK_S = 0.01


@dataclass(frozen=True)
class IndiServer:
    """A running indiserver.

    Attributes:
        port: its TCP port on 127.0.0.1 (it listens on all addresses).
        socket_path: name of its abstract unix socket, without the leading zero byte.
        home: what it and its drivers have as HOME.
        log: what it and its drivers wrote to standard error.
    """

    port: int
    socket_path: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    def driver_pids(self) -> list[int]:
        """Return the ids of the driver processes that it started."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid:
                    found.append(int(stat.parent.name))
        return found


@contextlib.contextmanager
def indiserver(
    home: Path,
    drivers: Sequence[str],
    environment: Mapping[str, str] | None = None,
    restarts: int = 10,
) -> Iterator[IndiServer]:
    """Run indiserver with drivers, and end it and them with the block.

    Args:
        home: becomes the HOME of the drivers, made if need be, with the log in it.
        drivers: their executables.
        environment: is added to that of this process.
        restarts: how often the server starts a driver again that has ended.

    Raises:
        ServerLost: it is not installed, or does not start; has the log.
    """
    home.mkdir(parents=True, exist_ok=True)
    options = ["-v", "-r", str(restarts)]
    environment = {**os.environ, "HOME": str(home), **(environment or {})}
    server = _start(home, [*options, *drivers], environment)
    try:
        yield server
    finally:
        _stop(server)


def _start(home: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> IndiServer:
    executable = shutil.which("indiserver")
    if executable is None:
        raise ServerLost("indiserver is not installed: `apt-get install indi-bin`.")
    for _ in range(PORTS_TO_TRY):
        port, path = _free_port(), f"indi_stx-{secrets.token_hex(8)}"
        log = home / "indiserver.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [executable, "-p", str(port), "-u", path, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        server = IndiServer(port, path, home, log, process)
        try:
            if _listens(server):
                return server
        except BaseException:
            _stop(server)
            raise
    raise ServerLost(f"Each of {PORTS_TO_TRY} free ports was taken before indiserver had it.")


def _free_port() -> int:
    """Return a TCP port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(server: IndiServer) -> bool:
    """Wait until the server listens; False when somebody else has its port."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        ended = server.process.poll() is not None
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(b"\0" + server.socket_path.encode())
            return True
        if ended or time.monotonic() > deadline:
            log = server.log.read_text(errors="replace")
            if ended and "Address already in use" in log:
                return False
            raise ServerLost(f"indiserver did not start:\n{log}")
        time.sleep(LOOK_S)


def _stop(server: IndiServer) -> None:
    """End a server and wait for its drivers, which end by themselves when it has."""
    pids = server.driver_pids()
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    deadline = time.monotonic() + END_LIMIT_S
    while left := [pid for pid in pids if _alive(pid)]:
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise ServerLost(f"Drivers outlived their server and were killed: {left}.")
        time.sleep(LOOK_S)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
