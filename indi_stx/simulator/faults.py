"""What can be made to go wrong, on the command line (`--fault`) or through the admin port.

A fault is written `name` or `name=argument,...`. Arguments are `key=value`; a bare value belongs to
the fault's first key. `FAULTS` is the one list of them.

A fault that is given again takes the place of the one given before, limits included, so the newest
says how it ends. "The same" means name, `path` and `ccd`: `reset=path=State` and `reset=path=Abort`
are active side by side. What only happens and is over, a reboot for instance, replaces nothing.

SECONDS of the network (refuse, reboot, stall-body, slow-link) are real ones, all others are the
camera's, which `time_scale` makes shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite

from indi_stx.errors import SimulatorError
from indi_stx.simulator.fault_kinds import CCD_NAMES, FAULTS, FaultKind, describe_faults

__all__ = ["CCD_NAMES", "FAULTS", "Fault", "Faults", "describe_faults", "parse_fault"]

_WHOLE_NUMBERS = ("times",)


@dataclass(eq=False)
class Fault:
    """An active fault: its kind and its arguments. Two of one kind are different faults."""

    kind: FaultKind
    numbers: dict[str, float]
    words: dict[str, str]

    @property
    def name(self) -> str:
        """The name of its kind."""
        return self.kind.name

    def applies(self, path: str, ccd: str) -> bool:
        """Tell whether it concerns a request for `path` and a CCD; "" is none in particular."""
        return self.words.get("path", "") in path and self.words.get("ccd", "") in ("", ccd)

    def replaces(self, other: Fault) -> bool:
        """Tell whether `other` is the same fault, given before."""
        return (
            self.name == other.name
            and not self.kind.is_event
            and all(self.words.get(key) == other.words.get(key) for key in ("path", "ccd"))
        )

    def use(self) -> bool:
        """Count one use; return whether it was the last."""
        if not self.numbers.get("times"):
            return False
        self.numbers["times"] -= 1
        return not self.numbers["times"]

    def __str__(self) -> str:
        """Write it as `parse_fault` reads it, without what is as by default."""
        numbers = {k: v for k, v in self.numbers.items() if v != self.kind.numbers.get(k)}
        words = {k: v for k, v in self.words.items() if v != self.kind.default(k)}
        parts = [f"{k}={v:g}" for k, v in numbers.items() if k != "times"]
        parts += [f"{k}={v}" for k, v in words.items()]
        parts += [f"times={numbers['times']:g}"] if "times" in numbers else []
        return self.name + ("=" + ",".join(parts) if parts else "")


def parse_fault(text: str) -> Fault:
    """Read `name[=argument,...]`; raise SimulatorError with the known names or keys."""
    name, _, rest = text.strip().partition("=")
    kind = FAULTS.get(name)
    if kind is None:
        raise SimulatorError(f"There is no fault {name!r}. Known: {', '.join(FAULTS)}.")
    fault = Fault(kind, dict(kind.numbers), {key: kind.default(key) for key in kind.words})
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = kind.first_key(), part
        _set_argument(fault, key.strip(), value.strip())
    return fault


def _set_argument(fault: Fault, key: str, value: str) -> None:
    kind = fault.kind
    try:
        if key in kind.numbers or key in kind.optional:
            fault.numbers[key] = _number(value, key in kind.signed, key in _WHOLE_NUMBERS)
        elif key in kind.words and (not kind.words[key] or value in kind.words[key]):
            fault.words[key] = value
        else:
            raise ValueError(key)
    except ValueError as error:
        raise SimulatorError(
            f"Fault {kind.name} does not take {key or value!r}={value!r}. "
            f"It takes: {', '.join(kind.argument_names()) or 'nothing'}."
        ) from error


def _number(text: str, signed: bool, whole: bool) -> float:
    value = int(text) if whole else float(text)
    if not isfinite(value) or (value < 0 and not signed):
        raise ValueError(text)
    return value


class Faults:
    """The active faults of one camera, oldest first; `on_change` hears of every change."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self.on_change: Callable[[], None] = lambda: None

    def add(self, text: str) -> None:
        """Make a fault active; raise SimulatorError when there is none of that name."""
        fault = parse_fault(text)
        self._active = [*(f for f in self._active if not fault.replaces(f)), fault]
        self.on_change()

    def clear(self, name: str | None = None) -> None:
        """End all faults of one name, or all there are."""
        self._active = [f for f in self._active if name not in (None, f.name)]
        self.on_change()

    def end(self, fault: Fault) -> None:
        """End this very fault; harmless when it has ended."""
        if fault in self._active:
            self._active.remove(fault)
            self.on_change()

    def get(self, name: str, path: str = "", ccd: str = "") -> Fault | None:
        """Return the newest active fault of that name which applies to `path` and `ccd`."""
        return next(
            (f for f in reversed(self._active) if f.name == name and f.applies(path, ccd)), None
        )

    def take(self, name: str, path: str = "", ccd: str = "") -> Fault | None:
        """Return what `get` returns, and count the use."""
        fault = self.get(name, path, ccd)
        if fault:
            self.count(fault)
        return fault

    def count(self, fault: Fault) -> None:
        """Count a use of a fault, and end it with its last."""
        if fault.use():
            self.end(fault)

    def __contains__(self, name: str | Fault) -> bool:
        """Tell whether any fault of a name, or this very fault, is active."""
        return any(name in (f.name, f) for f in self._active)

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._active))
