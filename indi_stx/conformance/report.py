"""A whole run, and its outcome as lines of text and as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence

from indi_stx.conformance.checks import RESTORED, Run, RunOptions, all_rows
from indi_stx.conformance.http import Address
from indi_stx.conformance.restoring import require_idle
from indi_stx.conformance.rows import FLASH, Outcome, Result
from indi_stx.conformance.session import Mismatch, Pace, Session, Skipped
from indi_stx.conformance.stopping import StopSignal

SHOWN_CHARACTERS = 160
NOT_ALL_PASSED, NO_CAMERA, NOTHING_TESTED = 1, 2, 3


def conform(args: Namespace, stop: StopSignal) -> int:
    """Run the rows, print the report and return the exit status."""
    pace = Pace(args.gap_ms / 1000, args.timeout or 10.0, args.start_latency)
    session = Session(Address.parse(args.url), pace)
    camera = session.survey()
    if args.write:
        try:
            require_idle(session)
        except Skipped as reason:
            tell(f"indi-stx conform: {reason}; nothing was tested.")
            return NOTHING_TESTED
        except Mismatch:
            pass  # the rows tell it, and then nothing is written
    options = RunOptions(args.write, args.flash, args.fresh, args.long_pulses, args.only)
    running, results = Run(session, all_rows(), options), list[Result]()
    try:
        with _output_discarded_when_it_fails(), contextlib.closing(running.results()) as produced:
            for result in produced:
                stop.check()
                results.append(result)
                if result.outcome is Outcome.FAIL or not args.quiet:
                    print(_line(result), flush=True)
    except BaseException:
        tell(f"\nEnded early; {running.restoration}.")
        raise
    print(f"{camera} at {session.address}: {_summary(results)}")
    if args.json:
        args.json.write_text(_json(camera, str(session.address), results))
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


def tell(text: str) -> None:
    """Print an error; after SIGHUP the terminal may be gone."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _line(result: Result) -> str:
    """Return a row's line: outcome, id, statement, and what was seen unless it was skipped."""
    row, seen = result.row, result.seen
    if len(seen) > SHOWN_CHARACTERS and result.outcome is Outcome.PASS:
        seen = f"{seen[:SHOWN_CHARACTERS]}..."
    line = f"{result.outcome.value}  {row.id}  [{row.section}] {row.description}"
    return f"{line}\n      {'seen: ' if result.outcome is not Outcome.SKIP else ''}{seen}"


def _summary(results: Sequence[Result]) -> str:
    """Return one line: how many rows passed, failed and were skipped, and why skipped."""
    count = Counter(result.outcome for result in results)
    text = (
        f"{len(results)} rows: {count[Outcome.PASS]} passed, {count[Outcome.FAIL]} failed, "
        f"{count[Outcome.SKIP]} skipped"
    )
    reasons = Counter(r.seen for r in results if r.outcome is Outcome.SKIP)
    shown = "; ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return f"{text} ({shown})" if shown else text


def _json(camera: str, address: str, results: Sequence[Result]) -> str:
    """Return the whole report as JSON."""
    rows = [
        {
            "id": one.row.id,
            "section": one.row.section,
            "description": one.row.description,
            "needs_write": one.row.needs_write,
            "needs_flash": one.row.needs is FLASH,
            "outcome": one.outcome.value,
            "seen": one.seen,
        }
        for one in results
    ]
    report = {"camera": camera, "address": address, "rows": rows}
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"
