"""The client library that scripts use, over TCP and over the unix socket: full frames, bit by bit.

Property by property is in test_pyindi_tour.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.observatory import check_requests
from tests.harness.pyindi_client import Script, client, sensor_pixels
from tests.harness.servers import indiserver


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_connect_expose_and_read(tmp_path: Path, unix: bool) -> None:
    """libindi's clients take the unix socket, and its descriptors, for a host of this form."""
    options = SimulatorOptions(time_scale=20)
    with SimulatorThread(options) as simulator:
        with client() as script, indiserver(tmp_path) as server:
            host = f"localhost:{server.socket_path}" if unix else "127.0.0.1"
            script.reach(host, server.port)
            script.connect_camera(simulator)
            take_three_frames(script, simulator)
            take_a_compressed_frame(script, simulator)
        check_requests(list(simulator.camera.requests.records))


def take_three_frames(script: Script, simulator: SimulatorThread) -> None:
    for binning, shape in ((1, (4096, 4096)), (3, (1365, 1365)), (9, (455, 455))):
        script.bin_by(binning)
        blob = script.take()
        assert blob.format == ".fits"
        _, pixels = blob.image()
        assert pixels.shape == shape
        assert np.array_equal(pixels, sensor_pixels(simulator))


def take_a_compressed_frame(script: Script, simulator: SimulatorThread) -> None:
    """Local clients map as many bytes as the BLOB's size says, and die when there are fewer."""
    since = script.switch("CCD_COMPRESSION", "INDI_ENABLED")
    script.update("CCD_COMPRESSION", "Ok", since=since)
    blob = script.take()
    assert blob.format == ".fits.fz"
    assert np.array_equal(blob.image()[1], sensor_pixels(simulator))
