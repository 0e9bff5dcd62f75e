"""A simulated camera in the foreground of a terminal or a service, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.request_log import RequestRecord
from indi_stx.simulator.server import SimulatorServer


async def serve(options: SimulatorOptions, *, verbose: bool = False) -> None:
    """Serve until SIGINT or SIGTERM, and print every request when `verbose`.

    Raises:
        SimulatorError: the camera cannot start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with SimulatorServer(options) as server:
        print(f"{server.camera.model.description} at http://{server.host}:{server.port}/")
        print("Open that in a browser to see the camera's web pages.")
        if server.admin_port is not None:
            print(f"Admin interface at http://127.0.0.1:{server.admin_port}/status")
        print("Stop it with Ctrl+C.", flush=True)
        if verbose:
            server.camera.requests.on_finished = _show
        await stop.wait()
    print("The simulated camera has stopped.", flush=True)


def _show(record: RequestRecord) -> None:
    """Print when a request came, after which gap, how it was answered, and what it was."""
    gap = "" if record.gap_ms is None else f"{record.gap_ms:+.0f} ms"
    status = record.status or "---"
    time = record.utc[11:23]
    print(f"{time} {gap:>10} {status} {record.bytes:>9} bytes  {record.uri}", flush=True)
