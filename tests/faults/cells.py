"""The cells of the fault matrix: every fault of the simulated camera, each CCD, each phase.

A trial says how the matrix uses a fault, and in which cells the camera itself has lost the frame,
so that nobody can deliver it: in all others it has to arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from indi_stx.simulator.fault_kinds import CCD_NAMES, FAULTS


class Phase(StrEnum):
    """When a fault begins."""

    IDLE = "idle"
    EXPOSING = "exposing"
    READING_OUT = "reading out"
    DOWNLOADING = "downloading"


class End(StrEnum):
    """How an exposure ends."""

    FRAME = "frame"
    ALERT = "Alert"


CALLS = {
    Phase.IDLE: "StartExposure",
    Phase.EXPOSING: "State.cgi",
    Phase.READING_OUT: "State.cgi",
    Phase.DOWNLOADING: "Data.bin",
}
"""The call of each phase: a fault that concerns one call concerns this one."""
PREFIXES = dict(zip(CCD_NAMES, ("Imager", "Guider", "ExtGuider"), strict=True))

BEFORE_THE_FRAME = frozenset({Phase.IDLE, Phase.EXPOSING, Phase.READING_OUT})
ALWAYS = frozenset(Phase)


@dataclass(frozen=True)
class Trial:
    """One row of the table.

    Attributes:
        fault: as the simulated camera takes it. A fault of a call or of a CCD is given the call of
            the phase, or the CCD, besides.
        loses: the phases in which the frame is lost for good, so that Alert has to be the answer.
        may_lose: the phases in which either end is right.
        only: the CCD that `loses` speaks of; "" for all.
        while_downloading: what is said instead while a frame is downloaded.
        spoils_next: the phases after which the next exposure, too, may end in Alert, because the
            driver cannot know yet what another program has changed.
    """

    fault: str
    loses: frozenset[Phase] = frozenset()
    may_lose: frozenset[Phase] = frozenset()
    only: str = ""
    while_downloading: str = ""
    spoils_next: frozenset[Phase] = frozenset()

    @property
    def kind(self) -> str:
        """The name of its fault."""
        return self.fault.partition("=")[0]

    def allowed(self, ccd: str, phase: Phase) -> frozenset[End]:
        """Return the ends that are right in a cell."""
        if phase in self.may_lose:
            return frozenset(End)
        lost = phase in self.loses and self.only in ("", ccd)
        return frozenset({End.ALERT if lost else End.FRAME})

    def written(self, ccd: str, phase: Phase) -> str:
        """Return the fault for one cell."""
        downloading = phase is Phase.DOWNLOADING
        fault = (downloading and self.while_downloading) or self.fault
        words = FAULTS[self.kind].words
        if self.acts_on_a_call:
            selector = f"path={PREFIXES[ccd]}{CALLS[phase]}"
        elif "ccd" in words:
            selector = f"ccd={ccd}"
        else:
            return fault
        return fault + ("," if "=" in fault else "=") + selector

    @property
    def acts_on_a_call(self) -> bool:
        """Whether it must be there before the request that it concerns comes."""
        words = FAULTS[self.kind].words
        return "path" in words and "ccd" not in words


TRIALS = (
    Trial("refuse=seconds=3"),
    Trial("hang=times=1"),
    Trial("reset=times=3"),
    Trial("reset-body=after=1,times=3", while_downloading="reset-body=after=50000,times=3"),
    Trial("stall-body=after=1,times=1", while_downloading="stall-body=after=50000,times=1"),
    Trial("truncate-text=after=0,times=3"),
    Trial("garble-text=times=3"),
    Trial("padded-text"),
    Trial("text-as-html"),
    Trial("answer-lost=reset,times=1"),
    Trial("answer-lost=close,times=1"),
    Trial("answer-lost=silence,times=1"),
    Trial("request-lost=reset,times=1"),
    Trial("request-lost=close,times=1"),
    Trial("request-lost=silence,times=1"),
    Trial("slow-link=bytes_per_s=100000,latency_s=0.3"),
    Trial("single-connection"),
    Trial("reboot=seconds=2", loses=ALWAYS - {Phase.IDLE}, may_lose=frozenset({Phase.IDLE})),
    Trial("clock-jump=seconds=3600"),
    Trial("error-state", loses=BEFORE_THE_FRAME),
    Trial("zero-frame"),
    Trial("short-frame=missing=2", loses=frozenset({Phase.DOWNLOADING})),
    Trial("wrong-shape", loses=BEFORE_THE_FRAME),
    Trial("bad-first-frame"),
    Trial("guide-noise"),
    Trial("ascom-states"),
    Trial("stale-ready"),
    Trial("abort-fails"),
    Trial("start-latency=1.5"),
    Trial("foreign-abort=0.02,buffer=empty", loses=BEFORE_THE_FRAME),
    Trial("foreign-abort=0.02,buffer=previous", loses=BEFORE_THE_FRAME),
    Trial("foreign-start=duration=0.5"),
    Trial(
        "foreign-settings=BinX=2,BinY=2",
        may_lose=frozenset({Phase.IDLE}),
        spoils_next=ALWAYS - {Phase.IDLE},
    ),
    Trial("cooler-latch-up"),
    Trial("filter-missing"),
    Trial("filter-jammed"),
    Trial("filter-communication"),
    Trial("no-guider", loses=frozenset({Phase.IDLE}), only="guider"),
    Trial("no-external-guider", loses=frozenset({Phase.IDLE}), only="external-guider"),
    Trial("fan-writes-ignored"),
)
