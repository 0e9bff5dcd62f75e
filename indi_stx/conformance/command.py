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

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.errors import IndiStxError

if TYPE_CHECKING:
    import argparse

    from indi_stx.conformance.checks import Run
    from indi_stx.conformance.rows import Result
    from indi_stx.conformance.stopping import StopSignal

NOT_ALL_PASSED = 1
NO_CAMERA = 2
NOTHING_TESTED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx conform`."""
    parser.add_argument("url", metavar="URL", help="of the camera: http://HOST[:PORT]")
    parser.add_argument("--write", action="store_true", help="test what changes the camera, too")
    parser.add_argument("--flash", action="store_true", help="with --write: write to Flash, too")
    parser.add_argument(
        "--long-pulses",
        action="store_true",
        help="with --write: close guide relays for more than 2 s (no mount must be connected)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="the camera was just started with factory settings: test the defaults, too",
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="rows to run: 'imager.*'")
    parser.add_argument("--quiet", action="store_true", help="print failures and the summary only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON, too")
    parser.add_argument(
        "--gap-ms",
        type=_not_negative,
        default=50.0,
        metavar="MS",
        help="pause between commands; a real camera needs 50 (default)",
    )
    parser.add_argument("--timeout", type=_not_negative, default=10.0, metavar="SECONDS")
    parser.add_argument(
        "--start-latency",
        type=_not_negative,
        default=2.0,
        metavar="SECONDS",
        help="how long a started exposure may still look idle",
    )


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError(text)
    return value


def run(args: argparse.Namespace) -> int:
    """Run the rows and return the exit status."""
    # A camera's conversation is loaded only by who holds one: the command line's --help does not.
    from indi_stx.conformance.stopping import stop_signals

    if (args.flash or args.long_pulses) and not args.write:
        option = "--flash" if args.flash else "--long-pulses"
        _tell(f"indi-stx conform: {option} needs --write.")
        return NO_CAMERA
    with stop_signals() as stop:
        try:
            return _conform(args, stop)
        except IndiStxError as error:
            _tell(f"indi-stx conform: {error}")
            return NO_CAMERA
        except OSError as error:
            _tell(f"indi-stx conform: the report could not be written: {error}")
            return NOT_ALL_PASSED
        except KeyboardInterrupt:
            return 128 + (stop.number or 2)


def _conform(args: argparse.Namespace, stop: StopSignal) -> int:
    from indi_stx.conformance.checks import Run, RunOptions, all_rows
    from indi_stx.conformance.http import Address
    from indi_stx.conformance.restoring import require_idle
    from indi_stx.conformance.session import Mismatch, Pace, Session, Skipped

    pace = Pace(args.gap_ms / 1000, args.timeout or 10.0, args.start_latency)
    session = Session(Address.parse(args.url), pace)
    camera = session.survey()
    if args.write:
        try:
            require_idle(session)
        except Skipped as reason:
            _tell(f"indi-stx conform: {reason}; nothing was tested.")
            return NOTHING_TESTED
        except Mismatch:
            pass  # the rows tell it, and then nothing is written
    options = RunOptions(args.write, args.flash, args.fresh, args.long_pulses, args.only)
    running = Run(session, all_rows(), options)
    try:
        with _output_discarded_when_it_fails():
            results = _run(running, stop, quiet=args.quiet)
    except BaseException:
        _tell(f"\nEnded early; {running.restoration}.")
        raise
    return _conclude(args, camera, str(session.address), results)


def _run(running: Run, stop: StopSignal, *, quiet: bool) -> list[Result]:
    from contextlib import closing

    from indi_stx.conformance.report import result_line
    from indi_stx.conformance.rows import Outcome

    found = []
    with closing(running.results()) as results:
        for result in results:
            stop.check()
            found.append(result)
            if result.outcome is Outcome.FAIL or not quiet:
                print(result_line(result), flush=True)
    return found


def _conclude(args: argparse.Namespace, camera: str, address: str, results: list[Result]) -> int:
    from indi_stx.conformance.checks import RESTORED
    from indi_stx.conformance.report import summary, to_json
    from indi_stx.conformance.rows import Outcome

    print(f"{camera} at {address}: {summary(results)}")
    if args.json:
        args.json.write_text(to_json(camera, address, results))
    if any(result.outcome is Outcome.FAIL for result in results):
        return NOT_ALL_PASSED
    # That all was restored is no statement of the document.
    passed = any(r.outcome is Outcome.PASS and r.row.id != RESTORED for r in results)
    return 0 if passed else NOTHING_TESTED


@contextlib.contextmanager
def _output_discarded_when_it_fails() -> Iterator[None]:
    """Keep the interpreter from failing, at its end, on output that nobody reads."""
    try:
        yield
    except OSError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise


def _tell(text: str) -> None:
    # After SIGHUP the terminal may be gone.
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
