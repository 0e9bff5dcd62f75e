"""The versions of the camera's parts (STX API, Version Numbers)."""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.stx.replies import invalid, values

DOCUMENTED = 5
"""Lines of the answer in the document; newer cameras add their serial number."""


@dataclass(frozen=True, slots=True)
class VersionNumbers:
    """Versions of the camera's parts, as it reports them; only newer cameras have `serial`."""

    firmware: str
    gate_array: str
    imaging_rop: str
    tracker_rop: str
    http_api: str
    serial: str | None = None


def parse(text: str, request: str) -> VersionNumbers:
    """Return the versions in the answer to `request`.

    Raises:
        CameraReplyInvalid: there are fewer than five.
    """
    match [line.strip() for line in values(text, DOCUMENTED, may_be_empty=True)]:
        case [firmware, gate_array, imaging_rop, tracker_rop, http_api, *newer]:
            serial = newer[0] if newer else None
            return VersionNumbers(firmware, gate_array, imaging_rop, tracker_rop, http_api, serial)
        case found:
            invalid(f"5 versions were expected, {len(found)} came", text, request=request)
