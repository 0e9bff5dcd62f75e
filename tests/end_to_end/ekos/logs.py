"""What KStars writes down: its own log, and Ekos' guide log."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum, hypot, sqrt
from pathlib import Path

_COMPLAINT = re.compile(
    r"\[(ERROR|WARNING)\]|\berrors?\b|\bfail(s|ed|ure)?\b|\btim(ed|e)[- ]?out\b"
    r"|\blost\b|\bunable\b|\bcannot\b|\binvalid\b|\bretry",
    re.IGNORECASE,
)
_OF_INTEREST = ("org.kde.kstars.indi:", "org.kde.kstars.ekos", "INDI", "Dispatch command")
_INNOCENT = (
    "Option ",  # settings that this version of Ekos has no widget for
    # How Ekos' guider says that a single star, not a constellation, leads it.
    "StarCorrespondence not used.",
    "MultiStar: failed, fell back to guide star",
)


def complaints(log: str, device: str) -> list[str]:
    """Return the lines in which KStars, Ekos or a driver reports trouble that may be ours."""
    return [
        line
        for line in log.splitlines()
        if (line.startswith(_OF_INTEREST) or device in line)
        and _COMPLAINT.search(line)
        and not any(text in line for text in _INNOCENT)
    ]


@dataclass(frozen=True)
class Guided:
    """One frame of the guide log: how far the star was from its place, in pixels."""

    at_s: float
    ra_pixels: float
    dec_pixels: float
    ra_pulse_ms: float
    dec_pulse_ms: float


def guided_frames(path: Path) -> list[Guided]:
    """Return the frames of the last guiding session in a guide log."""
    _, _, session = path.read_text(encoding="utf-8").rpartition("Guiding Begins at")
    return list(_rows(session.splitlines()))


def _rows(lines: list[str]) -> Iterator[Guided]:
    start = next((n for n, line in enumerate(lines) if line.startswith("Frame,Time")), len(lines))
    for row in csv.DictReader(lines[start:]):
        if not row["ErrorCode"]:
            continue  # a note between the frames, or a line half written
        yield Guided(
            float(row["Time"]),
            float(row["RARawDistance"]),
            float(row["DECRawDistance"]),
            float(row["RADuration"]),
            float(row["DECDuration"]),
        )


def rms_pixels(frames: list[Guided]) -> float:
    """Return the root mean square of the distances of the star from its place."""
    return sqrt(fsum(hypot(f.ra_pixels, f.dec_pixels) ** 2 for f in frames) / len(frames))
