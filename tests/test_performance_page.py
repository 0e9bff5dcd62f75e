"""The page on performance has a place for each benchmark, and shows what is there."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from benchmarks import plot, report
from benchmarks.__main__ import BENCHMARKS
from benchmarks.report import Section, Target, percentile, updated


@pytest.mark.parametrize("name", ["machine", *BENCHMARKS])
def test_a_section_replaces_what_was_in_its_place(name: str) -> None:
    page = updated(report.PAGE.read_text(), name, "| new |")
    assert f"<!-- {name} -->\n| new |\n<!-- end of {name} -->" in page
    assert updated(page, name, "| new |") == page


def test_a_section_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for 'speed'"):
        updated(report.PAGE.read_text(), "speed", "")


def test_the_pictures_of_the_page_exist() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", report.PAGE.read_text()):
        assert (report.DOCS / name).is_file()


def test_a_missed_target_shows() -> None:
    section = Section("x", targets=[Target("a", 0.71, 0.7), Target("b", 14.9, 15, " ms")])
    assert "| a | 0.71 | at most 0.70 | **missed** |" in section.text
    assert "| b | 15 ms | at most 15 ms | met |" in section.text


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(v) for v in range(100, 0, -1)]
    assert [percentile(values, p) for p in (50, 99, 100)] == [50, 99, 100]


def test_plots_are_xml_with_a_mark_for_each_value() -> None:
    histogram = plot.histograms("a < b", {"one": [1.0, 2.0], "two": [50.0]}, "ms")
    assert len(ElementTree.fromstring(histogram).findall("{*}rect")) == 1 + 3
    curves = plot.curves("t", {"cameras": {"line": [(1.0, 2.0), (8.0, 3.0)]}}, "s")
    assert len(ElementTree.fromstring(curves).findall("{*}circle")) == 2


@pytest.mark.parametrize(("most", "end"), [(0.3, 0.3), (64.6, 80), (100, 100), (3.4, 4)])
def test_axes_end_at_a_round_number(most: float, end: float) -> None:
    assert plot.axis_ticks(most)[-1] == pytest.approx(end)
