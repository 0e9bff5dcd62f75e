"""Simulated cameras for the commands, and what became of the requests to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread

WEB_PAGE = (
    b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 25\r\n\r\n"
    b"<html><body>Hi!</body></>"
)
READS = re.compile(
    r"/api/(\w*Get\w+|\w*State|\w*ImageReady|Description|VersionNumbers|IsPulseGuiding|AOStatus)"
    r"\.cgi|/api/\w+(Data\.bin|\.FIT)"
)
"""Paths of the calls that change nothing."""


@contextmanager
def simulated(**options: object) -> Iterator[SimulatorThread]:
    """Run a camera with small frames that lives twenty times as fast."""
    chosen = {"model": "STT-8300", "time_scale": 20.0} | options
    with SimulatorThread(SimulatorOptions(**chosen)) as camera:  # type: ignore[arg-type]
        yield camera


def url_of(camera: SimulatorThread) -> str:
    return f"http://{camera.host}:{camera.port}"


def requests_in(log: Path) -> list[str]:
    """Return path and query of each request that a camera's log tells of."""
    return [json.loads(line)["uri"] for line in log.read_text().splitlines()]
