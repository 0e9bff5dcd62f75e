"""What was found out about a camera, as tables for people or JSON for programs."""

from __future__ import annotations

import enum
import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console

from indi_stx.tools.findings import Findings
from indi_stx.tools.remarks import remarks_on
from indi_stx.tools.streaming import Meanwhile
from indi_stx.tools.terminal import printable, table, tell

Row = tuple[str, str]
UNITS = {
    "celsius": "C",
    "percent": "%",
    "electrons": "e-",
    "um": "um",
    "adu": "ADU",
    "mm": "mm",
    "mm2": "mm2",
    "s": "s",
}
_NO_FRAME = (
    "not tried: no CCD holds an image, or one is at work (`indi-stx capture` takes an image)"
)


def show(found: Findings, output: Console, errors: Console) -> None:
    """Print tables to `output`, and what failed to `errors`."""
    if found.description is not None:
        for title, rows in (
            ("Camera", _camera_rows(found)),
            ("Wheel, guiding and headers", _accessory_rows(found)),
            ("Link", _link_rows(found)),
        ):
            made = table(output, "What", "Value", title=title)
            for row in rows:
                made.add_row(*map(printable, row))
            output.print(made)
            output.print()
        _show_settings(found, output)
        for remark in remarks_on(found):
            tell(output, f"! {remark}", "yellow")
    for trouble in found.troubles:
        tell(errors, f"indi-stx probe: {trouble.part}: {trouble.message}", "red")
        if trouble.hint:
            tell(errors, trouble.hint)


def as_json(found: Findings) -> str:
    """Return all findings as one JSON object; what is not known is null."""
    content = {
        "address": str(found.address),
        "description": found.description,
        "versions": asdict(found.versions) if found.versions else None,
        "firmware_profile": _profile(found) if found.versions else None,
        "ccds": {
            name: {
                "state": ccd.state,
                "image_ready": ccd.image_ready,
                "settings": {field: getattr(ccd.settings, field) for field in ccd.settings},
            }
            for name, ccd in found.ccds.items()
        },
        "filter_wheel": {
            "state": found.filter_state,
            **(asdict(found.filters) if found.filters else {}),
        },
        "guiding": {
            "is_guiding": found.is_guiding,
            "relays": asdict(found.relays) if found.relays else None,
            "ao_state": found.ao,
        },
        "fits": asdict(found.fits) if found.fits else None,
        "link": {
            "round_trips_s": found.round_trips_s,
            "while_streaming": asdict(found.streaming) if found.streaming else None,
        },
        "remarks": remarks_on(found),
        "troubles": [asdict(trouble) for trouble in found.troubles],
    }
    return json.dumps(_plain(content), indent=2)


def _plain(value: Any) -> Any:
    """Return what JSON can say: an enum by its name."""
    match value:
        case enum.Enum():
            return value.name.lower()
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _profile(found: Findings) -> str:
    return "newer" if found.has_newer_firmware else "document"


def _camera_rows(found: Findings) -> Iterator[Row]:
    yield "Address", str(found.address)
    yield "Model", found.description or ""
    if versions := found.versions:
        yield "Firmware", versions.firmware
        yield "Gate array", versions.gate_array
        yield "Imaging ROP", versions.imaging_rop
        yield "Tracker ROP", versions.tracker_rop
        yield "HTTP API", versions.http_api
        yield "Serial number", versions.serial or "not told by this firmware"
        if found.has_newer_firmware:
            yield "Firmware profile", "newer than the API document: fan, overscan or serial number"
        else:
            yield "Firmware profile", "as in the API document of 2011"
    for name in ("imager", "guider", "external guider"):
        ccd = found.ccds.get(name)
        if ccd is None:
            yield name.capitalize(), "none"
            continue
        size = f"{ccd.settings.sensor_width} x {ccd.settings.sensor_height} pixels"
        pixel = f"{ccd.settings.pixel_size_x_um:g} x {ccd.settings.pixel_size_y_um:g} um"
        yield name.capitalize(), f"{size} of {pixel}"


def _accessory_rows(found: Findings) -> Iterator[Row]:
    yield "Filter wheel", _word(found.filter_state)
    if found.filters:
        yield "Filter in the beam", f"{found.filters.current} {found.filters.current_name}".rstrip()
        names = (f"{slot} {name or '-'}" for slot, name in found.filters.names.items())
        yield "Filters", ", ".join(names)
    yield "Guide relays", {True: "closed", False: "open", None: "not known"}[found.is_guiding]
    if found.relays:
        left = ", ".join(f"{seconds:g}" for seconds in asdict(found.relays).values())
        yield "Time left of X+, X-, Y+, Y-", f"{left} s"
    ao = _word(found.ao)
    yield "Adaptive optics", f"{ao}; a camera does not tell whether an AO unit is connected"
    if found.fits:
        for field, value in asdict(found.fits).items():
            name, unit = _name_and_unit(field)
            yield f"FITS {name.lower()}", f"{_shown(value)} {unit}".strip() or "-"


def _link_rows(found: Findings) -> Iterator[Row]:
    if trips := found.round_trips_s:
        shortest, middle, longest = min(trips), statistics.median(trips), max(trips)
        yield (
            "Round trip",
            f"{_ms(middle)} ({_ms(shortest)} to {_ms(longest)}, {len(trips)} commands)",
        )
    streaming = found.streaming
    if streaming is None:
        yield "Commands while a frame is sent", _NO_FRAME
        return
    rate = streaming.frame_bytes / streaming.seconds / 1e6 if streaming.seconds else 0.0
    answered = streaming.meanwhile.value
    if streaming.meanwhile is Meanwhile.ANSWERED:
        answered += f" within {_ms(max(streaming.answers_s))}"
    yield "Commands while a frame is sent", answered
    yield (
        "Frame",
        f"{streaming.frame_bytes / 1e6:.1f} MB in {streaming.seconds:.1f} s, {rate:.1f} MB/s",
    )


def _show_settings(found: Findings, output: Console) -> None:
    """Print every setting that can be read, a column for each CCD."""
    made = table(output, "Setting", "Unit", *found.ccds, title="Settings")
    fields = dict.fromkeys(field for ccd in found.ccds.values() for field in ccd.settings)
    for field in fields:
        values = (
            _shown(getattr(ccd.settings, field)) if field in ccd.settings else ""
            for ccd in found.ccds.values()
        )
        made.add_row(*_name_and_unit(field), *values)
    made.add_row("State", "", *(_word(ccd.state) for ccd in found.ccds.values()))
    made.add_row("Image ready", "", *(_word(ccd.image_ready) for ccd in found.ccds.values()))
    output.print(made)


def _name_and_unit(field: str) -> Row:
    """Return a setting's name for people, and its unit, both from our name for it."""
    words, _, last = field.rpartition("_")
    unit = UNITS.get(last, "")
    if field == "electrons_per_adu":
        return "Gain", "e-/ADU"
    if field == "max_adu":
        return "Max ADU", "ADU"
    if field.startswith(("sensor_", "start_", "num_")):
        return field.replace("_", " ").capitalize(), "pixels"
    name = words if unit else field
    return name.replace("_", " ").capitalize(), unit


def _shown(value: object) -> str:
    match value:
        case bool() | enum.Enum():
            return _word(value)
        case float():
            return f"{value:g}"
        case _:
            return printable(str(value))


def _word(value: object) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case enum.Enum():
            return value.name.lower().replace("_", " ")
        case _:
            return str(value)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
