"""What became of one request: for whoever watches the link, or writes down what was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indi_stx.errors import CameraError


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        request: path and query.
        seconds: from sending it to its answer; of a frame, from the head of the answer to its end.
        status: of the answer; None when there was none.
        text: the beginning of the answer's text; empty for a frame.
        frame_bytes: how long the frame was; 0 for a command.
        error: why there was no answer; None for an answer, even one that refuses.
    """

    request: str
    seconds: float
    status: int | None = None
    text: str = ""
    frame_bytes: int = 0
    error: CameraError | None = None


Observer = Callable[[Exchange], None]
"""Is told of every exchange when it is over; must be quick, and must not raise."""
