"""The states of one exposure, and what an observed state of the camera means for it.

Pure: no clock, no I/O. The three CCDs share it.

                REQUESTED      ACCEPTED        TIME_UP            READY           RECEIVED
    IDLE ----------> STARTING -------> EXPOSING ------> READING_OUT -----> DOWNLOADING -----> IDLE

RESUMED leads from IDLE to EXPOSING: the exposure was started by an earlier connection or process.
ABORTED leads back to IDLE from every phase, FAILED from every phase but IDLE. A new request while
an exposure runs first aborts that one. After a broken download the phase stays DOWNLOADING: the
camera keeps the frame until its next exposure, so it is fetched again.

The camera's image buffer may still hold the previous frame. A frame is accepted when the CCD was
seen reading out after this exposure's time, with no doubt since; otherwise its name is checked.
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
    RESUMED = "resumed"
    ACCEPTED = "accepted"
    TIME_UP = "time up"
    READY = "ready"
    RECEIVED = "received"
    FAILED = "failed"
    ABORTED = "aborted"


TRANSITIONS: dict[Phase, dict[Event, Phase]] = {
    Phase.IDLE: {
        Event.REQUESTED: Phase.STARTING,
        Event.RESUMED: Phase.EXPOSING,
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
    """Return the phase after an event; an event that cannot happen now is a bug (KeyError)."""
    return TRANSITIONS[phase][event]


class Verdict(enum.Enum):
    """What an observed camera state means for the exposure."""

    WAIT = "wait"
    READY = "ready"
    DOUBT = "doubt"
    """The camera is idle, but only the image's name can tell whether it is of this exposure."""


@dataclass(slots=True)
class Exposure:
    """An accepted exposure as far as it is known.

    Attributes:
        duration_s: as the camera was told.
        started_s: when it began, on the monotonic clock.
        seen_running: whether the camera has been seen exposing or reading out since.
        seen_read_out: whether it has been seen reading out after the exposure's end.
        in_doubt: whether only the name can still tell which exposure the frame is of, because an
            answer was lost or another exposure was seen.
        resumed: whether it was begun by an earlier process, whose clock may have been another; then
            a camera that stops before the time is up has probably finished.
    """

    duration_s: float
    started_s: float
    seen_running: bool = False
    seen_read_out: bool = False
    in_doubt: bool = False
    resumed: bool = False

    def remaining_s(self, now: float) -> float:
        """Return the seconds left to expose, never below zero."""
        return max(0.0, self.started_s + self.duration_s - now)

    def end_now(self, now: float) -> None:
        """Take the time to be up."""
        self.started_s = min(self.started_s, now - self.duration_s)

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
                return Verdict.READY if self.seen_read_out and not self.in_doubt else Verdict.DOUBT
            case CcdState.IDLE if self.resumed:
                return Verdict.DOUBT
            case CcdState.IDLE if self.seen_running:
                raise ExposureLost(
                    f"The camera stopped {self.remaining_s(now):.1f} s before the exposure's end: "
                    "it was aborted by another program, or restarted."
                )
            case CcdState.READING_OUT | CcdState.DOWNLOADING:
                self.seen_running = True
                self.seen_read_out = time_up
            case CcdState.EXPOSING if self.seen_read_out:
                self.in_doubt = True  # somebody has begun another exposure
            case CcdState.EXPOSING | CcdState.WAITING:
                self.seen_running = True
        return Verdict.WAIT
