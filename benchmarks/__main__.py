"""Run benchmarks, print what they find, and with --update write it into docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path

from benchmarks import cycles, frames, growth, guiding, report, start
from benchmarks.report import Section

Measure = Callable[[int], Coroutine[None, None, Section]]

BENCHMARKS: dict[str, tuple[Measure, int]] = {
    "frames": (frames.measure, 10),
    "guiding": (guiding.measure, 150),
    "cycles": (cycles.measure, 20),
    "start": (start.measure, 8),
    "growth": (growth.measure, 5),
}
"""By name: what measures, and how many repetitions are moderate."""


def machine() -> str:
    """Return what the figures were taken on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{model}, {cores} cores, Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}; load average {load:.1f} when it began."
    )


def main() -> int:
    """Return 1 when a benchmark failed; a missed target is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--repeat", type=float, default=1.0, metavar="X", help="X times as often")
    parser.add_argument("--update", action="store_true", help=f"write {report.PAGE.name}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    if options.update and not options.names:
        report.write(Section("machine", [machine()]))
    failed = False
    for name in options.names or BENCHMARKS:
        measure, count = BENCHMARKS[name]
        print(f"## {name}\n", flush=True)
        began = time.monotonic()
        try:
            section = asyncio.run(measure(max(2, round(count * options.repeat))))
        except Exception:
            traceback.print_exc()
            failed = True
            continue
        print(f"{section.text}\n\n({name} took {time.monotonic() - began:.0f} s)\n", flush=True)
        if options.update:
            report.write(section)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
