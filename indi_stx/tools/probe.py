"""Show what a camera is and how it is set, without changing anything on it.

Asks for its model, versions, sensors, wheel, guide heads and every setting that can be read,
measures the link, and tries whether commands are answered while a frame is being sent: for that it
downloads the image that the camera holds, if it holds one and nothing is being exposed. What fails
is listed at the end, each with what to do.

Exit status: 0 good, 1 something failed or there is no camera, 2 the command line is wrong,
130 interrupted with Ctrl-C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.tools.address import camera_address

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx probe`."""
    parser.add_argument(
        "address", type=camera_address, metavar="URL", help="of the camera: http://HOST[:PORT]"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument(
        "--no-frame", action="store_true", help="do not download the image in the camera"
    )


def run(args: argparse.Namespace) -> int:
    """Ask the camera, print what it said, and return the exit status."""
    from indi_stx.tools.findings import examine
    from indi_stx.tools.probe_report import as_json, show
    from indi_stx.tools.running import ExitStatus, run_to_end
    from indi_stx.tools.terminal import error_console, output_console

    async def probe() -> int:
        found = await examine(args.address, with_frame=not args.no_frame)
        if args.json:
            print(as_json(found), flush=True)
        else:
            show(found, output_console(), error_console())
        return ExitStatus.TROUBLE if found.troubles else ExitStatus.GOOD

    return run_to_end("probe", probe)
