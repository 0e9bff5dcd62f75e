"""A simulated camera in the foreground of a terminal or a service, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.server import SimulatorServer


async def serve(options: SimulatorOptions) -> None:
    """Serve until SIGINT or SIGTERM; raise SimulatorError when the camera cannot start."""
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
        await stop.wait()
    print("The simulated camera has stopped.", flush=True)
