"""The table of mutants still fits the code; `make mutants` breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_breaks_is_there_once_and_so_is_its_test(mutant: Mutant) -> None:
    text = (ROOT / "indi_stx" / mutant.file).read_text()
    assert text.count(mutant.old) == 1
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "tests" / path).read_text()


def test_there_are_twenty_and_no_two_are_the_same() -> None:
    assert len({(m.file, m.old) for m in MUTANTS}) == len(MUTANTS) >= 20
