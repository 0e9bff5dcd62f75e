"""How the files of `indi_stx.stx` depend on each other."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from indi_stx import stx

FOLDER = Path(stx.__file__).parent
NAME = "indi_stx.stx"


def imported(path: Path) -> set[str]:
    """Return the files of the folder that `path` imports, for running or for type checking."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == NAME:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= set(re.findall(rf"^{NAME}\.(\w+)$", node.module))
        elif isinstance(node, ast.Import):
            found |= {m[1] for a in node.names if (m := re.match(rf"{NAME}\.(\w+)$", a.name))}
    return found


IMPORTS = {path.stem: imported(path) for path in sorted(FOLDER.glob("*.py"))}


def test_no_import_circle() -> None:
    try:
        order = list(TopologicalSorter(IMPORTS).static_order())
    except CycleError as error:
        pytest.fail(f"import circle: {' -> '.join(error.args[1])}")
    assert order.index("transport") < order.index("link") < order.index("api")


def test_the_package_says_what_each_file_is_for() -> None:
    said = stx.__doc__ or ""
    assert [name for name in IMPORTS if name != "__init__" and f"`{name}`" not in said] == []


@pytest.mark.parametrize("name", stx.__all__)
def test_every_name_of_the_package_can_be_had(name: str) -> None:
    assert getattr(stx, name).__name__ == name
