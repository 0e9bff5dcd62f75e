"""What the output looks like: with colours in a terminal, plain in a pipe or a file.

NO_COLOR switches colours off, FORCE_COLOR switches them on (https://no-color.org); both are read by
rich itself. Texts of a camera are never taken for rich's markup, nor sent to the terminal with
control characters in them.
"""

from __future__ import annotations

import os

from rich import box
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 160
"""Columns where there is no terminal; COLUMNS overrides it."""


def output_console() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def error_console() -> Console:
    """Return the console for errors, progress and hints, which a pipe must not get."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PLAIN_WIDTH
    return console


def tell(console: Console, text: str, style: str | None = None) -> None:
    """Print a line, made printable; only a terminal has it wrapped."""
    console.print(printable(text), style=style, soft_wrap=not console.is_terminal)


def table(console: Console, *columns: str, title: str | None = None) -> Table:
    """Return an empty table with a heading; without a frame in a pipe."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    if console.is_terminal:
        made.box = box.ROUNDED
    else:
        made.box, made.pad_edge, made.show_edge = box.SIMPLE_HEAD, False, False
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def printable(text: str) -> str:
    """Return a camera's text without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)
