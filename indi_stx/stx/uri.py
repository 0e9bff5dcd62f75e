"""Build URIs for the camera, path and query: `/api/Name.cgi?Asked&Set=1`.

A parameter that is only asked for has no `=`, reserved characters are percent-encoded in upper
case, and a space is `%20`, never `+`. HTTP libraries get at least one of these wrong, so the URI
is built here and sent as it is. Source: STX API, "URI Character Encoding" and "Function Description
Conventions".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from urllib.parse import quote

from indi_stx.errors import ValueRefused

MAX_URI_CHARS = 8192
"""STX API, "URI Length"."""

FIRST_PRINTABLE, LAST_PRINTABLE = 32, 126
"""Codes that text parameters may contain (STX API, Set FITS Settings)."""


def cgi(call: str, *asked: str) -> str:
    """Return the URI of `call`, asking for the parameters `asked`."""
    return _uri(f"/api/{call}.cgi", asked)


def cgi_with(call: str, values: Iterable[tuple[str, str]]) -> str:
    """Return the URI of `call`, giving each named parameter a value, in the order given."""
    return _uri(f"/api/{call}.cgi", (f"{name}={quote(text, safe='')}" for name, text in values))


def document(name: str) -> str:
    """Return the URI of a download such as `ImagerData.bin`."""
    return f"/api/{name}"


def _uri(path: str, parameters: Iterable[str]) -> str:
    query = "&".join(parameters)
    uri = f"{path}?{query}" if query else path
    if len(uri) > MAX_URI_CHARS:
        raise ValueRefused(
            f"The camera takes requests of at most {MAX_URI_CHARS} characters, "
            f"this one has {len(uri)}."
        )
    return uri


def decimal(value: float, places: int) -> str:
    """Return `value` in plain decimal notation, without trailing zeros and never in exponents.

    Raises:
        ValueRefused: not a finite number.
    """
    if not math.isfinite(value):
        raise ValueRefused(f"{value} is not a finite number.")
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def printable(text: str, *, what: str, max_chars: int) -> str:
    """Return `text` when the camera can store it.

    Raises:
        ValueRefused: longer than `max_chars`, or with characters outside printable ASCII.
    """
    if len(text) > max_chars:
        raise ValueRefused(f"{what} may have {max_chars} characters, this has {len(text)}.")
    if not all(FIRST_PRINTABLE <= ord(character) <= LAST_PRINTABLE for character in text):
        raise ValueRefused(f"{what} may contain plain (ASCII) characters only: {text!r}.")
    return text
