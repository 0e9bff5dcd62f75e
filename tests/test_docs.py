"""What the documentation names exists: calls, client methods, properties, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indi_stx import stx
from indi_stx.conformance.calls import PATHS

ROOT = Path(__file__).parents[1]
PROPERTIES = ROOT / "docs" / "properties.md"
CALL_ROW = re.compile(r"\| `(/api/[^`]+)` \|(.*)\|")


def call_rows() -> dict[str, list[str]]:
    """Return the cells after the call, by call, of the section on camera calls."""
    section = PROPERTIES.read_text().split("\n## Camera calls\n")[1].split("\n## ")[0]
    found = [match for line in section.splitlines() if (match := CALL_ROW.match(line))]
    return {match[1]: [cell.strip() for cell in match[2].split("|")] for match in found}


ROWS = call_rows()
CAMERA_SOURCES = "".join(p.read_text() for p in (ROOT / "indi_stx" / "camera").rglob("*.py"))


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_has_the_37_calls_in_the_document_s_order():
    assert list(ROWS) == list(PATHS)


@pytest.mark.parametrize("call", ROWS)
def test_what_a_row_names_exists(call):
    _parameters, _errors, client, properties, route, test = ROWS[call]
    assert named(client)
    for method in named(client):
        owner, name = method.split(".")
        assert callable(getattr(getattr(stx, owner), name))
    for name in named(properties):
        pattern = rf'"({name}|{re.sub("^(CCD|GUIDER)_", "{head}_", name)})"'
        assert re.search(pattern.replace("{", r"\{"), CAMERA_SOURCES), name
    assert (ROOT / "indi_stx" / "simulator" / named(route)[0]).is_file()
    assert (ROOT / "tests" / named(test)[0]).is_file()


@pytest.mark.parametrize("call", ROWS)
def test_the_simulated_camera_has_the_route(call):
    route = ROOT / "indi_stx" / "simulator" / named(ROWS[call][4])[0]
    name = re.sub(r"^/api/(Imager|Guider|ExtGuider)(?=[A-Z.])", "/api/{prefix}", call)
    assert f'"{name}"' in route.read_text()


def test_the_list_of_indi_properties_is_that_of_the_declarations() -> None:
    from indi_stx.camera.property_table import updated

    text = (ROOT / "docs" / "properties.md").read_text()
    assert updated(text) == text, "run `indi-stx properties --update docs/properties.md`"


def test_the_catalogue_names_this_driver() -> None:
    from xml.etree import ElementTree

    from indi_stx.camera.devices import DEFAULT_NAME, DRIVER_VERSION, CameraDevice

    device = ElementTree.parse(ROOT / "xml" / "indi_stx.xml").find("devGroup[@group='CCDs']/device")
    assert device is not None
    assert device.get("manufacturer") == "SBIG"
    driver = device.find("driver")
    assert driver is not None
    assert (driver.get("name"), driver.text) == (DEFAULT_NAME, CameraDevice.executable)
    assert device.findtext("version") == DRIVER_VERSION
    assert float(DRIVER_VERSION) >= 2.1


LINKS_TO_TESTS = re.findall(
    r"\]\(\.\./(tests/[\w/]+\.py)#(\w+)\)", (ROOT / "docs" / "reliability.md").read_text()
)


def test_what_happens_to_a_frame_is_shown_by_tests_that_exist() -> None:
    assert len(LINKS_TO_TESTS) >= 20
    for path, test in LINKS_TO_TESTS:
        assert f"def {test}(" in (ROOT / path).read_text(), f"{path}: {test}"


def test_each_question_about_a_frame_has_a_test() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    questions = [part for part in text.split("\n\n") if part.startswith("**... ")]
    assert len(questions) == len(LINKS_TO_TESTS)
    assert all("([test](../tests/" in question for question in questions)
