"""Take exposures without INDI, and save them as FITS with a picture beside each.

The frames of a series are numbered behind those that are there already; no file is ever replaced.
Each saved file is named on standard output, everything else is told on standard error. What the
options do not say is set for you: the whole sensor, unbinned. --temperature switches the cooler on
and waits until the CCD has that temperature for some seconds; the cooler stays on afterwards.

Nothing is started on a camera that is at work for another program. Ctrl-C aborts the exposure.

Exit status: 0 good, 1 trouble with the camera or a file, 2 the command line is wrong or asks for
what this camera does not have, 130 interrupted with Ctrl-C, 143 ended by SIGTERM.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.file_names import check_prefix
from indi_stx.stx import FrameType
from indi_stx.tools.address import camera_address
from indi_stx.tools.numbers import real, whole
from indi_stx.tools.plan import BIAS_S, Plan, Region

SHORTEST_S, LONGEST_S = 0.01, 86_400.0
COLDEST_CELSIUS, WARMEST_CELSIUS = -100.0, 100.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx capture`."""
    add = parser.add_argument
    add("address", type=camera_address, metavar="URL", help="of the camera: http://HOST[:PORT]")
    add("--count", type=whole(1, 100_000), default=1, metavar="N", help="how many frames")
    add(
        "--exposure",
        type=real("seconds", SHORTEST_S, LONGEST_S),
        metavar="SECONDS",
        help="of each frame (default: 1; a bias is always as short as possible)",
    )
    add(
        "--type",
        choices=[kind.name.lower() for kind in FrameType],
        default="light",
        help="of frame",
    )
    add("--bin", type=whole(1, 255), default=1, metavar="N", help="binning in both directions")
    add(
        "--frame",
        type=_region,
        metavar="X,Y,WIDTH,HEIGHT",
        help="part of the sensor, in unbinned pixels (default: all of it)",
    )
    add("--filter", metavar="NAME|SLOT", help="filter in the beam (default: as it is)")
    add(
        "--temperature",
        type=real("degrees Celsius", COLDEST_CELSIUS, WARMEST_CELSIUS),
        metavar="CELSIUS",
        help="cool the CCD to this first (default: as it is)",
    )
    add(
        "--cooling-limit",
        type=real("minutes", 0.1, 600.0),
        default=20.0,
        metavar="MINUTES",
        help="how long to wait for the temperature",
    )
    add("--object", metavar="NAME", help="for the FITS header")
    add("--output", type=Path, default=Path("."), metavar="FOLDER", help="where to save")
    add(
        "--name",
        type=_prefix,
        metavar="PREFIX",
        help="begins the file names (default: the type of frame)",
    )
    add("--no-preview", action="store_true", help="save no pictures")


def _region(text: str) -> Region:
    try:
        start_x, start_y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        start_x = start_y = width = height = -1
    if min(start_x, start_y) < 0 or min(width, height) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not X,Y,WIDTH,HEIGHT: four whole numbers of pixels"
        )
    return Region(start_x, start_y, width, height)


def _prefix(text: str) -> str:
    numbered = text if "XXX" in text else f"{text}_XXX"
    try:
        check_prefix(numbered)
    except ImageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return numbered


def plan_of(args: argparse.Namespace) -> Plan:
    """Return what the options ask for."""
    frame_type = FrameType[args.type.upper()]
    exposure_s = 1.0 if args.exposure is None else args.exposure
    return Plan(
        address=args.address,
        count=args.count,
        exposure_s=BIAS_S if frame_type is FrameType.BIAS else exposure_s,
        frame_type=frame_type,
        binning=args.bin,
        region=args.frame,
        filter=args.filter,
        temperature_celsius=args.temperature,
        cooling_limit_s=args.cooling_limit * 60,
        object_name=args.object,
        folder=Path(os.path.abspath(args.output.expanduser())),
        prefix=args.name or f"{args.type}_XXX",
        with_preview=not args.no_preview,
    )


def run(args: argparse.Namespace) -> int:
    """Take the frames and return the exit status."""
    from indi_stx.tools.display import Display
    from indi_stx.tools.running import ExitStatus, run_to_end
    from indi_stx.tools.series import take

    async def capture() -> int:
        with Display() as display:
            all_saved = await take(plan_of(args), display)
        return ExitStatus.GOOD if all_saved else ExitStatus.TROUBLE

    return run_to_end("capture", capture)
