"""Build URIs for the camera, path and query: `/api/Name.cgi?Asked&Set=1`.

A parameter that is only asked for has no `=`, reserved characters are percent-encoded in upper
case, and a space is `%20`, never `+`. HTTP libraries get at least one of these wrong, so the URI
is built here and sent as it is. Source: STX API, "URI Character Encoding" and "Function Description
Conventions".
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from indi_stx.errors import ValueRefused

MAX_URI_CHARS = 8192
"""STX API, "URI Length"."""


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
