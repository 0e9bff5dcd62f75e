"""Entry points: the driver that indiserver starts, and the `indi-stx` command.

This is the only place that knows both the driver and the simulated camera; it hands the driver a
factory, so that the SIMULATION switch works without either importing the other.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from indi_stx.camera.simulation import RunningSimulator


def driver() -> int:
    """Run the INDI driver on standard input and output until the server closes them."""
    import logging

    if len(sys.argv) > 1:
        print(
            "indi_stx_ccd is an INDI driver: start it with `indiserver indi_stx_ccd`.\n"
            "It takes no arguments; INDIDEV names the device, INDICONFIG its configuration file.\n"
            "See `indi-stx --help` for the command line.",
            file=sys.stderr,
        )
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    _log_to_server_or_journal()
    logging.getLogger("httpx").setLevel(logging.WARNING)

    import asyncio

    try:
        asyncio.run(_drive())
    except KeyboardInterrupt:
        return 130
    except asyncio.CancelledError:
        return 143  # as the shell says of a program that SIGTERM ended
    return 0


def _log_to_server_or_journal() -> None:
    import logging

    from indi_stx.driver.systemd import log_handler

    if handler := log_handler("indi_stx_ccd"):
        logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
    else:
        logging.basicConfig(level=logging.INFO, format="indi_stx_ccd: %(levelname)s %(message)s")


async def _drive() -> None:
    import asyncio
    import signal

    from indi_stx.camera.devices import DEFAULT_NAME, CameraDevice
    from indi_stx.driver.channel import open_stdio
    from indi_stx.driver.runtime import Runtime

    runtime = Runtime(open_stdio())
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    # An indiserver with a FIFO keeps INDIDEV from the drivers on its command line; a unit has both.
    name = os.environ.get("INDIDEV") or os.environ.get("INDI_STX_DEVICE") or DEFAULT_NAME
    camera = CameraDevice(name, runtime, _start_simulator)
    runtime.devices += [camera, camera.guide_head]
    await runtime.run()


def _start_simulator() -> RunningSimulator:
    """Start the simulated camera for SIMULATION, in a thread of the driver's process."""
    from indi_stx.simulator.options import SimulatorOptions
    from indi_stx.simulator.thread import SimulatorThread

    simulator = SimulatorThread(SimulatorOptions())
    simulator.start()
    return simulator


def main(arguments: list[str] | None = None) -> int:
    """Run the `indi-stx` command and return its exit status; without a command, show the help."""
    try:
        parser = make_parser()
        parsed = parser.parse_args(arguments)
        if parsed.run is None:
            parser.print_help()
            return 0
        status: int = parsed.run(parsed)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return status


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line with all its commands."""
    import argparse

    from indi_stx import __version__, demo, install, uninstall
    from indi_stx.camera import property_table
    from indi_stx.conformance import command as conform
    from indi_stx.help_format import HelpFormatter
    from indi_stx.simulator import command_line as simulate
    from indi_stx.tools import capture, find, probe, watch

    parser = argparse.ArgumentParser(
        prog="indi-stx",
        description="Tools around the INDI driver for SBIG STX, STXL and STT cameras.",
    )
    parser.add_argument("--version", action="version", version=f"indi-stx {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, module, summary in (
        ("find", find, "look for cameras on the network"),
        ("probe", probe, "show what a camera is and how it is set, without changing anything"),
        ("watch", watch, "show a camera's state live"),
        ("capture", capture, "take exposures without INDI, as FITS with a picture of each"),
        ("simulate", simulate, "run a simulated camera that speaks the HTTP API"),
        ("conform", conform, "hold a camera to the API document, row by row"),
        ("properties", property_table, "list all INDI properties of the driver"),
        ("demo", demo, "simulator, indiserver and driver together: cool, expose, save a picture"),
        ("install", install, "make the driver known to indiserver, KStars and systemd"),
        ("uninstall", uninstall, "take back what install has put on this machine"),
    ):
        command = commands.add_parser(name, help=summary, description=module.__doc__)
        module.add_arguments(command)
        command.formatter_class = HelpFormatter
        command.set_defaults(run=module.run)
    return parser
