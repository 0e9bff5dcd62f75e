"""The list of faults: names, arguments, and what each does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CCD_NAMES = ("imager", "guider", "external-guider")

# Arguments that several kinds have.
BY_CALL = {"path": ()}
BY_CCD = {"ccd": ("", *CCD_NAMES)}
COUNTED = {"times": 0.0}
FOREIGN_SETTINGS = (
    "BinX",
    "BinY",
    "StartX",
    "StartY",
    "NumX",
    "NumY",
    "CoolerState",
    "CCDTemperatureSetpoint",
    "FanState",
    "FanPower",
    "OverScan",
    "NewPosition",
)
WAYS_TO_LOSE = ("reset", "silence", "close")
SELECTORS = (*BY_CALL, *BY_CCD, *COUNTED)


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        numbers: the numbers it takes, with their defaults.
        words: the words it takes and what each may be, the default first; an empty tuple stands
            for any text, "" by default.
        signed: the numbers that may be below 0.
        optional: numbers that it takes and that have no default.
        is_event: whether it happens once and is over; given twice, it happens twice.
    """

    name: str
    summary: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    is_event: bool = False

    def argument_names(self) -> Iterator[str]:
        """Yield the names of its arguments, those that say when it acts last."""
        own = [*self.numbers, *self.words, *self.optional]
        yield from sorted(own, key=lambda key: key in SELECTORS)

    def first_key(self) -> str:
        """Return the argument that a bare value belongs to, "" when there is none."""
        return next((key for key in self.argument_names() if key not in SELECTORS), "")

    def shown(self, key: str) -> str:
        """Return `key=default`, or what a word may be, for a person."""
        if key in self.numbers:
            return f"{key}={self.numbers[key]:g}"
        if key in self.optional:
            return f"{key}=..."
        return f"{key}={'|'.join(self.words[key]) or 'TEXT'}"

    def default(self, word: str) -> str:
        """Return what a word is when nothing is said."""
        return next(iter(self.words[word]), "")


def _on_replies(
    name: str,
    summary: str,
    numbers: Mapping[str, float] | None = None,
    words: Mapping[str, tuple[str, ...]] | None = None,
) -> FaultKind:
    return FaultKind(name, summary, {**(numbers or {}), **COUNTED}, {**(words or {}), **BY_CALL})


def _on_exposures(
    name: str,
    summary: str,
    numbers: Mapping[str, float] | None = None,
    words: Mapping[str, tuple[str, ...]] | None = None,
) -> FaultKind:
    return FaultKind(name, summary, {**(numbers or {}), **COUNTED}, {**(words or {}), **BY_CCD})


FAULTS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("refuse", "refuse connections for SECONDS (0: until cleared)", {"seconds": 0.0}),
        _on_replies("hang", "accept the request and never answer"),
        _on_replies("reset", "reset the connection before the reply's header"),
        _on_replies("reset-body", "reset the connection AFTER bytes of the body", {"after": 0.0}),
        _on_replies(
            "stall-body",
            "send nothing for SECONDS (0: ever) AFTER bytes of the body",
            {"after": 0.0, "seconds": 0.0},
        ),
        _on_replies("truncate-text", "close a text reply AFTER bytes of the body", {"after": 0.0}),
        _on_replies("garble-text", "replace a text reply's body by noise"),
        _on_replies("padded-text", "end text replies with a blank, NULs and a blank line"),
        _on_replies("text-as-html", "call text replies text/html"),
        _on_replies(
            "answer-lost",
            "carry the command out; its answer never arrives",
            words={"how": WAYS_TO_LOSE},
        ),
        _on_replies(
            "request-lost",
            "the connection breaks before the camera hears the command",
            words={"how": WAYS_TO_LOSE},
        ),
        FaultKind(
            "slow-link",
            "send BYTES_PER_S at most, with a round trip of LATENCY_S (0: as without the fault)",
            {"bytes_per_s": 100_000.0, "latency_s": 0.0},
        ),
        FaultKind("single-connection", "serve one connection at a time; others wait"),
        FaultKind(
            "reboot",
            "AFTER seconds drop everything, be away for SECONDS, lose settings, keep Flash",
            {"seconds": 5.0, "after": 0.0},
            is_event=True,
        ),
        FaultKind(
            "clock-jump",
            "the camera's own clock is SECONDS ahead (negative: behind); see --date-obs",
            {"seconds": 3600.0},
            signed=("seconds",),
        ),
        _on_exposures("error-state", "end exposures in state 5"),
        FaultKind(
            "ascom-states",
            "state 1 (waiting) as an exposure begins, 4 (download) as its read-out ends",
            {},
            BY_CCD,
        ),
        _on_exposures("zero-frame", "deliver frames of zeros"),
        _on_exposures(
            "bad-first-frame", "leave old charge in the first frame after switching on or a reboot"
        ),
        _on_exposures("wrong-shape", "deliver frames that lack their last ROWS", {"rows": 1.0}),
        _on_exposures(
            "guide-noise", "make guide frames noise that are read while the imager's is downloaded"
        ),
        _on_replies("short-frame", "leave MISSING bytes out of frames", {"missing": 2.0}),
        FaultKind(
            "stale-ready", "call the last frame ready while the next one is taken", {}, BY_CCD
        ),
        _on_exposures("abort-fails", "answer aborts of running exposures with 0x80001007"),
        _on_exposures(
            "start-latency",
            "an accepted exposure looks idle for SECONDS, with the frame before still ready",
            {"seconds": 1.5},
        ),
        _on_exposures(
            "foreign-abort",
            "another program aborts an exposure AFTER seconds of it, or of the fault's beginning",
            {"after": 1.0},
            {"buffer": ("empty", "previous")},
        ),
        FaultKind(
            "foreign-start",
            "AFTER seconds another program exposes for DURATION; path: before each such call",
            {"duration": 1.0, "after": 0.0, **COUNTED},
            {"datetime": (), **BY_CCD, **BY_CALL},
            is_event=True,
        ),
        FaultKind(
            "foreign-settings",
            "AFTER seconds another program sets these; path: before each such call",
            {"after": 0.0, **COUNTED},
            {**BY_CCD, **BY_CALL},
            signed=FOREIGN_SETTINGS,
            optional=FOREIGN_SETTINGS,
            is_event=True,
        ),
        FaultKind("cooler-latch-up", "cooler at full power without cooling, until a reboot"),
        FaultKind("filter-missing", "no filter wheel found"),
        FaultKind("filter-jammed", "the wheel starts to move and ends in the error state"),
        FaultKind("filter-communication", "the filter wheel does not answer the camera"),
        FaultKind("no-guider", "the internal guide CCD is missing (size 0 x 0)"),
        FaultKind("no-external-guider", "the external guide head is missing (size 0 x 0)"),
        FaultKind("fan-writes-ignored", "accept fan settings without effect"),
    )
}


def describe_faults() -> str:
    """Return the list of faults for a person, one line each."""
    lines = []
    for kind in FAULTS.values():
        own = [kind.shown(key) for key in kind.argument_names() if key not in SELECTORS]
        name = kind.name + (f"={','.join(own)}" if own else "")
        selectors = ", ".join(key for key in kind.argument_names() if key in SELECTORS)
        lines.append(f"  {name}" + (f"  [{selectors}]" if selectors else ""))
        lines.append(f"      {kind.summary}")
    return "\n".join(lines)
