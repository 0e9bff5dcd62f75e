"""What is to be exposed: everything about one exposure that is known before it starts."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.camera.facts import CameraFacts, CcdFacts

if TYPE_CHECKING:
    from indi_stx.stx import Ccd, FrameType, Geometry


class ImageSource(enum.Enum):
    """Which of the camera's two files the pixels come from."""

    BINARY = "Imager Data Binary"
    CAMERA_FITS = "Imager Data FITS"


@dataclass(frozen=True, slots=True)
class DeliveryMode:
    """Where a frame goes.

    Attributes:
        stores: it becomes a file.
        sends: it is sent to clients.
        directory: of the file.
        prefix: of the file's name.
    """

    stores: bool = False
    sends: bool = True
    directory: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """One exposure as it was asked for.

    Attributes:
        name: for logs: device and property.
        instrument: the INDI device's name, for the header.
        ccd: the camera's calls.
        duration_s: as sent to the camera.
        geometry: frame and binning.
        sensor: what does not change about the CCD.
        camera: what the camera says of itself.
        surroundings: called at start and end; returns what else belongs into the header.
        mode: returns where the frame goes.
    """

    name: str
    instrument: str
    ccd: Ccd
    duration_s: float
    geometry: Geometry
    frame_type: FrameType
    source: ImageSource
    sensor: CcdFacts
    camera: CameraFacts
    surroundings: Callable[[], Surroundings]
    mode: Callable[[], DeliveryMode] = DeliveryMode
