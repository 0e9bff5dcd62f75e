"""The simulated camera as the driver sees it: something that can be started and has an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class RunningSimulator(Protocol):
    """A simulated camera that has been started."""

    @property
    def host(self) -> str:
        """Where it listens."""

    @property
    def port(self) -> int:
        """Where it listens."""

    def stop(self) -> None:
        """Stop it and wait until its thread has ended."""


SimulatorFactory = Callable[[], RunningSimulator]
