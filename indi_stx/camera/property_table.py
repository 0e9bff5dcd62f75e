"""`indi-stx properties`: all INDI properties of the driver, as documentation.

The table is made from the declarations themselves, so it cannot be wrong; limits that only the
camera knows are shown as the widest ones. `--update FILE` replaces the part between the markers.
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
    for device in _devices():
        for subsystem in device.subsystems:
            if subsystem.properties:
                sections.append("\n".join(_section(device, subsystem)))
    return "\n\n".join(sections)


def _section(device: Device, subsystem: Subsystem) -> Iterator[str]:
    summary = (type(subsystem).__doc__ or "").strip().splitlines()[0]
    yield f"### {device.name}: {type(subsystem).__name__}"
    yield ""
    yield f"{summary} Module `{type(subsystem).__module__}`."
    yield ""
    yield "| property (label) | tab | elements | may | defined | saved | on a write |"
    yield "|---|---|---|---|---|---|---|"
    for p in subsystem.properties.values():
        yield _row(subsystem, p)


def _row(subsystem: Subsystem, p: Property[Any]) -> str:
    elements = ", ".join(_element(name, e) for name, e in p.elements.items())
    defined = p.spec.when.value
    if needs := p.spec.needs or subsystem.needs:
        defined += f", with {getattr(needs, 'value', needs)}"
    handler = subsystem.handler_of(p.name)
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


def _devices() -> tuple[Device, Device]:
    """Return the driver's two devices, attached to nothing."""
    from indi_stx.camera.devices import DEFAULT_NAME, CameraDevice
    from indi_stx.driver.channel import NoChannel
    from indi_stx.driver.runtime import Runtime

    camera = CameraDevice(DEFAULT_NAME, Runtime(NoChannel()))
    return camera, camera.guide_head
