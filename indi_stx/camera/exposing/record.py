"""What is written down of an exposure, so that its frame is not lost with the driver.

A `Record` has all that is needed to recognise the frame in the camera and to deliver it with its
true header: it is a `Shot` without what belongs to a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from indi_stx.camera.exposing.shot import DeliveryMode, ImageSource, Shot
from indi_stx.camera.exposing.surroundings import Surroundings
from indi_stx.stx.ccd_states import FrameType
from indi_stx.stx.settings import Geometry

if TYPE_CHECKING:
    from indi_stx.camera.facts import CameraFacts, CcdFacts
    from indi_stx.stx import Ccd


@dataclass(frozen=True, slots=True)
class Record:
    """One exposure whose frame has not been delivered.

    Attributes:
        camera: host and port.
        ccd: which CCD of it.
        name: the time that was sent with the start.
        started_utc: when the shutter opened.
        surroundings: what else the header tells, at the start or, once it is known, at the end.
        file: where the frame itself is kept; empty while only the camera has it.
    """

    camera: str
    ccd: str
    name: datetime
    started_utc: datetime
    duration_s: float
    geometry: Geometry
    frame_type: FrameType
    source: ImageSource
    surroundings: Surroundings
    mode: DeliveryMode
    file: str = ""

    @classmethod
    def of(cls, shot: Shot, camera: str, ccd: str, name: datetime) -> Self:
        """Return the record of an exposure that is about to start."""
        return cls(
            camera=camera,
            ccd=ccd,
            name=name,
            started_utc=name,
            duration_s=shot.duration_s,
            geometry=shot.geometry,
            frame_type=shot.frame_type,
            source=shot.source,
            surroundings=shot.surroundings(),
            mode=shot.mode(),
        )

    def shot(
        self, *, name: str, instrument: str, ccd: Ccd, sensor: CcdFacts, camera: CameraFacts
    ) -> Shot:
        """Return what was exposed, with what a new connection knows; fields as in `Shot`."""
        return Shot(
            name=name,
            instrument=instrument,
            ccd=ccd,
            duration_s=self.duration_s,
            geometry=self.geometry,
            frame_type=self.frame_type,
            source=self.source,
            sensor=sensor,
            camera=camera,
            surroundings=lambda: self.surroundings,
            mode=lambda: self.mode,
        )

    def __str__(self) -> str:
        return f"the exposure of {self.duration_s:g} s begun at {self.started_utc:%H:%M:%S} UTC"
