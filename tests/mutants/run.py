"""Break the code in the ways of the table, one at a time, and see its tests fail.

    python -m tests.mutants.run [--only WORDS]

Each break is made in a copy of the tree; the tree itself is not touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("indi_stx", "tests", "docs", "xml", "pyproject.toml")
LIMIT_S = 400.0
PASSED, FAILED = 0, 1
"""What pytest returns; everything else means that the tests did not run."""


def copy_tree(place: Path) -> None:
    """Copy what the tests need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / name)


def break_it(mutant: Mutant, place: Path) -> None:
    """Make one break in a copy."""
    path = place / "indi_stx" / mutant.file
    text = path.read_text()
    assert text.count(mutant.old) == 1, f"{mutant.file}: {mutant.old!r}"
    path.write_text(text.replace(mutant.old, mutant.new))


def run_tests(place: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests on a copy; return what pytest returned and said last."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    command = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
    # The package is installed from the tree; PYTHONPATH goes first, also in drivers of the tests.
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )
    return done.returncode, done.stdout[-1500:] + done.stderr[-500:]


def check(mutant: Mutant | None, tests: Sequence[str]) -> str:
    """Return what is wrong with a mutant's tests, "" when they notice it."""
    with tempfile.TemporaryDirectory(prefix="indi_stx-mutant-") as name:
        place = Path(name)
        copy_tree(place)
        if mutant is not None:
            break_it(mutant, place)
        result, said = run_tests(place, tests)
    if mutant is None:
        return "" if result == PASSED else f"the tests fail without any break:\n{said}"
    if result == PASSED:
        return f"nobody noticed: {mutant.name} ({mutant.file})"
    return "" if result == FAILED else f"the tests did not run: {mutant.name}\n{said}"


def main() -> int:
    """Check all; 1 when one was not noticed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--only", default="", help="mutants whose name or file has these words")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    began_s = time.monotonic()
    mutants = [m for m in MUTANTS if chosen.only in m.name or chosen.only in m.file]
    everything = sorted({test for mutant in mutants for test in mutant.tests})
    if trouble := check(None, everything):
        print(trouble)
        return 1
    with ThreadPoolExecutor(chosen.jobs) as pool:
        troubles = list(pool.map(lambda m: check(m, m.tests), mutants))
    for mutant, trouble in zip(mutants, troubles, strict=True):
        print(trouble or f"noticed: {mutant.name}")
    print(f"{len(mutants)} breaks in {time.monotonic() - began_s:.0f} s.")
    return 1 if any(troubles) else 0


if __name__ == "__main__":
    sys.exit(main())
