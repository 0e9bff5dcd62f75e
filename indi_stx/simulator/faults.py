"""What can be made to go wrong, on the command line (`--fault`) or through the admin port.

A fault is written `name` or `name=argument,...`. Arguments are `key=value`; a bare value belongs to
the fault's first key. Every fault that acts on replies also takes `path=TEXT` (only requests whose
path contains TEXT) and `times=N` (gone after N replies). `FAULTS` is the one list of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from indi_stx.errors import SimulatorError

CCD_NAMES = ("imager", "guider", "external-guider")


@dataclass(frozen=True)
class FaultSpec:
    """One kind of fault.

    Attributes:
        arguments: numbers it takes, with their defaults; the first may be given without its key.
        on_replies: whether `path` and `times` apply.
    """

    name: str
    summary: str
    arguments: dict[str, float] = field(default_factory=dict)
    on_replies: bool = False


FAULTS: dict[str, FaultSpec] = {
    spec.name: spec
    for spec in (
        FaultSpec("refuse", "refuse connections for SECONDS (0: until cleared)", {"seconds": 0.0}),
        FaultSpec("hang", "accept the request and never answer", on_replies=True),
        FaultSpec("reset", "reset the connection before the reply's header", on_replies=True),
        FaultSpec(
            "reset-body", "reset the connection AFTER bytes of the body", {"after": 0.0}, True
        ),
        FaultSpec("stall-body", "send nothing more AFTER bytes of the body", {"after": 0.0}, True),
        FaultSpec(
            "truncate-text", "close a text reply AFTER bytes of the body", {"after": 0.0}, True
        ),
        FaultSpec("garble-text", "replace a text reply's body by noise", on_replies=True),
        FaultSpec("slow-link", "send BYTES_PER_S at most", {"bytes_per_s": 100_000.0}),
        FaultSpec("single-connection", "serve one connection at a time; others wait"),
        FaultSpec(
            "reboot",
            "drop everything, be away for SECONDS, lose settings, keep Flash",
            {"seconds": 5.0},
        ),
        FaultSpec("error-state", "end exposures in state 5 (`ccd=` one of the three, or all)"),
        FaultSpec("zero-frame", "deliver frames of zeros"),
        FaultSpec("short-frame", "leave MISSING bytes out of frames", {"missing": 2.0}, True),
        FaultSpec("stale-ready", "call the last frame ready while the next one is taken"),
        FaultSpec("abort-fails", "answer aborts of running exposures with 0x80001007"),
        FaultSpec("cooler-latch-up", "cooler at full power without cooling, until a reboot"),
        FaultSpec("filter-missing", "no filter wheel found"),
        FaultSpec("filter-jammed", "the wheel starts to move and ends in the error state"),
        FaultSpec("filter-communication", "the filter wheel does not answer the camera"),
        FaultSpec("no-guider", "the internal guide CCD is missing (size 0 x 0)"),
        FaultSpec("no-external-guider", "the external guide head is missing (size 0 x 0)"),
        FaultSpec("fan-writes-ignored", "accept fan settings without effect"),
    )
}


@dataclass
class Fault:
    """An active fault."""

    spec: FaultSpec
    arguments: dict[str, float]
    path: str = ""
    times: int = 0
    ccd: str = ""

    def argument(self) -> float:
        """Return the value of the first argument."""
        return next(iter(self.arguments.values()))

    def __str__(self) -> str:
        """Write it as `parse_fault` reads it."""
        parts = [f"{key}={value:g}" for key, value in self.arguments.items()]
        parts += [f"path={self.path}"] if self.path else []
        parts += [f"times={self.times}"] if self.times else []
        parts += [f"ccd={self.ccd}"] if self.ccd else []
        return self.spec.name + ("=" + ",".join(parts) if parts else "")


def parse_fault(text: str) -> Fault:
    """Read `name[=argument,...]`; raise SimulatorError with the known names or keys."""
    name, _, rest = text.strip().partition("=")
    spec = FAULTS.get(name)
    if spec is None:
        raise SimulatorError(f"There is no fault {name!r}. Known: {', '.join(FAULTS)}.")
    fault = Fault(spec, dict(spec.arguments))
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = next(iter(spec.arguments), ""), part
        _set_argument(fault, key.strip(), value.strip())
    return fault


def _set_argument(fault: Fault, key: str, value: str) -> None:
    try:
        if key in fault.arguments:
            fault.arguments[key] = _not_negative(float(value))
        elif key == "times" and fault.spec.on_replies:
            fault.times = int(_not_negative(int(value)))
        elif key == "path" and fault.spec.on_replies:
            fault.path = value
        elif key == "ccd" and fault.spec.name == "error-state" and value in CCD_NAMES:
            fault.ccd = value
        else:
            raise ValueError(key)
    except ValueError as error:
        known = [*fault.arguments, *(("path", "times") if fault.spec.on_replies else ())]
        raise SimulatorError(
            f"Fault {fault.spec.name} does not take {key or value!r}={value!r}. "
            f"It takes: {', '.join(known) or 'nothing'}."
        ) from error


def _not_negative(value: float) -> float:
    if not 0 <= value < float("inf"):
        raise ValueError(value)
    return value


def describe_faults() -> str:
    """Return the list of faults for a person, one line each."""
    lines = []
    for spec in FAULTS.values():
        keys = [f"{key}={value:g}" for key, value in spec.arguments.items()]
        shown = spec.name + (f"={','.join(keys)}" if keys else "")
        lines.append(f"  {shown:<30} {spec.summary}")
    return "\n".join(lines)


class Faults:
    """The active faults of one camera; `on_change` hears of every change."""

    def __init__(self) -> None:
        self._active: dict[str, Fault] = {}
        self.on_change: Callable[[], None] = lambda: None

    def add(self, text: str) -> None:
        """Make a fault active; raise SimulatorError when there is none of that name."""
        fault = parse_fault(text)
        self._active[fault.spec.name] = fault
        self.on_change()

    def clear(self, name: str | None = None) -> None:
        """End one fault, or all of them."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)
        self.on_change()

    def get(self, name: str) -> Fault | None:
        """Return an active fault by its name."""
        return self._active.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._active

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._active.values()))

    def take(self, name: str, path: str) -> Fault | None:
        """Return a fault that applies to a reply for `path`, and count the use."""
        fault = self._active.get(name)
        if fault is None or fault.path not in path:
            return None
        if fault.times:
            fault.times -= 1
            if not fault.times:
                self.clear(name)
        return fault
