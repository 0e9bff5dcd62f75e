"""The list of faults: names, arguments, and what each does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CCD_NAMES = ("imager", "guider", "external-guider")

# Arguments that several kinds have.
BY_CALL = {"path": ()}
BY_CCD = {"ccd": ("", *CCD_NAMES)}
COUNTED = {"times": 0.0}
SELECTORS = (*BY_CALL, *BY_CCD, *COUNTED)


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        numbers: the numbers it takes, with their defaults.
        words: the words it takes and what each may be, the default first; an empty tuple stands
            for any text, "" by default.
    """

    name: str
    summary: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def keys(self) -> Iterator[str]:
        """Yield the names of its arguments, those that say when it acts last."""
        own = [*self.numbers, *self.words]
        yield from sorted(own, key=lambda key: key in SELECTORS)

    def first_key(self) -> str:
        """Return the argument that a bare value belongs to, "" when there is none."""
        return next((key for key in self.keys() if key not in SELECTORS), "")

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


FAULTS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("refuse", "refuse connections for SECONDS (0: until cleared)", {"seconds": 0.0}),
        _on_replies("hang", "accept the request and never answer"),
        _on_replies("reset", "reset the connection before the reply's header"),
        _on_replies("reset-body", "reset the connection AFTER bytes of the body", {"after": 0.0}),
        _on_replies("stall-body", "send nothing more AFTER bytes of the body", {"after": 0.0}),
        _on_replies("truncate-text", "close a text reply AFTER bytes of the body", {"after": 0.0}),
        _on_replies("garble-text", "replace a text reply's body by noise"),
        FaultKind("slow-link", "send BYTES_PER_S at most", {"bytes_per_s": 100_000.0}),
        FaultKind("single-connection", "serve one connection at a time; others wait"),
        FaultKind(
            "reboot",
            "drop everything, be away for SECONDS, lose settings, keep Flash",
            {"seconds": 5.0},
        ),
        FaultKind("error-state", "end exposures in state 5", {}, BY_CCD),
        FaultKind("zero-frame", "deliver frames of zeros"),
        _on_replies("short-frame", "leave MISSING bytes out of frames", {"missing": 2.0}),
        FaultKind("stale-ready", "call the last frame ready while the next one is taken"),
        FaultKind("abort-fails", "answer aborts of running exposures with 0x80001007"),
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
        keys = [f"{key}={value:g}" for key, value in kind.numbers.items() if key not in COUNTED]
        shown = kind.name + (f"={','.join(keys)}" if keys else "")
        lines.append(f"  {shown:<30} {kind.summary}")
    return "\n".join(lines)
