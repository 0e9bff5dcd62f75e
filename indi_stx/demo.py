"""Show the driver at work, without hardware and without KStars.

Starts a simulated camera, a real indiserver with the driver, and connects to it as any INDI client
does; cools the CCD a little, takes one exposure and saves it as demo.fits and demo.png. Everything
started here is stopped again, and all ports are free ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.client import WireClient, indiserver, unix_client
from indi_stx.errors import IndiStxError
from indi_stx.indi import Attached, OneBlob, OneNumber, SetVector

if TYPE_CHECKING:
    import argparse

    from indi_stx.simulator.thread import SimulatorThread

DEVICE = "SBIG STX"
COOL_BY_CELSIUS = 2.0
START_LIMIT_S = 30.0
COOL_LIMIT_S = 300.0
FRAME_LIMIT_S = 120.0
SHORTEST_S, LONGEST_S = 0.01, 3600.0


class DemoError(IndiStxError):
    """The demo cannot go on; the message says what is missing or what did not happen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx demo`."""
    parser.add_argument(
        "--exposure", type=_exposure_s, default=3.0, metavar="SECONDS", help="how long to expose"
    )
    parser.add_argument("--model", default="STX-16803", help="which camera to simulate")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo"),
        help="where to save, without the ending (default: demo)",
    )


def _exposure_s(text: str) -> float:
    import argparse

    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {SHORTEST_S:g} to {LONGEST_S:g}"
        )
    return seconds


def run(args: argparse.Namespace) -> int:
    """Run the demo and return the exit status."""
    try:
        asyncio.run(_demonstrate(args))
    except IndiStxError as error:
        print(f"indi-stx demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


async def _demonstrate(args: argparse.Namespace) -> None:
    log = args.output.with_name(args.output.name + "-requests.jsonl")
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="indi-stx-demo-"))
        simulator = stack.enter_context(_simulator(args.model, log))
        print(f"1. A simulated {args.model} answers at http://{simulator.host}:{simulator.port}/")
        server = stack.enter_context(indiserver(Path(folder), [_driver()]))
        print(f"2. indiserver runs our driver on port {server.port}.")
        client = await stack.enter_async_context(
            unix_client(server.socket_path, device=DEVICE, limit_s=START_LIMIT_S)
        )
        await _connect(client, simulator)
        await _cool(client)
        print(f"5. Exposing {args.exposure:g} s.")
        _save(await _expose(client, args.exposure), args.output)
        print(f"   The camera's request log is in {log}.")
        for text in client.texts_said():
            if "WARNING" in text or "ERROR" in text:
                print(f"   The driver said: {text}")


async def _connect(client: WireClient, simulator: SimulatorThread) -> None:
    await client.ask()
    await client.defined("DEVICE_ADDRESS")
    since = await client.texts("DEVICE_ADDRESS", ADDRESS=simulator.host, PORT=str(simulator.port))
    await client.finished("DEVICE_ADDRESS", since=since)
    since = await client.switch("CONNECTION", "CONNECT")
    await client.finished("CONNECTION", since=since)
    for name in ("CAMERA_INFO", "CCD_TEMPERATURE", "CCD_COOLER_POWER", "CCD1"):
        await client.defined(name)
    info = client.values[DEVICE, "CAMERA_INFO"]
    print(f"3. Connected to {info['MODEL']}, firmware {info['FIRMWARE']}.")


async def _cool(client: WireClient) -> None:
    now = client.values[DEVICE, "CCD_TEMPERATURE"]["CCD_TEMPERATURE_VALUE"]
    assert isinstance(now, float)
    target = round(now - COOL_BY_CELSIUS, 1)
    print(f"4. The CCD has {now:.1f} C; cooling to {target:.1f} C.")
    since = await client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=target)
    show = _Progress(lambda celsius: f"{celsius:.1f} C")
    await client.finished("CCD_TEMPERATURE", since=since, limit_s=COOL_LIMIT_S, progress=show)
    power = client.values[DEVICE, "CCD_COOLER_POWER"]["CCD_COOLER_VALUE"]
    print(f"   Reached, with {power:.0f} % of the cooler's power.")


async def _expose(client: WireClient, seconds: float) -> OneBlob:
    await client.enable_blobs()
    since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)
    show = _Progress(lambda left: f"{left:.1f} s left" if left else "reading out and downloading")
    limit_s = seconds + FRAME_LIMIT_S
    await client.finished("CCD_EXPOSURE", since=since, limit_s=limit_s, progress=show)
    return await client.blob("CCD1", since=since)


class _Progress:
    """Print a number when what it says has changed."""

    def __init__(self, say: Callable[[float], str]) -> None:
        self._say = say
        self._said = ""

    def __call__(self, report: SetVector) -> None:
        (one,) = report.elements
        text = self._say(one.value) if isinstance(one, OneNumber) else ""
        if text != self._said:
            print(f"   ... {text}", flush=True)
            self._said = text


def _save(frame: OneBlob, output: Path) -> None:
    assert not isinstance(frame.content, Attached)
    import io

    from astropy.io import fits

    from indi_stx.images.preview import write_png

    fits_path, png_path = output.with_suffix(".fits"), output.with_suffix(".png")
    fits_path.write_bytes(frame.content)
    with fits.open(io.BytesIO(frame.content)) as hdus:
        header, pixels = hdus[0].header, hdus[0].data
    write_png(pixels, png_path)
    rows, cols = pixels.shape
    print(f"6. Received {cols} x {rows} pixels, {frame.size / 1e6:.1f} MB, as a FITS file.")
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


def _driver() -> str:
    """Return the path of the driver of this installation."""
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    driver = shutil.which("indi_stx_ccd", path=beside)
    if driver is None:
        raise DemoError("indi_stx_ccd is not installed beside this Python: `pip install .` first.")
    return driver
