"""What this camera is and has, read from it when connecting.

The facts narrow the widest limits of the declarations to the true ones, and the capabilities
decide which properties exist at all.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indi_stx.errors import CameraRefused

if TYPE_CHECKING:
    from indi_stx.stx import Camera, Ccd, CcdSettings, VersionNumbers


class Capability(enum.Enum):
    """Hardware that not every camera has."""

    COOLER = "cooler"
    FAN = "fan that can be set"
    GUIDER = "internal guide CCD"
    EXTERNAL_GUIDER = "external guide head"


@dataclass(frozen=True, slots=True)
class CcdFacts:
    """What does not change about one CCD; sizes in unbinned pixels."""

    width: int
    height: int
    pixel_width_um: float
    pixel_height_um: float
    max_bin_x: int
    max_bin_y: int
    electrons_per_adu: float

    @classmethod
    async def read(cls, ccd: Ccd) -> Self:
        """Ask a CCD for its facts, in one request.

        Raises:
            CameraError: no answer, or one that no camera gives.
        """
        s: CcdSettings = await ccd.get_settings(
            "sensor_width",
            "sensor_height",
            "electrons_per_adu",
            "max_bin_x",
            "max_bin_y",
            "pixel_size_x_um",
            "pixel_size_y_um",
        )
        return cls(
            width=s.sensor_width,
            height=s.sensor_height,
            pixel_width_um=s.pixel_size_x_um,
            pixel_height_um=s.pixel_size_y_um,
            max_bin_x=s.max_bin_x,
            max_bin_y=s.max_bin_y,
            electrons_per_adu=s.electrons_per_adu,
        )


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What the camera says of itself."""

    description: str
    versions: VersionNumbers
    imager: CcdFacts
    guider: CcdFacts | None
    external_guider: CcdFacts | None
    has_fan: bool = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The optional hardware that this camera has."""
        found = {
            Capability.COOLER: True,
            Capability.FAN: self.has_fan,
            Capability.GUIDER: self.guider is not None,
            Capability.EXTERNAL_GUIDER: self.external_guider is not None,
        }
        return frozenset(capability for capability, there in found.items() if there)

    @classmethod
    async def read(cls, camera: Camera) -> Self:
        """Ask the camera what it is; the first call fails at a web server that is no camera.

        Raises:
            CameraError: unreachable, or not a camera.
        """
        return cls(
            description=await camera.description(),
            versions=await camera.version_numbers(),
            imager=await CcdFacts.read(camera.imager),
            guider=await _facts_if_there(camera.guider),
            external_guider=await _facts_if_there(camera.external_guider),
            has_fan="fan_state" in await camera.imager.get_settings("fan_state"),
        )


async def _facts_if_there(ccd: Ccd) -> CcdFacts | None:
    """Return the facts of a CCD, None when it is missing: refused, or without pixels."""
    try:
        facts = await CcdFacts.read(ccd)
    except CameraRefused:
        return None
    return facts if facts.width and facts.height else None
