"""Show the driver at work, without hardware and without KStars.

Starts a simulated camera, a real indiserver with the driver, and connects to it as any INDI client
does; cools the CCD a little, takes one exposure and saves it as demo.fits and demo.png. Everything
started here is stopped again, and all ports are free ones.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indi_stx.errors import IndiStxError

if TYPE_CHECKING:
    import argparse

    from indi_stx.simulator.thread import SimulatorThread

DEVICE = "SBIG STX"
COOL_BY_CELSIUS = 2.0
START_LIMIT_S = 15.0
COOL_LIMIT_S = 300.0
FRAME_LIMIT_S = 120.0


class DemoError(IndiStxError):
    """The demo cannot go on; the message says what is missing or what did not happen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx demo`."""
    parser.add_argument("--exposure", type=float, default=3.0, metavar="SECONDS")
    parser.add_argument("--model", default="STX-16803", help="which camera to simulate")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo"),
        help="where to save, without the ending (default: demo)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo and return the exit status."""
    try:
        with contextlib.ExitStack() as stack:
            _demonstrate(stack, args)
    except IndiStxError as error:
        print(f"indi-stx demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


def _demonstrate(stack: contextlib.ExitStack, args: argparse.Namespace) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="indi-stx-demo-")))
    log = args.output.with_name(args.output.name + "-requests.jsonl")
    simulator = stack.enter_context(_simulator(args.model, log))
    print(f"1. A simulated {args.model} answers at http://{simulator.host}:{simulator.port}/")
    port = stack.enter_context(_indiserver(folder))
    print(f"2. indiserver runs our driver on port {port}.")
    client = stack.enter_context(_connected_client(port))
    client.send_text("DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port))
    client.wait_for("the address to be accepted", "DEVICE_ADDRESS", 5)
    client.send_switch("CONNECTION", "CONNECT")
    for name in ("CCD1", "CCD_TEMPERATURE", "CCD_COOLER_POWER"):
        client.wait_for("the camera to be connected", name, START_LIMIT_S)
    info = client.texts("CAMERA_INFO")
    print(f"3. Connected to {info['MODEL']}, firmware {info['FIRMWARE']}.")
    _cool(client)
    print(f"5. Exposing {args.exposure:g} s.")
    data = client.expose(args.exposure)
    _save(data, args.output)
    print(f"   The camera's request log is in {log}.")


def _cool(client: DemoClient) -> None:
    now = client.numbers("CCD_TEMPERATURE")["CCD_TEMPERATURE_VALUE"]
    target = round(now - COOL_BY_CELSIUS, 1)
    print(f"4. The CCD has {now:.1f} C; cooling to {target:.1f} C.")
    client.send_number("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=target)
    client.wait_while_busy(
        "CCD_TEMPERATURE", COOL_LIMIT_S, lambda v: f"{v['CCD_TEMPERATURE_VALUE']:.1f} C"
    )
    power = client.numbers("CCD_COOLER_POWER")["CCD_COOLER_VALUE"]
    print(f"   Reached, with {power:.0f} % of the cooler's power.")


def _save(data: bytes, output: Path) -> None:
    import io

    from astropy.io import fits

    from indi_stx.images.preview import write_png

    fits_path, png_path = output.with_suffix(".fits"), output.with_suffix(".png")
    fits_path.write_bytes(data)
    with fits.open(io.BytesIO(data)) as hdus:
        header, pixels = hdus[0].header, hdus[0].data
    write_png(pixels, png_path)
    rows, cols = pixels.shape
    print(f"6. Received {cols} x {rows} pixels, {len(data) / 1e6:.1f} MB, as a FITS file.")
    print(f"   Exposed {header['EXPTIME']} s from {header['DATE-OBS']} UTC")
    print(
        f"   at {header['CCD-TEMP']:.1f} C; mean {pixels.mean():.0f} ADU, maximum {pixels.max()}."
    )
    print(f"   Saved {fits_path} and, stretched to be looked at, {png_path}.")


@contextlib.contextmanager
def _simulator(model: str, log: Path) -> Iterator[SimulatorThread]:
    from indi_stx.simulator.options import SimulatorOptions
    from indi_stx.simulator.thread import SimulatorThread

    log.unlink(missing_ok=True)
    with SimulatorThread(SimulatorOptions(model=model, request_log=log)) as simulator:
        yield simulator


@contextlib.contextmanager
def _indiserver(folder: Path) -> Iterator[int]:
    """Run indiserver with the driver of this installation, and yield its TCP port."""
    server = shutil.which("indiserver")
    driver = shutil.which(
        "indi_stx_ccd", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    )
    if server is None:
        raise DemoError("indiserver is not installed: `apt-get install indi-bin` (or `make demo`).")
    if driver is None:
        raise DemoError("indi_stx_ccd is not installed beside this Python: `pip install .` first.")
    port = _free_port()
    with (folder / "indiserver.log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-v", "-p", str(port), "-u", str(folder / "indiserver"), driver],
            env={**os.environ, "HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_listening(port, process, folder / "indiserver.log")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise DemoError(f"indiserver did not start:\n{log.read_text(errors='replace')}")


@contextlib.contextmanager
def _connected_client(port: int) -> Iterator[DemoClient]:
    try:
        import PyIndi
    except ImportError:
        raise DemoError("pyindi-client is missing: `pip install 'indi_stx[client]'`.") from None

    updates: queue.Queue[str] = queue.Queue()

    class Client(PyIndi.BaseClient):  # type: ignore[misc]
        """Note which property has changed; PyIndi calls these on a thread of its own."""

        def newProperty(self, p: Any) -> None:  # noqa: N802
            self._note(p)

        def updateProperty(self, p: Any) -> None:  # noqa: N802
            self._note(p)

        def _note(self, p: Any) -> None:
            if p.getDeviceName() == DEVICE:  # an external guide head is a device of its own
                updates.put(p.getName())

        def newMessage(self, device: Any, number: int) -> None:  # noqa: N802
            text = device.messageQueue(number)
            if "ERROR" in text or "WARNING" in text:
                print(f"   The driver says: {text}")

    client = Client()
    client.setServer("127.0.0.1", port)
    if not client.connectServer():
        raise DemoError(f"No connection to the indiserver on port {port}.")
    try:
        demo = DemoClient(client, updates)
        demo.wait_for("the driver to define its properties", "DEVICE_ADDRESS", START_LIMIT_S)
        demo.wait_for("the driver to define its properties", "DRIVER_INFO", START_LIMIT_S)
        yield demo
    finally:
        client.disconnectServer()


class DemoClient:
    """What the demo asks of an INDI client: send, wait, read."""

    def __init__(self, client: Any, updates: queue.Queue[str]) -> None:
        self._client = client
        self._updates = updates
        self._seen: set[str] = set()

    def send_text(self, name: str, **values: str) -> None:
        """Write a text property."""
        self._write(name, "getText", values, self._client.sendNewText)

    def send_number(self, name: str, **values: float) -> None:
        """Write a number property."""
        self._write(name, "getNumber", values, self._client.sendNewNumber)

    def send_switch(self, name: str, element: str) -> None:
        """Turn one switch of a property on, and all others off."""
        p = self._device().getSwitch(name)
        for one in p:
            one.setState(1 if one.getName() == element else 0)
        self._forget(name)
        self._client.sendNewSwitch(p)

    def texts(self, name: str) -> dict[str, str]:
        """Return the texts of a property."""
        return {one.getName(): one.getText() for one in self._device().getText(name)}

    def numbers(self, name: str) -> dict[str, float]:
        """Return the numbers of a property."""
        return {one.getName(): one.getValue() for one in self._device().getNumber(name)}

    def expose(self, seconds: float) -> bytes:
        """Take an exposure and return the file."""
        import PyIndi

        self._client.setBLOBMode(PyIndi.B_ALSO, DEVICE, "CCD1")
        self._forget("CCD1")
        self.send_number("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
        self.wait_while_busy(
            "CCD_EXPOSURE",
            seconds + FRAME_LIMIT_S,
            lambda v: (
                f"{v['CCD_EXPOSURE_VALUE']:.1f} s left"
                if v["CCD_EXPOSURE_VALUE"]
                else "reading out and downloading"
            ),
        )
        self.wait_for("the image", "CCD1", FRAME_LIMIT_S)
        return bytes(self._device().getBLOB("CCD1")[0].getblobdata())

    def wait_for(self, what: str, name: str, limit_s: float) -> None:
        """Wait until a property has been defined or changed since it was last waited for."""
        deadline = time.monotonic() + limit_s
        while name not in self._seen:
            self._next(deadline, f"Waited {limit_s:g} s in vain for {what}.")
            self._check(name)
        self._seen.discard(name)

    def wait_while_busy(
        self, name: str, limit_s: float, progress: Callable[[dict[str, float]], str]
    ) -> None:
        """Wait until a number property is no longer Busy, showing how far it is."""
        import PyIndi

        deadline = time.monotonic() + limit_s
        shown = ""
        self.wait_for(f"an answer to {name}", name, 30)
        while self._device().getNumber(name).getState() == PyIndi.IPS_BUSY:
            text = progress(self.numbers(name))
            if text != shown:
                print(f"   ... {text}", flush=True)
                shown = text
            self._next(deadline, f"{name} was still busy after {limit_s:g} s.")
        self._check(name)

    def _check(self, name: str) -> None:
        import PyIndi

        for kind in ("getNumber", "getText", "getSwitch"):
            p = getattr(self._device(), kind)(name) if self._device() else None
            if p and p.isValid() and p.getState() == PyIndi.IPS_ALERT:
                raise DemoError(f"The driver refused {name}; its message is above.")

    def _next(self, deadline: float, complaint: str) -> None:
        try:
            self._seen.add(self._updates.get(timeout=max(0.0, deadline - time.monotonic())))
        except queue.Empty:
            raise DemoError(complaint) from None

    def _device(self) -> Any:
        return self._client.getDevice(DEVICE)

    def _write(self, name: str, getter: str, values: dict[str, Any], send: Any) -> None:
        p = getattr(self._device(), getter)(name)
        for one in p:
            if one.getName() in values:
                value = values[one.getName()]
                one.setText(value) if isinstance(value, str) else one.setValue(value)
        self._forget(name)
        send(p)

    def _forget(self, name: str) -> None:
        """Leave out what came before: only an answer counts from now on."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._seen.add(self._updates.get_nowait())
        self._seen.discard(name)
