"""A whole observatory: simulated camera, real indiserver with our driver, a connected client.

When it closes, the camera's own request log is held against the rules of the API document.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.request_log import RequestRecord
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.servers import DRIVER, IndiServer, indiserver
from tests.harness.wire_client import WireClient, tcp_client, unix_client

COMMAND_GAP_MS = 50.0
"""STX API, "HTTP Command Interval"."""


@dataclass(frozen=True)
class Observatory:
    """What a test works with."""

    simulator: SimulatorThread
    server: IndiServer
    client: WireClient

    def sensor_bytes(self, ccd: str = "imager") -> bytes:
        """Return the frame in the camera's memory as it would be downloaded."""
        frame = self.simulator.call(lambda camera: getattr(camera, ccd).frame())
        return np.ascontiguousarray(frame.pixels, dtype="<u2").tobytes()

    def requests(self) -> list[RequestRecord]:
        """Return all that was asked of the camera so far."""
        return list(self.simulator.camera.requests.records)


@contextlib.asynccontextmanager
async def observatory(
    home: Path,
    options: SimulatorOptions | None = None,
    *,
    unix: bool = False,
    connect: bool = True,
    drivers: Sequence[str] = (DRIVER,),
    environment: Mapping[str, str] | None = None,
    sole_client: bool = True,
) -> AsyncIterator[Observatory]:
    """Start everything, connect the client and the camera, and end it all again.

    The camera's request log is held to the rules unless the driver is not its `sole_client`.
    """
    with SimulatorThread(options or SimulatorOptions(time_scale=20)) as simulator:
        with indiserver(home, drivers, environment) as server:
            way = unix_client(server.socket_path) if unix else tcp_client(server.port)
            async with way as client:
                place = Observatory(simulator, server, client)
                await client.ask()
                if connect:
                    await connect_camera(place)
                yield place
                assert not client.damaged, f"not INDI: {client.damaged}"
        if sole_client:
            check_requests(place.requests())


async def connect_camera(place: Observatory) -> None:
    """Tell the driver where the camera is, and connect."""
    client, simulator = place.client, place.simulator
    await client.defined("DEVICE_ADDRESS")
    await client.texts("DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port))
    await client.switch("CONNECTION", "CONNECT")
    await client.defined("CAMERA_FITS_OPTICS")  # the last one
    await client.enable_blobs()


def check_requests(requests: Sequence[RequestRecord]) -> None:
    """Hold a request log against the document: interval, known calls, encoding."""
    close = [r for r in requests if r.gap_ms is not None and r.gap_ms < COMMAND_GAP_MS]
    assert not close, f"commands closer than {COMMAND_GAP_MS} ms: {close}"
    unknown = [r for r in requests if r.status == 404]
    assert not unknown, f"unknown calls: {unknown}"
    plus = [r for r in requests if "+" in urlsplit(r.uri).query]
    assert not plus, f"a plus sign for a space: {plus}"
