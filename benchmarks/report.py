"""Figures as people read them: medians with ranges, ratios, targets; and where they are written."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def ms(seconds: Sequence[float]) -> str:
    """Return median and range in milliseconds."""
    low, high = (f"{1000 * v:.0f}" for v in (min(seconds), max(seconds)))
    return f"{1000 * median(seconds):.0f} ms ({low} to {high})"


def seconds_text(seconds: Sequence[float]) -> str:
    """Return median and range in seconds."""
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of what was measured one after the other."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True)
class Target:
    """A figure that is to be reached.

    Attributes:
        unit: is written behind the figures, such as " ms"; empty for ratios.
    """

    name: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is reached, at the precision in which it is shown."""
        return self.measured <= self.limit

    @property
    def row(self) -> tuple[str, str, str, str]:
        """The cells of its row."""
        digits = 2 if self.limit < 10 else 0
        measured, limit = (f"{v:.{digits}f}{self.unit}" for v in (self.measured, self.limit))
        return self.name, measured, f"at most {limit}", "met" if self.met else "**missed**"


@dataclass
class Section:
    """What one benchmark has to say.

    Attributes:
        name: between which marks of the page it goes.
        lines: Markdown.
        targets: in the order in which they are shown.
        pictures: by the files that they belong into, as SVG.
    """

    name: str
    lines: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    pictures: dict[Path, str] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.lines += [text, ""]

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table."""
        self.lines += [_row(heads), _row(["---"] * len(heads)), *map(_row, rows), ""]

    @property
    def text(self) -> str:
        """All of it."""
        lines = list(self.lines)
        if self.targets:
            heads = ("target", "measured", "wanted", "")
            lines += [_row(heads), _row(["---"] * 4), *(_row(t.row) for t in self.targets), ""]
        return "\n".join(lines).strip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def updated(page: str, section: str, text: str) -> str:
    """Return the page with the text between the marks of a section.

    Raises:
        ValueError: the page has no such marks.
    """
    marks = re.compile(rf"(<!-- {section} -->\n).*?(<!-- end of {section} -->)", re.DOTALL)
    if not marks.search(page):
        raise ValueError(f"The page has no place for {section!r}.")
    return marks.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page)


def write(section: Section) -> None:
    """Put a section's text into the page on performance, and its pictures beside it."""
    PAGE.write_text(updated(PAGE.read_text(), section.name, section.text))
    for path, picture in section.pictures.items():
        path.write_text(picture)
