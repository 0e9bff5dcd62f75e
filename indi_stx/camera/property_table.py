"""`indi-stx properties`: all INDI properties of the driver, as documentation.

The table is made from the declarations, so the two cannot disagree; where only the camera knows the
limits, the widest possible ones are shown. `--update FILE` replaces the part between the markers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indi_stx.errors import ConfigError
from indi_stx.indi import wire_number

if TYPE_CHECKING:
    import argparse

    from indi_stx.driver.device import Device
    from indi_stx.driver.properties import Property
    from indi_stx.driver.subsystem import Subsystem

BEGIN = "<!-- made by `indi-stx properties`: begin -->"
END = "<!-- made by `indi-stx properties`: end -->"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx properties`."""
    parser.add_argument(
        "--update", type=Path, metavar="FILE", help="write them into a Markdown file instead"
    )


def run(args: argparse.Namespace) -> int:
    """Print or write the table and return the exit status."""
    if args.update is None:
        print(markdown())
        return 0
    try:
        args.update.write_text(updated(args.update.read_text()))
    except (OSError, ConfigError) as error:
        print(f"indi-stx properties: {error}", file=sys.stderr)
        return 1
    return 0


def updated(text: str) -> str:
    """Return a document with the part between the markers made anew.

    Raises:
        ConfigError: the markers are not there.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ConfigError(f"the document needs the lines {BEGIN!r} and {END!r}")
    return f"{head}{BEGIN}\n\n{markdown()}\n\n{END}{tail}"


def markdown() -> str:
    """Return a section for each subsystem, in the order of definition."""
    sections = []
    for device, permanent, features in _devices():
        for kind in permanent:
            sections += ["\n".join(_section(device, kind, "always"))]
        for kind in features:
            needed = getattr(kind, "needs", None)
            life = f"connected, with {needed.value}" if needed else "connected"
            sections += ["\n".join(_section(device, kind, life))]
    return "\n\n".join(sections)


def _section(device: Device, kind: type[Subsystem], life: str) -> Iterator[str]:
    summary = (kind.__doc__ or "").strip().splitlines()[0]
    yield f"### {device.name}: {kind.__name__}"
    yield ""
    yield f"{summary} Module `{kind.__module__}`."
    yield ""
    yield "| property (label) | tab | elements | may | defined | saved | on a write |"
    yield "|---|---|---|---|---|---|---|"
    for declaration in kind.declared():
        p = declaration.property_class(declaration.spec, device, kind.words)
        yield _row(kind, p, declaration.handler_name, life)


def _row(kind: type[Subsystem], p: Property[Any], handler_name: str | None, life: str) -> str:
    elements = ", ".join(_element(name, e) for name, e in p.elements.items())
    defined = f"{life}, {p.spec.exists.words}" if p.spec.exists else life
    handler = getattr(kind, handler_name) if handler_name else None
    done = (handler.__doc__ or "").strip().splitlines()[0] if handler else ""
    may = p.spec.permission.value + (f", {p.spec.rule.value}" if p.spec.rule else "")
    cells = (
        f"**{p.name}** ({p.label.strip()})",
        p.group,
        elements,
        may,
        defined,
        p.spec.save.value,
        done,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _element(name: str, element: Any) -> str:
    low, high = getattr(element, "min", 0), getattr(element, "max", 0)
    limits = f" {wire_number(low)}..{wire_number(high)}" if low < high else ""
    return f"`{name}`{limits}"


def _devices() -> Iterator[tuple[Device, list[type[Subsystem]], tuple[type[Subsystem], ...]]]:
    """Yield the driver's two devices, attached to nothing, and the kinds of their subsystems."""
    from indi_stx.camera import guide_head
    from indi_stx.camera.devices import DEFAULT_NAME, FEATURES, CameraDevice
    from indi_stx.driver.channel import NoChannel
    from indi_stx.driver.runtime import Runtime

    camera = CameraDevice(DEFAULT_NAME, Runtime(NoChannel()))
    yield camera, [type(s) for s in camera.permanent], FEATURES
    head = camera.guide_head
    yield head, [type(s) for s in head.permanent], guide_head.FEATURES
