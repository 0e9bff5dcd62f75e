"""Our definitions beside those of libindi's own camera simulators, live on one indiserver.

Every property that both sides have must look the same to a client: label, group, permission, rule,
order and labels of elements, formats. What differs is listed, with its reason, in
docs/spec-differences.md; an unlisted difference fails, and so does a listed one that is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from indi_stx.indi import DefNumber, DefVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory
from tests.harness.servers import DRIVER
from tests.harness.wire_client import DEVICE, WireClient

THEIRS = {
    "indi_simulator_ccd": "CCD Simulator",
    "indi_simulator_guide": "Guide Simulator",
}
DIFFERENCES = Path(__file__).parents[2] / "docs" / "spec-differences.md"
SECTION = "## Definitions that differ from libindi's"
ROW = re.compile(r"^\| (?P<property>\w+) \| (?P<what>[^|]+) \| (?P<rest>.+) \|$")

Difference = tuple[str, str]


async def define_all(client: WireClient, device: str) -> dict[str, DefVector]:
    """Bring out every property: connect, debug, the modes that define more."""
    await client.switch("DEBUG", "ENABLE", device=device)
    await client.switch("UPLOAD_MODE", "UPLOAD_BOTH", device=device)
    await client.switch("WCS_CONTROL", "WCS_ENABLE", device=device)
    for name in ("LOG_OUTPUT", "CCD_FILE_PATH", "CCD_ROTATION"):
        await client.defined(name, device=device)
    return {name: d for (owner, name), d in client.properties.items() if owner == device}


def differences(ours: DefVector, theirs: DefVector) -> Iterator[tuple[Difference, str, str]]:
    """Yield (property, what), theirs and ours for everything a client could notice."""

    def row(what: str, their: object, our: object) -> tuple[Difference, str, str]:
        return (ours.name, what), str(their), str(our)

    pairs = [
        ("kind", theirs.kind.value, ours.kind.value),
        ("label", theirs.label, ours.label),
        ("group", theirs.group, ours.group),
        ("permission", theirs.permission, ours.permission),
        ("rule", theirs.rule, ours.rule),
        ("elements", [e.name for e in theirs.elements], [e.name for e in ours.elements]),
    ]
    yield from (row(what, their, our) for what, their, our in pairs if their != our)
    mine = {e.name: e for e in ours.elements}
    for their in theirs.elements:
        our = mine.get(their.name)
        if our is None:
            continue
        if their.label != our.label:
            yield row(f"{their.name} label", their.label, our.label)
        if (
            isinstance(their, DefNumber)
            and isinstance(our, DefNumber)
            and their.format != our.format
        ):
            yield row(f"{their.name} format", their.format, our.format)


def listed() -> set[Difference]:
    """Return the differences that the documentation gives reasons for."""
    _, _, section = DIFFERENCES.read_text().partition(SECTION)
    section = section.split("\n## ")[0]
    rows = [ROW.match(line) for line in section.splitlines()]
    return {(m["property"], m["what"].strip()) for m in rows if m and m["property"] != "property"}


async def test_shared_properties_look_like_libindis(tmp_path: Path) -> None:
    options = SimulatorOptions(model="STT-8300")
    async with observatory(tmp_path, options, drivers=(DRIVER, *THEIRS)) as place:
        client = place.client
        for device in THEIRS.values():
            await client.defined("CONNECTION", device=device)
            await client.switch("CONNECTION", "CONNECT", device=device)
            await client.update("CONNECTION", State.OK, device=device)
        ours = await define_all(client, DEVICE)
        found: dict[Difference, str] = {}
        shared: set[str] = set()
        for device in THEIRS.values():
            theirs = await define_all(client, device)
            for name in ours.keys() & theirs.keys():
                shared.add(name)
                for key, their, our in differences(ours[name], theirs[name]):
                    found[key] = f"| {key[0]} | {key[1]} | {their} | {our} |"
        assert len(shared) > 40
        unlisted = sorted(found.keys() - listed())
        assert not unlisted, "\n" + "\n".join(found[key] for key in unlisted)
        assert not (stale := listed() - found.keys()), f"listed, but no difference: {stale}"
