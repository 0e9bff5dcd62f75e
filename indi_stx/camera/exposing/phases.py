"""One exposure, from the request to the frame: a table of states, and what an observation means.

Pure: no time, no I/O. The three CCDs share it.

                REQUESTED      ACCEPTED        TIME_UP            READY           RECEIVED
    IDLE ----------> STARTING -------> EXPOSING ------> READING_OUT -----> DOWNLOADING -----> IDLE

ABORTED leads back to IDLE from everywhere, FAILED from everywhere but IDLE. A new request while one
runs is an abort and a request. A broken download stays in DOWNLOADING: the frame is kept by the
camera until its next exposure, so it is fetched again.

The camera's image buffer may still hold the previous frame, so a frame is only believed when this
exposure was seen to run, or its whole duration has passed since a start that the camera accepted.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from indi_stx.errors import IndiStxError
from indi_stx.stx.ccd_states import CcdState


class Phase(enum.Enum):
    """Where an exposure is."""

    IDLE = "idle"
    STARTING = "starting"
    EXPOSING = "exposing"
    READING_OUT = "reading out"
    DOWNLOADING = "downloading"


class Event(enum.Enum):
    """What can happen to it."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    TIME_UP = "time up"
    READY = "ready"
    RECEIVED = "received"
    FAILED = "failed"
    ABORTED = "aborted"


TRANSITIONS: dict[Phase, dict[Event, Phase]] = {
    Phase.IDLE: {
        Event.REQUESTED: Phase.STARTING,
        Event.ABORTED: Phase.IDLE,
    },
    Phase.STARTING: {
        Event.ACCEPTED: Phase.EXPOSING,
        Event.FAILED: Phase.IDLE,
        Event.ABORTED: Phase.IDLE,
    },
    Phase.EXPOSING: {
        Event.TIME_UP: Phase.READING_OUT,
        Event.FAILED: Phase.IDLE,
        Event.ABORTED: Phase.IDLE,
    },
    Phase.READING_OUT: {
        Event.READY: Phase.DOWNLOADING,
        Event.FAILED: Phase.IDLE,
        Event.ABORTED: Phase.IDLE,
    },
    Phase.DOWNLOADING: {
        Event.RECEIVED: Phase.IDLE,
        Event.FAILED: Phase.IDLE,
        Event.ABORTED: Phase.IDLE,
    },
}


class ExposureLost(IndiStxError):
    """The camera has no frame of this exposure and never will."""


def next_phase(phase: Phase, event: Event) -> Phase:
    """Return where an event leads; an event out of place is a bug (KeyError)."""
    return TRANSITIONS[phase][event]


class Verdict(enum.Enum):
    """What an observed camera state means for the exposure."""

    WAIT = "wait"
    READY = "ready"


@dataclass(slots=True)
class Exposure:
    """An accepted exposure as far as it is known.

    Attributes:
        duration_s: as the camera was told.
        started_s: when it began, on the monotonic clock.
        seen_running: whether the camera has been seen exposing or reading out since.
    """

    duration_s: float
    started_s: float
    seen_running: bool = False

    def remaining_s(self, now: float) -> float:
        """Return the seconds left to expose, never below zero."""
        return max(0.0, self.started_s + self.duration_s - now)

    def observe(self, state: CcdState, now: float) -> Verdict:
        """Tell what a state of the camera means now.

        Raises:
            ExposureLost: the camera reports an error, or stopped before the time was up.
        """
        time_up = self.remaining_s(now) <= 0
        match state:
            case CcdState.ERROR:
                raise ExposureLost(
                    "The camera reports an error state; the exposure is lost. "
                    "Abort, or switch the camera off and on if it persists."
                )
            case CcdState.IDLE if time_up:
                return Verdict.READY
            case CcdState.IDLE if self.seen_running:
                raise ExposureLost(
                    f"The camera stopped {self.remaining_s(now):.1f} s before the exposure's end: "
                    "it was aborted by another program, or restarted."
                )
            case CcdState.IDLE:
                return Verdict.WAIT
            case _:
                self.seen_running = True
                return Verdict.WAIT
