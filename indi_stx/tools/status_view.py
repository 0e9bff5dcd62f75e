"""Show what a camera is doing: in place in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from indi_stx.stx import CcdSettings, RelayTimes
from indi_stx.tools.status import Status
from indi_stx.tools.terminal import output_console, printable, tell

BLOCKS, PLAIN_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=^"
WORDS_WIDTH, SHORTEST_CURVE = 64, 8
"""Columns that names and words may take before a curve gets shorter, and how short at most."""
RELAY_NAMES = ("X+", "X-", "Y+", "Y-")


class View:
    """Shows a status again and again; a context manager."""

    def __init__(self) -> None:
        self._console = output_console()
        self._live: Live | None = None
        if self._console.is_interactive:
            self._live = Live(console=self._console, auto_refresh=False)
        self._looks = 0
        self._last_trouble = ""

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, status: Status) -> None:
        """Show it now."""
        if self._live:
            self._live.update(as_panel(status, self._console), refresh=True)
        elif status.trouble:
            if status.trouble != self._last_trouble:
                tell(self._console, f"No answer: {status.trouble}")
        elif status.looks != self._looks:
            tell(self._console, as_line(status))
        self._looks = status.looks
        self._last_trouble = status.trouble


def as_line(status: Status) -> str:
    """Return the status as one line that begins with the time."""
    moment = status.told_at.isoformat(timespec="seconds") if status.told_at else ""
    return "  ".join([moment, *(f"{name}: {words};" for name, words, _ in _rows(status))]).rstrip(
        ";"
    )


def as_panel(status: Status, console: Console) -> Panel:
    """Return the status as a frame with a row for each part."""
    blocks = BLOCKS if console.encoding.startswith("utf") else PLAIN_BLOCKS
    room = max(SHORTEST_CURVE, console.width - WORDS_WIDTH)
    grid = Table.grid(padding=(0, 2))
    for name, words, history in _rows(status):
        curve = sparkline(list(history)[-room:], blocks)
        grid.add_row(Text(name, style="bold"), printable(words), curve)
    if status.trouble:
        since = status.told_at.strftime("%H:%M:%S") if status.told_at else "the beginning"
        grid.add_row(
            Text("Trouble", style="bold red"),
            Text(printable(f"no answer since {since}: {status.trouble}"), style="red"),
        )
    title = printable(f"{status.description} at {status.address}")
    moment = status.told_at.strftime("%H:%M:%S") if status.told_at else ""
    return Panel(grid, title=Text(title), subtitle=f"{moment}  Ctrl-C ends", expand=False)


def sparkline(values: Sequence[float], blocks: str = BLOCKS) -> str:
    """Return a small curve of the values, lowest to highest; flat in the middle when all are equal.

    `blocks` are characters from low to high.
    """
    if not values:
        return ""
    lowest, highest = min(values), max(values)
    if highest == lowest:
        return blocks[len(blocks) // 2] * len(values)
    steps = len(blocks) - 1
    return "".join(blocks[round((one - lowest) / (highest - lowest) * steps)] for one in values)


def _rows(status: Status) -> Iterator[tuple[str, str, Sequence[float]]]:
    """Yield name, words and history of each part that is known."""
    if found := status.cooling:
        yield "CCD", _temperatures(found), status.temperatures_celsius
        switched = "on" if found.cooler_on else "off"
        yield "Cooler", f"{switched}, {found.cooler_power_percent:.0f} %", status.powers_percent
    for name, state in status.states.items():
        yield name.capitalize(), state.name.lower().replace("_", " "), ()
    if status.wheel is not None or status.filters is not None:
        yield "Wheel", _wheel(status), ()
    if status.relays is not None:
        yield "Relays", _relays(status.relays), ()
    if trips := status.round_trips_s:
        middle, longest = statistics.median(trips) * 1000, max(trips) * 1000
        words = f"{middle:.0f} ms, longest {longest:.0f} ms"
        if status.failures:
            words += f", {status.failures} of {status.requests} requests without an answer"
        yield "Link", words, trips


def _temperatures(found: CcdSettings) -> str:
    return (
        f"{found.temperature_celsius:.1f} C, set {found.setpoint_celsius:.1f} C, "
        f"ambient {found.ambient_celsius:.1f} C"
    )


def _wheel(status: Status) -> str:
    words = []
    if status.wheel is not None:
        words.append(status.wheel.name.lower())
    if status.filters is not None:
        words.append(f"filter {status.filters.current} {status.filters.current_name}".rstrip())
    return ", ".join(words)


def _relays(relays: RelayTimes) -> str:
    closed = [
        f"{name} for {seconds:g} s"
        for name, seconds in zip(RELAY_NAMES, astuple(relays), strict=True)
        if seconds > 0
    ]
    return ", ".join(closed) or "open"
