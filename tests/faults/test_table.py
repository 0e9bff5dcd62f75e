"""The committed tables of docs/reliability.md have every fault, every cell and every command."""

from __future__ import annotations

from pathlib import Path

from indi_stx.simulator.fault_kinds import CCD_NAMES
from tests.faults.cells import TRIALS, End, Phase, Trial
from tests.faults.commands import DONE, FAULTS, NOT_DONE, commands
from tests.faults.table import part

TEXT = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
HINT = "run `make reliability`"


def rows(name: str) -> dict[str, list[str]]:
    """Return the cells of a table by the first of each row, without the head."""
    _head, _line, *lines = part(TEXT, name).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def head(name: str) -> list[str]:
    return [cell.strip() for cell in part(TEXT, name).splitlines()[0].strip("|").split("|")]


def ends(trial: Trial, cell: str) -> dict[str, End]:
    words = [End(word) for word in cell.split(", ")]
    assert len(words) in (1, len(CCD_NAMES)), cell
    return dict(zip(CCD_NAMES, words * (len(CCD_NAMES) // len(words)), strict=True))


def test_every_fault_has_a_row_and_each_of_its_cells_a_right_end() -> None:
    assert head("matrix") == ["fault", *Phase, "at most"], HINT
    committed = rows("matrix")
    assert list(committed) == [trial.fault for trial in TRIALS], HINT
    for trial in TRIALS:
        *cells, _limit = committed[trial.fault]
        for phase, cell in zip(Phase, cells, strict=True):
            for ccd, end in ends(trial, cell).items():
                assert end in trial.allowed(ccd, phase), f"{trial.fault}, {ccd}, {phase}: {HINT}"


def test_every_command_has_a_row_and_each_way_to_lose_it_a_right_end() -> None:
    assert head("commands") == ["call", *FAULTS], HINT
    committed = rows("commands")
    assert list(committed) == list(commands()), HINT
    for name, command in commands().items():
        for fault, cell in zip(FAULTS, committed[name], strict=True):
            assert cell == (NOT_DONE if fault in command.may_fail else DONE), f"{name}: {HINT}"
