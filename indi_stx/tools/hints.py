"""What to try next; the errors themselves say what happened."""

from __future__ import annotations

from indi_stx.errors import (
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ExposureFailed,
    IndiStxError,
)

_NOT_THERE = (
    "Hint: `indi-stx find` looks for cameras on this network. The camera's web page must open in a "
    "browser on this computer; a VPN or a firewall may be in the way."
)
_SILENT = (
    "Hint: another program may keep the camera busy (KStars, a browser, a script): end it and try "
    "again."
)
_NOT_A_CAMERA = (
    "Hint: `indi-stx find` looks for cameras on this network. If it is a camera, "
    "`indi-stx conform` shows in which answers it differs from others."
)
_BUSY = (
    "Hint: another program uses the camera (KStars, a browser, a script): wait until it has "
    "finished, or end it."
)

_PART_HINTS = {
    "filter wheel": "No wheel, or its cable is loose; it is looked for when the camera is switched "
    "on.",
    "guide relays": "This firmware may not have the calls for guide pulses: guide with the mount "
    "instead.",
    "adaptive optics": "Only needed with an AO unit: check its cable, and switch the camera off "
    "and on.",
    "FITS settings": "Only the headers of the camera's own FITS files need them.",
}


def hint_for(error: IndiStxError) -> str:
    """Return a line with what else to try; empty when the error's own sentence is enough."""
    match error:
        case CameraBusy():
            return _BUSY
        case CameraRefused() | ExposureFailed():
            return ""
        case CameraUnreachable():
            return _NOT_THERE
        case CameraTimeout():
            return _SILENT
        case CameraReplyInvalid():
            return _NOT_A_CAMERA
        case _:
            return ""


def part_hint(part: str, error: CameraError) -> str:
    """Return what to do when the camera refuses what a part of it was asked; else nothing."""
    return _PART_HINTS.get(part, "") if isinstance(error, CameraRefused) else ""
