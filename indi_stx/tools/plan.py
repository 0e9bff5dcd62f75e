"""What a series of exposures is to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from indi_stx.stx import FrameType
from indi_stx.tools.address import Address

BIAS_S = 0.01
"""The shortest exposure (STX API, Imager Start Exposure)."""


class Region(NamedTuple):
    """Part of the sensor in unbinned pixels."""

    start_x: int
    start_y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A series of equal exposures; None leaves a thing as it is.

    Attributes:
        region: None for the whole sensor.
        filter: name or slot.
        folder: an absolute path.
        prefix: begins the file names, see `images.file_names.next_path`.
    """

    address: Address
    count: int
    exposure_s: float
    frame_type: FrameType
    binning: int
    region: Region | None
    filter: str | None
    temperature_celsius: float | None
    cooling_limit_s: float
    object_name: str | None
    folder: Path
    prefix: str
    with_preview: bool
