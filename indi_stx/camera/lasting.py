"""What outlives a connection on purpose; everything else is made anew for the next session.

Property values are not kept here: their declaration says `lasting=True` (`indi_stx.driver.spec`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class Lasting:
    """One object of each listed kind, handed to every session of a device.

    Args:
        kinds: the classes, each buildable without arguments.
    """

    def __init__(self, kinds: Iterable[type]) -> None:
        self._objects = {kind: kind() for kind in kinds}

    def of(self, kind: type[T]) -> T:
        """Return the object of a kind; KeyError for one that is not on the list."""
        found: T = self._objects[kind]
        return found
