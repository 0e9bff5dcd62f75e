"""Calls over D-Bus by way of the program `gdbus`, and its text form of values.

Source: the GVariant text format of GLib, as far as KStars answers in it.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

SERVICE = "org.kde.kstars"
PROPERTIES = "org.freedesktop.DBus.Properties"
CALL_LIMIT_S = 30

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"|@\S+\s"  # the type of an empty array
    r"|\b(?:byte|u?int(?:16|32|64)|handle|objectpath|signature)\s"
    r"|(?P<truth>\b(?:true|false)\b)"
    r"|[<>]"  # around a variant
)


class BusError(Exception):
    """A call was refused, or nobody answers."""


@dataclass(frozen=True)
class Bus:
    """KStars' objects on the session bus of an environment."""

    environment: Mapping[str, str] = field(repr=False)

    def call(self, path: str, method: str, *arguments: object) -> object:
        """Call a method, "org.kde.kstars.Ekos.start", and return what it returns."""
        target = ["call", "--session", "--dest", SERVICE, "--object-path", path]
        shown = [text_of(argument) for argument in arguments]
        return parse(self._gdbus(*target, "--method", method, "--", *shown))

    def get(self, path: str, interface: str, name: str) -> object:
        """Return a property of an object."""
        return self.call(path, f"{PROPERTIES}.Get", interface, name)

    def set(self, path: str, interface: str, name: str, value: object) -> None:
        """Change a property of an object."""
        self.call(path, f"{PROPERTIES}.Set", interface, name, Variant(value))

    def has(self, path: str, interface: str) -> bool:
        """Tell whether an object is there and has an interface."""
        try:
            told = self._gdbus("introspect", "--session", "--dest", SERVICE, "-o", path)
        except BusError:
            return False
        return f"interface {interface} " in told

    def _gdbus(self, *arguments: str) -> str:
        done = subprocess.run(
            ["gdbus", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=CALL_LIMIT_S,
        )
        if done.returncode:
            raise BusError(done.stderr.strip())
        return done.stdout


@dataclass(frozen=True)
class Variant:
    """A value whose type goes with it."""

    value: object


def parse(text: str) -> object:
    """Return the value of an answer, `(<[1.5, -2.0]>,)` for instance; one alone is unpacked."""

    def literal(token: re.Match[str]) -> str:
        return token["text"] or (token["truth"] or "").capitalize()

    value = ast.literal_eval(_TOKEN.sub(literal, text.strip()))
    while isinstance(value, tuple) and len(value) == 1:
        (value,) = value
    return value


def text_of(value: object) -> str:
    """Return how gdbus wants a value written."""
    match value:
        case Variant():
            return f"<{text_of(value.value)}>"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case _:
            return repr(value)
