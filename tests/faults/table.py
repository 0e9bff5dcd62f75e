"""The tables of docs/reliability.md, from a run of the whole fault matrix.

python -m tests.faults.table --update docs/reliability.md
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from indi_stx.simulator.fault_kinds import CCD_NAMES
from tests.faults.cells import TRIALS, Phase, Trial
from tests.faults.commands import FAULTS, commands, run_command
from tests.faults.matrix import LIMIT_S, Result, run_trial

AT_A_TIME = 4
STEPS_S = (10, 30, LIMIT_S)
"""To which the longest time of a row is rounded up: it is not the same in two runs."""

Row = Mapping[tuple[str, Phase], Result]


def matrix_table(rows: Mapping[str, Row]) -> str:
    """Return a row for each fault; three words in a cell are those of the three CCDs."""
    lines = [
        "| fault | " + " | ".join(Phase) + " | at most |",
        "|---|" + "---|" * (len(Phase) + 1),
    ]
    for fault, row in rows.items():
        cells = [_cell([row[ccd, phase].end for ccd in CCD_NAMES]) for phase in Phase]
        longest_s = max(result.took_s for result in row.values())
        limit_s = next(step for step in STEPS_S if longest_s <= step)
        lines.append(f"| `{fault}` | " + " | ".join(cells) + f" | {limit_s:g} s |")
    return "\n".join(lines)


def commands_table(ends: Mapping[str, Mapping[str, str]]) -> str:
    """Return a row for each command."""
    lines = ["| call | " + " | ".join(FAULTS) + " |", "|---|" + "---|" * len(FAULTS)]
    for call, row in ends.items():
        lines.append(f"| `{call}` | " + " | ".join(row[fault] for fault in FAULTS) + " |")
    return "\n".join(lines)


def part(text: str, name: str) -> str:
    """Return what stands between the marks of a table."""
    found = re.search(_between(name), text, re.DOTALL)
    assert found is not None, f"there are no marks of {name}"
    return found[2]


def with_part(text: str, name: str, table: str) -> str:
    """Return a text with a table between its marks."""
    assert re.search(_between(name), text, re.DOTALL), f"there are no marks of {name}"
    return re.sub(_between(name), lambda m: f"{m[1]}{table}{m[3]}", text, flags=re.DOTALL)


def _between(name: str) -> str:
    return rf"(<!-- {name} -->\n)(.*?)(\n<!-- end of {name} -->)"


def _cell(ends: list[str]) -> str:
    return str(ends[0]) if len(set(ends)) == 1 else ", ".join(ends)


async def _measure() -> tuple[dict[str, Row], dict[str, dict[str, str]]]:
    room = asyncio.Semaphore(AT_A_TIME)

    async def row(trial: Trial) -> Row:
        async with room:
            return await run_trial(trial)

    async def command(name: str) -> dict[str, str]:
        async with room:
            return await run_command(commands()[name])

    async with asyncio.TaskGroup() as group:
        rows = {trial.fault: group.create_task(row(trial)) for trial in TRIALS}
        ends = {name: group.create_task(command(name)) for name in commands()}
    return (
        {fault: task.result() for fault, task in rows.items()},
        {name: task.result() for name, task in ends.items()},
    )


def main() -> int:
    """Run everything, and write or print the tables; an error when a cell breaks the rule."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--update", type=Path, help="the file with the marks")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        rows, ends = asyncio.run(_measure())
    tables = {"matrix": matrix_table(rows), "commands": commands_table(ends)}
    if chosen.update:
        text = chosen.update.read_text()
        for name, table in tables.items():
            text = with_part(text, name, table)
        chosen.update.write_text(text)
    else:
        print("\n\n".join(tables.values()))
    cells = sum(len(row) for row in rows.values()) + sum(len(row) for row in ends.values())
    took_s, processor_s = time.monotonic() - began_s, time.process_time()
    print(f"{cells} cells in {took_s:.0f} s, {processor_s:.0f} s of them processor time.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
