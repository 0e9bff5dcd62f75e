"""The folder of the simulated camera: no import circle, and a guide that names every file."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import indi_stx.simulator

FOLDER = Path(indi_stx.simulator.__file__).parent
PACKAGE = "indi_stx.simulator."
# Too small to be told about.
UNTOLD = {"error_codes", "numerals", "foreground"}


def imported(path):
    """Return the modules of the folder that a file imports, wherever in it and for whatever."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    mine = {name.removeprefix(PACKAGE).split(".")[0] for name in names if name.startswith(PACKAGE)}
    return {name for name in mine if (FOLDER / f"{name}.py").exists()}


def test_no_import_circle_type_checking_included():
    graph = {path.stem: imported(path) for path in FOLDER.glob("*.py")}
    assert sum(map(len, graph.values())) > 50
    TopologicalSorter(graph).prepare()


def test_guide_to_the_folder_names_every_file():
    guide = indi_stx.simulator.__doc__
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} - UNTOLD
    assert [name for name in sorted(files) if f"`{name}`" not in guide] == []
