"""Imports go one way; the heavy ones wait until a camera is connected."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "indi_stx"

# What each part may import of the project, besides itself.
ALLOWED = {
    "errors": set(),
    "clock": set(),
    "indi": {"errors"},
    "driver": {"errors", "clock", "indi"},
    "stx": {"errors", "clock"},
    "images": {"errors", "__init__"},
    "camera": {"__init__", "errors", "clock", "indi", "driver", "stx", "images"},
    "simulator": {"errors", "clock", "__init__"},
    "client": {"errors", "clock", "indi"},
    "demo": {"errors", "indi", "client", "simulator", "images"},
    "conformance": {"errors"},
    "tools": {"errors", "clock", "stx", "images"},
    "cli": {
        "__init__",
        "errors",
        "camera",
        "driver",
        "simulator",
        "demo",
        "conformance",
        "help_format",
        "tools",
        "install",
        "uninstall",
    },
    "help_format": set(),
    "__main__": {"cli"},
    "install": {"errors"},
    "uninstall": {"errors", "install"},
    "__init__": set(),
}
SANS_IO = {"asyncio", "socket", "os", "threading", "subprocess", "pathlib", "select"}
LATE = {"httpx", "httpcore", "numpy", "astropy"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return each imported module and whether the import runs when the module is loaded."""
    tree = ast.parse(path.read_text())
    inside = {
        id(n)
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for n in ast.walk(f)
    }
    typing_only = {
        id(n)
        for i in ast.walk(tree)
        if isinstance(i, ast.If) and ast.unparse(i.test) == "TYPE_CHECKING"
        for n in ast.walk(i)
    }
    found = []
    for node in ast.walk(tree):
        at_load = id(node) not in inside | typing_only
        if isinstance(node, ast.Import):
            found += [(a.name, at_load) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            if module == "indi_stx":
                found += [(f"{module}.{a.name}", at_load) for a in node.names]
            else:
                found.append((module, at_load))
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    for module, _ in imports(path):
        if module.startswith("indi_stx."):
            target = module.split(".")[1]
            target = "__init__" if target.startswith("__version") else target
            assert target == part or target in ALLOWED[part], f"{path} imports {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "indi").glob("*.py")), ids=str)
def test_the_protocol_does_no_io(path: Path) -> None:
    assert not {m.split(".")[0] for m, _ in imports(path)} & SANS_IO


def test_only_the_transport_knows_httpx() -> None:
    users = {
        p.name for p in PACKAGE.rglob("*.py") for m, _ in imports(p) if m.split(".")[0] == "httpx"
    }
    assert users == {"transport.py"}


def test_only_tests_need_the_compiled_client() -> None:
    assert not [p for p in PACKAGE.rglob("*.py") for m, _ in imports(p) if m == "PyIndi"]


def test_the_driver_starts_without_heavy_imports() -> None:
    code = (
        "import sys, indi_stx.cli, indi_stx.camera.devices, indi_stx.driver.runtime,"
        "indi_stx.driver.channel; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {m.split(".")[0] for m in loaded.stdout.split()} & LATE


def test_nothing_is_called_a_helper() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert not [p for p in PACKAGE.rglob("*.py") if p.stem in vague]


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or through others."""

    def reachable(start: str) -> set[str]:
        found, waiting = set(), [start]
        while waiting:
            for target in graph.get(waiting.pop(), set()) - found:
                found.add(target)
                waiting.append(target)
        return found

    reach = {module: reachable(module) for module in graph}
    groups = []
    for module in graph:
        group = {other for other in reach[module] if module in reach.get(other, set())}
        if group and group not in groups:
            groups.append(group)
    return groups


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph() -> dict[str, set[str]]:
    """Return what each module of the project names in its imports, those for types included."""
    modules = {module_of(p): p for p in PACKAGE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                named |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                submodules = {f"{node.module}.{a.name}" for a in node.names} & modules.keys()
                named |= submodules or {node.module or ""}
        graph[module] = (named & modules.keys()) - {module}
    return graph


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]


def test_no_modules_import_each_other() -> None:
    assert not circles(import_graph())


def test_no_feature_imports_another_and_the_way_of_an_exposure_imports_none() -> None:
    features = "indi_stx.camera.features."
    base = {features + "ccd", features + "ccd.properties"}  # what the three CCDs have in common
    for module, imported in import_graph().items():
        if module.startswith((features, "indi_stx.camera.exposing")):
            own = features + module.removeprefix(features).split(".")[0]
            others = {m for m in imported if m.startswith(features)} - base
            assert not {m for m in others if not m.startswith(own)}, module
