"""pyindi-client as scripts use it, with every wait bounded and every report kept.

libindi's client calls back on a thread of its own and changes its copy of a property before it
sends it; so values are copied at each callback, and tests judge by what came after they wrote.
A client keeps its sockets until it is destroyed: make it in the test function, with `client` or
`scripted`, never in a fixture.
"""

from __future__ import annotations

import contextlib
import io
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PyIndi
from astropy.io import fits

from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.harness.observatory import check_requests
from tests.harness.servers import DEVICE, DRIVER, indiserver

LIMIT_S = 60.0
"""Only a test that fails waits so long."""


@dataclass(frozen=True)
class Blob:
    """A BLOB as it was when it came."""

    format: str
    size: int
    content: bytes

    def image(self) -> tuple[fits.Header, np.ndarray]:
        """Return the header and the pixels, (rows, cols), of a FITS file, compressed or not."""
        with fits.open(io.BytesIO(self.content)) as hdus:
            hdus.verify("exception")
            hdu = hdus[-1]
            return hdu.header, hdu.data


READERS: dict[int, tuple[Any, Callable[[Any], Any]]] = {
    PyIndi.INDI_NUMBER: (PyIndi.PropertyNumber, lambda e: e.getValue()),
    PyIndi.INDI_TEXT: (PyIndi.PropertyText, lambda e: e.getText()),
    PyIndi.INDI_SWITCH: (PyIndi.PropertySwitch, lambda e: e.getState() == PyIndi.ISS_ON),
    PyIndi.INDI_LIGHT: (PyIndi.PropertyLight, lambda e: e.getStateAsString()),
    PyIndi.INDI_BLOB: (
        PyIndi.PropertyBlob,
        lambda e: Blob(e.getFormat(), e.getSize(), bytes(e.getblobdata())),
    ),
}


@dataclass(frozen=True)
class Report:
    """What a callback told.

    Attributes:
        kind: "def", "set" or "del".
        name: of the property; empty when the whole device goes.
        state: "Idle", "Ok", "Busy" or "Alert".
    """

    kind: str
    device: str
    name: str
    state: str
    values: Mapping[str, Any]

    @property
    def value(self) -> Any:
        """The value of the first element."""
        return next(iter(self.values.values()))


class Script(PyIndi.BaseClient):
    """A client that keeps everything it is told.

    Attributes:
        seen: the reports taken from the queue so far.
        said: the messages to people.
    """

    def __init__(self) -> None:
        super().__init__()
        self._queue: queue.Queue[Report] = queue.Queue()
        self.seen: list[Report] = []
        self.said: list[str] = []

    # --- callbacks, on libindi's thread ---------------------------------------------------------

    def newProperty(self, p: Any) -> None:  # noqa: N802
        self._note("def", p)

    def updateProperty(self, p: Any) -> None:  # noqa: N802
        self._note("set", p)

    def removeProperty(self, p: Any) -> None:  # noqa: N802
        self._note("del", p)

    def removeDevice(self, device: Any) -> None:  # noqa: N802
        self._queue.put(Report("del", device.getDeviceName(), "", "", {}))

    def newMessage(self, device: Any, number: int) -> None:  # noqa: N802
        self.said.append(device.messageQueue(number))

    def _note(self, kind: str, p: Any) -> None:
        view, read = READERS[p.getType()]
        values = {} if kind == "del" else {e.getName(): read(e) for e in view(p)}
        state = p.getStateAsString()
        self._queue.put(Report(kind, p.getDeviceName(), p.getName(), state, values))

    # --- listen --------------------------------------------------------------------------------

    def now(self) -> int:
        """Take what has come so far and return the place in `seen` where the rest will begin."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.seen.append(self._queue.get_nowait())
        return len(self.seen)

    def until(
        self, wanted: Callable[[Report], bool], *, since: int = 0, what: str = "a report"
    ) -> Report:
        """Return the first report from `since` on that is wanted."""
        deadline, place = time.monotonic() + LIMIT_S, since
        while True:
            while place < len(self.seen):
                place += 1
                if wanted(self.seen[place - 1]):
                    return self.seen[place - 1]
            try:
                left_s = max(0.0, deadline - time.monotonic())
                self.seen.append(self._queue.get(timeout=left_s))
            except queue.Empty:
                told = [f"{r.kind} {r.name} {r.state}" for r in self.seen[since:]][-15:]
                raise AssertionError(
                    f"{what} did not come in {LIMIT_S} s; saw {told}, read {self.said[-3:]}"
                ) from None

    def update(
        self, name: str, state: str | None = None, *, since: int = 0, device: str = DEVICE
    ) -> Report:
        """Return the first set of a property, in a state if one is given."""
        return self.until(
            lambda r: (
                (r.kind, r.device, r.name) == ("set", device, name) and state in (None, r.state)
            ),
            since=since,
            what=f"{name} {state or ''}",
        )

    def defined(self, name: str, *, device: str = DEVICE, since: int = 0) -> Report:
        """Return the first definition of a property, waiting for it if need be."""
        return self.until(
            lambda r: (r.kind, r.device, r.name) == ("def", device, name),
            since=since,
            what=f"the definition of {name}",
        )

    def sets(self, name: str, since: int, *, device: str = DEVICE) -> list[Report]:
        """Return the sets of a property that have come since a place."""
        self.now()
        return [r for r in self.seen[since:] if (r.kind, r.device, r.name) == ("set", device, name)]

    def story(self, name: str, since: int) -> list[tuple[str, list[Any]]]:
        """Return states and values of a property since a place."""
        return [(r.state, list(r.values.values())) for r in self.sets(name, since)]

    # --- say: each returns the place in `seen` where its answers begin ---------------------------

    def number(self, name: str, *, device: str = DEVICE, **values: float) -> int:
        """Send a number property, the elements that are not given as they are."""
        vector = self.getDevice(device).getNumber(name)
        for element, value in values.items():
            vector.findWidgetByName(element).setValue(value)
        place = self.now()
        self.sendNewNumber(vector)
        return place

    def some_numbers(self, name: str, *, device: str = DEVICE, **values: float) -> int:
        """Send only the given elements of a number property."""
        vector = PyIndi.PropertyNumber(len(values))
        vector.setDeviceName(device)
        vector.setName(name)
        for widget, (element, value) in zip(vector, values.items(), strict=True):
            widget.setName(element)
            widget.setValue(value)
        place = self.now()
        self.sendNewNumber(vector)
        return place

    def text(self, name: str, *, device: str = DEVICE, **values: str) -> int:
        """Send a text property, the elements that are not given as they are."""
        vector = self.getDevice(device).getText(name)
        for element, value in values.items():
            vector.findWidgetByName(element).setText(value)
        place = self.now()
        self.sendNewText(vector)
        return place

    def switch(self, name: str, on: str, *, device: str = DEVICE) -> int:
        """Send a switch property with one element On."""
        vector = self.getDevice(device).getSwitch(name)
        for widget in vector:
            widget.setState(PyIndi.ISS_ON if widget.getName() == on else PyIndi.ISS_OFF)
        place = self.now()
        self.sendNewSwitch(vector)
        return place

    # --- what scripts do again and again -------------------------------------------------------

    def reach(self, host: str, port: int) -> None:
        """Connect to a server."""
        self.setServer(host, port)
        assert self.connectServer()

    def connect_camera(self, simulator: SimulatorThread) -> None:
        """Connect the driver to the camera and wait for the last of its properties."""
        self.defined("DEVICE_ADDRESS")
        self.text("DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port))
        self.connect(DEVICE, "CAMERA_FITS_OPTICS")
        self.setBLOBMode(PyIndi.B_ALSO, DEVICE, None)

    def connect(self, device: str, last: str) -> None:
        """Connect a device and wait for one of its last properties."""
        since = self.now()
        self.defined("CONNECTION", device=device)
        assert self.connectDevice(device) in (None, True)
        self.defined(last, device=device, since=since)

    def choose(self, name: str, on: str, device: str = DEVICE) -> int:
        """Switch one element on and wait for the Ok."""
        since = self.switch(name, on, device=device)
        self.update(name, "Ok", since=since, device=device)
        return since

    def bin_by(self, binning: int) -> None:
        """Choose small, fast frames."""
        since = self.number("CCD_BINNING", HOR_BIN=binning, VER_BIN=binning)
        self.update("CCD_BINNING", "Ok", since=since)

    def begin(self, exposure_s: float, head: str = "CCD", device: str = DEVICE) -> int:
        """Start an exposure."""
        name = f"{head}_EXPOSURE"
        return self.number(name, device=device, **{f"{name}_VALUE": exposure_s})

    def take(
        self,
        head: str = "CCD",
        blob: str = "CCD1",
        device: str = DEVICE,
        exposure_s: float = 0.01,
    ) -> Blob:
        """Expose and return the frame, when all is over."""
        since = self.begin(exposure_s, head, device)
        self.update(f"{head}_EXPOSURE", "Ok", since=since, device=device)
        taken = self.update(blob, since=since, device=device).value
        assert isinstance(taken, Blob)
        return taken


@contextlib.contextmanager
def client() -> Iterator[Script]:
    """Yield a client that is yet to `reach` a server; open it before the server is started.

    disconnectServer() holds Python's lock while it waits, for up to 2 s, for libindi's thread to
    call back. When the server has gone first, there is nothing to wait for.
    """
    script = Script()
    try:
        yield script
    finally:
        script.disconnectServer()


@contextlib.contextmanager
def scripted(
    home: Path,
    options: SimulatorOptions,
    *drivers: str,
    connect: bool = True,
) -> Iterator[tuple[Script, SimulatorThread]]:
    """Start a camera, indiserver with our and other drivers, and a client; end it all again."""
    with SimulatorThread(options) as simulator:
        with client() as script, indiserver(home, (DRIVER, *drivers)) as server:
            script.reach("127.0.0.1", server.port)
            if connect:
                script.connect_camera(simulator)
            yield script, simulator
        check_requests(list(simulator.camera.requests.records))


def sensor_pixels(simulator: SimulatorThread, ccd: str = "imager") -> np.ndarray:
    """Return the frame, (rows, cols), in the camera's memory."""
    frame = simulator.call(lambda camera: getattr(camera, ccd).frame())
    return np.asarray(frame.pixels)
