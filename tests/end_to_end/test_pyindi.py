"""The client library that scripts use: pyindi-client, on a real indiserver."""

from __future__ import annotations

import contextlib
import io
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PyIndi
import pytest
from astropy.io import fits

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.observatory import check_requests
from tests.harness.servers import DEVICE, indiserver


class Script(PyIndi.BaseClient):
    """What a ten-line script looks like, with its waits bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: queue.Queue[str] = queue.Queue()

    def newProperty(self, p: Any) -> None:  # noqa: N802
        self._note(p)

    def updateProperty(self, p: Any) -> None:  # noqa: N802
        self._note(p)

    def _note(self, p: Any) -> None:
        if p.getDeviceName() == DEVICE:
            self.updates.put(p.getName())

    def wait(self, name: str, limit_s: float = 30) -> None:
        deadline = time.monotonic() + limit_s
        while self.updates.get(timeout=max(0.01, deadline - time.monotonic())) != name:
            pass

    def number(self, name: str, *values: float) -> None:
        p = self.getDevice(DEVICE).getNumber(name)
        for i, value in enumerate(values):
            p[i].setValue(value)
        self.sendNewNumber(p)


@contextlib.contextmanager
def connected(host: str, port: int) -> Iterator[Script]:
    """Yield a connected client; not a fixture, because pytest would keep it alive for too long."""
    script = Script()
    script.setServer(host, port)
    assert script.connectServer()
    try:
        yield script
    finally:
        script.disconnectServer()


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_connect_expose_and_read(tmp_path: Path, unix: bool) -> None:
    """libindi's clients take the unix socket, and its descriptors, for a host of this form."""
    options = SimulatorOptions(time_scale=20)
    with SimulatorThread(options) as simulator, indiserver(tmp_path) as server:
        host = f"localhost:{server.socket_path}" if unix else "127.0.0.1"
        with connected(host, server.port) as script:
            take_three_frames(script, simulator)
            take_a_compressed_frame(script, simulator)
        check_requests(list(simulator.camera.requests.records))


def take_three_frames(script: Script, simulator: SimulatorThread) -> None:
    script.wait("DEVICE_ADDRESS")
    address = script.getDevice(DEVICE).getText("DEVICE_ADDRESS")
    address[0].setText(simulator.host)
    address[1].setText(str(simulator.port))
    script.sendNewText(address)
    assert script.connectDevice(DEVICE) in (None, True)
    script.wait("CCD1")
    script.setBLOBMode(PyIndi.B_ALSO, DEVICE, "CCD1")
    for binning, shape in ((1, (4096, 4096)), (3, (1365, 1365)), (9, (455, 455))):
        script.number("CCD_BINNING", binning, binning)
        script.number("CCD_EXPOSURE", 0.01)
        script.wait("CCD1")
        blob = script.getDevice(DEVICE).getBLOB("CCD1")[0]
        assert blob.getFormat() == ".fits"
        with fits.open(io.BytesIO(bytes(blob.getblobdata()))) as hdus:
            pixels = hdus[0].data
        frame = simulator.call(lambda camera: camera.imager.frame())
        assert pixels.shape == shape
        assert np.array_equal(pixels, frame.pixels)
    exposure = script.getDevice(DEVICE).getNumber("CCD_EXPOSURE")
    deadline = time.monotonic() + 5
    while exposure.getState() != PyIndi.IPS_OK and time.monotonic() < deadline:
        script.wait("CCD_EXPOSURE", 5)
    assert exposure.getState() == PyIndi.IPS_OK


def take_a_compressed_frame(script: Script, simulator: SimulatorThread) -> None:
    """Local clients map as many bytes as the BLOB's size says, and die when there are fewer."""
    compression = script.getDevice(DEVICE).getSwitch("CCD_COMPRESSION")
    compression[0].setState(PyIndi.ISS_ON)
    compression[1].setState(PyIndi.ISS_OFF)
    script.sendNewSwitch(compression)
    script.number("CCD_EXPOSURE", 0.01)
    script.wait("CCD1")
    blob = script.getDevice(DEVICE).getBLOB("CCD1")[0]
    assert blob.getFormat() == ".fits.fz"
    with fits.open(io.BytesIO(bytes(blob.getblobdata()))) as hdus:
        pixels = hdus[1].data
    frame = simulator.call(lambda camera: camera.imager.frame())
    assert np.array_equal(pixels, frame.pixels)
