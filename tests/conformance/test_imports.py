"""The conformance test's own files import each other in one direction only."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import indi_stx.conformance

FOLDER = Path(indi_stx.conformance.__file__).parent
PREFIX = "indi_stx.conformance"


def imported(path: Path) -> set[str]:
    """Return the files of the folder that one of them imports, at any time or for types only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == PREFIX:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PREFIX}."):
            found.add((node.module or "").removeprefix(f"{PREFIX}."))
    return found


def test_no_import_circle():
    graph = {path.stem: imported(path) for path in FOLDER.glob("*.py")}
    assert graph["command"]
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert set(order) == set(graph)
