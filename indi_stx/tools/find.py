"""Look for cameras on the network.

Looks at the private networks that this computer is connected to, at most 254 addresses of each, or
at SUBNET, of 1024 addresses at most. 64 connections are made at a time; whatever is no camera gets
a single HTTP request. Cameras that listen on another port than 80 are only found with --port.

Exit status: 0 cameras were found, 1 none was found, 2 the command line is wrong, 130 interrupted
with Ctrl-C.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from indi_stx.errors import ValueRefused
from indi_stx.tools.networks import Network, hosts_of, network, own_networks
from indi_stx.tools.numbers import real, whole

if TYPE_CHECKING:
    from indi_stx.tools.scan import Looked

SHORTEST_S, LONGEST_S = 0.05, 10.0
_ADVICE = (
    "Check power and network cable. A camera without a DHCP server gives itself an address of "
    "169.254.x.x; the lights at its Ethernet socket show whether there is a link. A camera in "
    "another network is found with `indi-stx find SUBNET`, one on another port with --port."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx find`."""
    parser.add_argument(
        "subnet",
        type=_network,
        nargs="?",
        metavar="SUBNET",
        help="such as 192.168.1.0/24 (default: those of this computer)",
    )
    parser.add_argument("--port", type=whole(1, 65535), default=80, help="of the cameras")
    parser.add_argument(
        "--timeout",
        type=real("seconds", SHORTEST_S, LONGEST_S),
        default=1.0,
        metavar="SECONDS",
        help="how long a connection may take",
    )


def _network(text: str) -> Network:
    try:
        return network(text)
    except ValueRefused as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    """Look for cameras, list them, and return the exit status."""
    from indi_stx.tools.running import ExitStatus, run_to_end
    from indi_stx.tools.terminal import error_console, tell

    networks = [args.subnet] if args.subnet else own_networks()
    if not networks:
        tell(
            error_console(),
            "indi-stx find: this computer is in no private network; name the one to look at: "
            "indi-stx find 192.168.1.0/24",
            "red",
        )
        return ExitStatus.USAGE
    hosts = hosts_of(networks)
    where = f"{', '.join(map(str, networks))}, port {args.port}"
    tell(error_console(), f"Looking at {len(hosts)} addresses in {where}.")

    async def find() -> int:
        if await _list_cameras(hosts, args.port, args.timeout):
            return ExitStatus.GOOD
        tell(error_console(), f"No camera answered. {_ADVICE}")
        return ExitStatus.TROUBLE

    return run_to_end("find", find)


async def _list_cameras(hosts: Sequence[str], port: int, limit_s: float) -> int:
    """Print each camera as it is found, and return how many there are."""
    from rich.progress import Progress

    from indi_stx.tools.scan import look_at
    from indi_stx.tools.terminal import error_console, output_console

    count = 0
    errors = error_console()
    with Progress(
        console=errors,
        transient=True,
        disable=not errors.is_interactive,
        redirect_stdout=output_console().is_terminal,
    ) as progress:
        bar = progress.add_task("Looking", total=len(hosts))
        async for looked in look_at(hosts, port, limit_s):
            progress.advance(bar)
            if looked.description is not None:
                count += 1
                _print_camera(looked)
    return count


def _print_camera(looked: Looked) -> None:
    from indi_stx.tools.terminal import output_console, tell

    tell(output_console(), f"{looked.address}  {looked.description}")
