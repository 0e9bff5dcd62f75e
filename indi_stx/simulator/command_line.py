"""`indi-stx simulate`: run a simulated camera until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from indi_stx.errors import SimulatorError
from indi_stx.simulator.faults import describe_faults
from indi_stx.simulator.models import MODELS
from indi_stx.simulator.options import SimulatorOptions

DEFAULT_PORT = 8080


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx simulate`."""
    parser.epilog = f"faults (--fault NAME[=ARGS], repeatable):\n{describe_faults()}\n\n" + (
        "What stands in brackets limits a fault: path=TEXT to requests whose path contains TEXT,\n"
        "ccd=imager|guider|external-guider to one CCD, times=N to N uses, after which it is gone.\n"
        "A bare value belongs to the first argument. SECONDS of the network (refuse, reboot,\n"
        "stall-body, slow-link) are real ones, others the camera's (--time-scale)."
    )
    _add_camera_arguments(parser.add_argument_group("camera"))
    _add_network_arguments(parser.add_argument_group("network"))
    _add_sky_arguments(parser.add_argument_group("sky and mount"))


def _add_camera_arguments(group: argparse._ArgumentGroup) -> None:
    default = SimulatorOptions()
    group.add_argument("--model", default=default.model, help=f"one of {', '.join(MODELS)}")
    group.add_argument("--seed", type=int, default=default.seed, help="of stars, noise, hot pixels")
    group.add_argument(
        "--time-scale", type=float, default=1.0, metavar="X", help="camera seconds in a real one"
    )
    group.add_argument(
        "--firmware",
        choices=("document", "newer"),
        default=default.firmware,
        help="that of the API document, or with fan, overscan and a serial number",
    )
    group.add_argument(
        "--overscan",
        type=int,
        default=default.overscan_columns,
        metavar="COLUMNS",
        help="how many columns without light OverScan adds to the newer firmware's frame",
    )
    group.add_argument(
        "--filter-slots",
        type=int,
        choices=(5, 7, 8),
        default=default.filter_slots,
        help="of the filter wheel",
    )
    group.add_argument(
        "--filter-name-key",
        choices=("both", "table", "example"),
        default=default.filter_name_key,
        help="what SetFilterName takes: Filter1Name (table), Filter1 (example) or both",
    )
    group.add_argument(
        "--date-obs",
        choices=("echo", "own", "none"),
        default=default.date_obs,
        help="DATE-OBS of the camera's own files: the DateTime sent, its own clock, or none",
    )
    group.add_argument(
        "--date-obs-truncated", action="store_true", help="cut DATE-OBS to whole seconds"
    )
    group.add_argument(
        "--date-time-check",
        choices=("calendar", "none"),
        default=default.date_time_check,
        help="of StartExposure's DateTime: none stores whatever comes",
    )
    group.add_argument(
        "--busy-download",
        choices=("previous", "wait", "empty"),
        default=default.busy_download,
        help="what a download gets while its CCD exposes or is read out",
    )
    group.add_argument("--state-dir", type=Path, metavar="DIR", help="keep the Flash here")
    group.add_argument(
        "--ambient",
        type=float,
        default=default.ambient_celsius,
        metavar="CELSIUS",
        help="temperature of the air",
    )
    group.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=ARGS]",
        help="something that goes wrong, see below",
    )


def _add_network_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to listen on")
    group.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 for any free one")
    group.add_argument(
        "--bandwidth", type=float, metavar="BYTES_PER_S", help="of the camera's link"
    )
    group.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="round trip of that link"
    )
    group.add_argument("--request-log", type=Path, metavar="FILE.jsonl", help="a line a request")
    group.add_argument("-v", "--verbose", action="store_true", help="show every request")
    group.add_argument(
        "--admin-port",
        type=int,
        help="loopback: GET /status, GET and POST /faults, POST /sky; 0: any",
    )


def _add_sky_arguments(group: argparse._ArgumentGroup) -> None:
    default = SimulatorOptions()
    group.add_argument(
        "--focal-length",
        type=float,
        default=default.focal_length_mm,
        metavar="MM",
        help="of the telescope",
    )
    group.add_argument(
        "--aperture",
        type=float,
        default=default.aperture_mm,
        metavar="MM",
        help="of the telescope",
    )
    group.add_argument(
        "--drift",
        type=_pair,
        default="0,0",
        metavar="X,Y",
        help="of the field, arcsec a minute; --drift=-1,2 where a minus comes first",
    )
    group.add_argument(
        "--periodic-error",
        type=_pair,
        default=f"0,{default.periodic_error_period_s:g}",
        metavar="PEAK_TO_PEAK,PERIOD",
        help="arcsec and seconds",
    )
    group.add_argument(
        "--seeing",
        type=_pair,
        default=f"{default.seeing_arcsec:g},0",
        metavar="FWHM,MOTION",
        help="width of stars and rms wander of the field, arcsec",
    )
    group.add_argument(
        "--focus-blur",
        type=float,
        default=0.0,
        metavar="ARCSEC",
        help="how much wider stars are out of focus",
    )
    group.add_argument(
        "--guide-rate",
        type=float,
        default=default.guide_rate_arcsec_per_s,
        metavar="ARCSEC_PER_S",
        help="how fast a closed relay moves the field",
    )
    group.add_argument(
        "--guide-angle",
        type=float,
        default=0.0,
        metavar="DEGREES",
        help="between the relays' axes and those of the CCD",
    )


def _pair(text: str) -> tuple[float, float]:
    try:
        first, second = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not two numbers with a comma between, as 1.5,-2"
        ) from None
    return first, second


def options_from(args: argparse.Namespace) -> SimulatorOptions:
    """Return the options; raise SimulatorError for impossible ones."""
    return SimulatorOptions(
        host=args.host,
        port=args.port,
        model=args.model,
        seed=args.seed,
        bandwidth_bytes_per_s=args.bandwidth,
        latency_s=args.latency,
        time_scale=args.time_scale,
        request_log=args.request_log,
        firmware=args.firmware,
        overscan_columns=args.overscan,
        filter_slots=args.filter_slots,
        filter_name_key=args.filter_name_key,
        date_obs=args.date_obs,
        date_obs_truncated=args.date_obs_truncated,
        date_time_check=args.date_time_check,
        busy_download=args.busy_download,
        state_dir=args.state_dir,
        focal_length_mm=args.focal_length,
        aperture_mm=args.aperture,
        drift_x_arcsec_per_min=args.drift[0],
        drift_y_arcsec_per_min=args.drift[1],
        periodic_error_arcsec=args.periodic_error[0],
        periodic_error_period_s=args.periodic_error[1],
        seeing_arcsec=args.seeing[0],
        seeing_motion_arcsec=args.seeing[1],
        focus_blur_arcsec=args.focus_blur,
        guide_rate_arcsec_per_s=args.guide_rate,
        guide_angle_degrees=args.guide_angle,
        ambient_celsius=args.ambient,
        faults=tuple(args.fault),
        admin_port=args.admin_port,
    )


def run(args: argparse.Namespace) -> int:
    """Run the camera until SIGINT or SIGTERM; return the exit code."""
    # asyncio and numpy wait until here, so that the command line's --help does not.
    import asyncio

    from indi_stx.simulator.foreground import serve

    try:
        asyncio.run(serve(options_from(args), verbose=args.verbose))
    except SimulatorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
