"""The outcome of a run, as lines of text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from indi_stx.conformance.rows import Outcome, Result

SHOWN_CHARACTERS = 160


def result_line(result: Result) -> str:
    """Return a row's line: outcome, id, statement, and what was seen unless it was skipped."""
    row, seen = result.row, result.seen
    if len(seen) > SHOWN_CHARACTERS and result.outcome is Outcome.PASS:
        seen = f"{seen[:SHOWN_CHARACTERS]}..."
    line = f"{result.outcome.value}  {row.id}  [{row.section}] {row.description}"
    return f"{line}\n      {'seen: ' if result.outcome is not Outcome.SKIP else ''}{seen}"


def summary(results: Sequence[Result]) -> str:
    """Return one line: how many rows passed, failed and were skipped, and why skipped."""
    count = Counter(result.outcome for result in results)
    text = (
        f"{len(results)} rows: {count[Outcome.PASS]} passed, {count[Outcome.FAIL]} failed, "
        f"{count[Outcome.SKIP]} skipped"
    )
    reasons = Counter(r.seen for r in results if r.outcome is Outcome.SKIP)
    shown = "; ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return f"{text} ({shown})" if shown else text


def to_json(camera: str, address: str, results: Sequence[Result]) -> str:
    """Return the whole report as JSON."""
    rows = [
        {
            "id": result.row.id,
            "section": result.row.section,
            "description": result.row.description,
            "needs_write": result.row.needs_write,
            "needs_flash": result.row.needs.name == "FLASH",
            "outcome": result.outcome.value,
            "seen": result.seen,
        }
        for result in results
    ]
    report = {"camera": camera, "address": address, "rows": rows}
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"
