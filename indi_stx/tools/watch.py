"""Show a camera's state live: temperatures, cooler, exposures, relays, wheel and link.

Sends one request a second, less with --every, and changes nothing, so it may run beside a driver.
In a terminal the state is shown in place, elsewhere as a line for each look at the temperature.
What does not answer is asked again; only a camera that is not there at the start ends it.

Exit status: 0 the time of --seconds is over, 1 there is no camera, 2 the command line is wrong,
130 interrupted with Ctrl-C, 143 ended by SIGTERM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.tools.address import camera_address
from indi_stx.tools.numbers import real

if TYPE_CHECKING:
    import argparse

FASTEST_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx watch`."""
    add = parser.add_argument
    add("address", type=camera_address, metavar="URL", help="of the camera: http://HOST[:PORT]")
    add(
        "--every",
        type=real("seconds", FASTEST_S, 3600.0),
        default=FASTEST_S,
        metavar="SECONDS",
        help="between two requests, at least 1",
    )
    add(
        "--seconds",
        type=real("seconds", 0.0, 1e9),
        metavar="SECONDS",
        help="end after this time (default: with Ctrl-C)",
    )


def run(args: argparse.Namespace) -> int:
    """Watch until the time is over, and return the exit status."""
    from indi_stx.tools.running import ExitStatus, run_to_end
    from indi_stx.tools.status import Watcher, watched
    from indi_stx.tools.status_view import View

    async def watch() -> int:
        async with watched(args.address) as camera:
            watcher = Watcher(args.address, camera)
            await watcher.begin()
            with View() as view:
                await watcher.go_on(args.every, args.seconds, view.show)
        return ExitStatus.GOOD

    return run_to_end("watch", watch)
