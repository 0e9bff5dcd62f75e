"""Hold a camera, real or simulated, to the STX HTTP API document, row by row.

Without options only calls are made that cannot change anything. --write tests settings, exposures,
filter moves, guide pulses (a mount moves: take the guide cable off) and the AO mirror, and restores
all settings, also after Ctrl+C, SIGTERM and SIGHUP. It refuses to start while the camera exposes,
guides or moves its wheel. Guide relays close for 2 s at most; --long-pulses tests minutes. --flash
also tests filter names and FITS texts: some twenty writes to memory that wears, restored as well.

A camera that does not answer is asked for a minute to be restored; a second Ctrl+C gives that up.

Exit status: 0 all passed, 1 some failed, not all was restored or the report could not be written,
2 no such camera could be reached or the options are wrong, 3 nothing was tested, 128 + n ended by
signal n (130 after Ctrl+C).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.errors import IndiStxError

if TYPE_CHECKING:
    import argparse

_SWITCHES = {
    "--write": "test what changes the camera, too",
    "--flash": "with --write: write to Flash, too",
    "--long-pulses": "with --write: close guide relays for more than 2 s (no mount connected)",
    "--fresh": "the camera was just started with factory settings: test the defaults, too",
    "--quiet": "print failures and the summary only",
}
_NUMBERS = (
    ("--gap-ms", "MS", 50.0, "pause between commands; a real camera needs 50 (default)"),
    ("--timeout", "SECONDS", 10.0, "how long to wait for an answer (default: 10)"),
    ("--start-latency", "SECONDS", 2.0, "how long a started exposure may still look idle"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx conform`."""
    parser.add_argument("url", metavar="URL", help="of the camera: http://HOST[:PORT]")
    for name, text in _SWITCHES.items():
        parser.add_argument(name, action="store_true", help=text)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="rows to run: 'imager.*'")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON, too")
    for name, unit, value, text in _NUMBERS:
        parser.add_argument(name, type=_not_negative, default=value, metavar=unit, help=text)


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError(text)
    return value


def run(args: argparse.Namespace) -> int:
    """Run the rows and return the exit status."""
    # A camera's conversation is loaded only by who holds one: the command line's --help does not.
    from indi_stx.conformance.report import NO_CAMERA, NOT_ALL_PASSED, conform, tell
    from indi_stx.conformance.stopping import stop_signals

    for option in ("flash", "long_pulses"):
        if getattr(args, option) and not args.write:
            tell(f"indi-stx conform: --{option.replace('_', '-')} needs --write.")
            return NO_CAMERA
    with stop_signals() as stop:
        try:
            return conform(args, stop)
        except IndiStxError as error:
            tell(f"indi-stx conform: {error}")
            return NO_CAMERA
        except OSError as error:
            tell(f"indi-stx conform: the report could not be written: {error}")
            return NOT_ALL_PASSED
        except KeyboardInterrupt:
            return 128 + (stop.number or 2)
