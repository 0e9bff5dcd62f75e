"""The HTML of the camera's web pages.

Clients read these pages, too: value pairs are cells of the classes `valuename` and `value`, and
settings are the inputs of named forms: radio, text, hidden, submit or button. Every tag is closed
but `meta`, `img` and `input`, which HTML does not close; an option's `selected` follows its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

PAGES = {
    "/index.html": "Camera",
    "/setup.html": "Setup",
    "/exposure.html": "Exposure",
    "/filtersetup.html": "Filters",
    "/network.html": "Network",
}
_STYLE = (
    "body{font-family:sans-serif;margin:2em;max-width:60em}nav a{margin-right:1.5em}"
    "td{padding:.2em 1em .2em 0}img{max-width:100%}label{margin-right:1em}"
)


def page(title: str, *parts: str) -> str:
    """Return a whole page with the links to the others."""
    links = "".join(f'<a href="{path}">{name}</a>' for path, name in PAGES.items())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="iso-8859-1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><nav>{links}</nav>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n"
        "</body></html>\n"
    )


def value_table(values: Mapping[str, str]) -> str:
    """Return names and values, a row each."""
    rows = (
        f'<tr><td class="valuename">{escape(name)}</td><td class="value">{escape(value)}</td></tr>'
        for name, value in values.items()
    )
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def form(name: str, rows: Mapping[str, str], *, action: str, button: str) -> str:
    """Return a form that is submitted by GET; `rows` are inputs by their labels."""
    shown = "\n".join(
        f"<tr><td>{escape(label)}</td><td>{content}</td></tr>" for label, content in rows.items()
    )
    return (
        f'<form name="{name}" method="get" action="{action}">\n<table>\n{shown}\n</table>\n'
        f'<input type="submit" value="{escape(button)}"></form>'
    )


def text_input(name: str, value: str) -> str:
    """Return a line to write in."""
    return f'<input type="text" name="{name}" value="{escape(value)}">'


def hidden_input(name: str, value: str = "") -> str:
    """Return a value that is sent and not shown."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def radio_inputs(name: str, choices: Mapping[int, str], chosen: int | None) -> str:
    """Return buttons of which one is chosen, or none when the value is not among them."""
    return "".join(
        f'<label><input type="radio" name="{name}" value="{value}"'
        f"{' checked' if value == chosen else ''}>{escape(label)}</label>"
        for value, label in choices.items()
    )


def selection(name: str, choices: Mapping[int, str], chosen: int) -> str:
    """Return a list to choose from."""
    options = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in choices.items()
    )
    return f'<select name="{name}">{options}</select>'


def paragraph(text: str, links: Iterable[tuple[str, str]] = ()) -> str:
    """Return a text, and links as (address, label) behind it."""
    anchors = "".join(f' <a href="{address}">{escape(label)}</a>' for address, label in links)
    return f"<p>{escape(text)}{anchors}</p>"
