"""Plots as SVG, drawn by hand: two kinds of a few lines each need no library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, PANEL_HEIGHT = 720, 150
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 40, 34
COLOURS = ("#0b6e99", "#c2571a", "#4c8c2b", "#7d3c98")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Points = Sequence[tuple[float, float]]


def histograms(title: str, series: Mapping[str, Sequence[float]], unit: str) -> str:
    """Return a panel of bars for each series, all with the same axis."""
    most = max(max(values) for values in series.values())
    ticks = axis_ticks(most)
    end, bins = ticks[-1], 50
    parts = []
    for index, (name, values) in enumerate(series.items()):
        counts = [0] * bins
        for value in values:
            counts[min(bins - 1, int(value / end * bins))] += 1
        top = TOP + index * PANEL_HEIGHT
        height = PANEL_HEIGHT - BOTTOM - 10
        parts.append(_text(LEFT, top + 10, f"{name} ({len(values)})"))
        bar = (WIDTH - LEFT - RIGHT) / bins
        for place, count in enumerate(counts):
            if count:
                tall = height * count / max(counts)
                parts.append(
                    f'<rect x="{LEFT + place * bar:.1f}" y="{top + 10 + height - tall:.1f}" '
                    f'width="{bar - 1:.1f}" height="{tall:.1f}" fill="{COLOURS[index % 4]}"/>'
                )
        parts.append(_axis_x(ticks, end, top + 10 + height, unit))
    return _document(title, TOP + len(series) * PANEL_HEIGHT, parts)


def curves(title: str, panels: Mapping[str, Mapping[str, Points]], unit: str) -> str:
    """Return a panel of lines for each group; the first word of its name is that of its axis."""
    height = 220
    parts = []
    for index, (name, lines) in enumerate(panels.items()):
        top = TOP + index * height
        inner = height - BOTTOM - 30
        ticks_x = axis_ticks(max(x for points in lines.values() for x, _ in points))
        ticks_y = axis_ticks(max(y for points in lines.values() for _, y in points), about=3)
        parts.append(_text(LEFT, top + 8, name, weight="bold"))
        for y in ticks_y:
            at = top + 20 + inner * (1 - y / ticks_y[-1])
            parts.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
                f'stroke="#ddd"/>{_text(LEFT - 6, at + 4, f"{y:g} {unit}", anchor="end")}'
            )
        for number, (line, points) in enumerate(lines.items()):
            places = [
                (
                    LEFT + (WIDTH - LEFT - RIGHT) * x / ticks_x[-1],
                    top + 20 + inner * (1 - y / ticks_y[-1]),
                )
                for x, y in sorted(points)
            ]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            colour = COLOURS[number % 4]
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places
            ]
            parts.append(_text(LEFT + 200 + 170 * number, top + 8, line, colour=colour))
        parts.append(_axis_x(ticks_x, ticks_x[-1], top + 20 + inner, ""))
    return _document(title, TOP + len(panels) * height, parts)


def axis_ticks(most: float, about: int = 6) -> list[float]:
    """Return round numbers from 0 to at least `most`."""
    rough = most / about
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * s for s in STEPS if size * s >= rough)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def _axis_x(ticks: Sequence[float], end: float, y: float, unit: str) -> str:
    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#555"/>']
    for tick in ticks:
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / end
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{y + 4:.1f}" stroke="#555"/>'
        )
        parts.append(_text(x, y + 16, f"{tick:g} {unit}".strip(), anchor="middle"))
    return "".join(parts)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = "#222",
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


def _document(title: str, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" font-size="12">'
    )
    background = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>'
    heading = _text(LEFT, 22, title, weight="bold")
    return "\n".join([head, background, heading, *parts, "</svg>", ""])
