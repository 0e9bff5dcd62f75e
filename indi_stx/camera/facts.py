"""What this camera is and has, read from it when connecting.

The facts narrow the widest limits of the declarations to the true ones, and the capabilities
decide which properties exist at all.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from indi_stx.errors import CameraLacksCall, CameraRefused, CameraReplyInvalid

if TYPE_CHECKING:
    from indi_stx.stx import Camera, Ccd, VersionNumbers

T = TypeVar("T")

SENSOR = (
    "sensor_width",
    "sensor_height",
    "electrons_per_adu",
    "max_bin_x",
    "max_bin_y",
    "pixel_size_x_um",
    "pixel_size_y_um",
    "full_well_electrons",
    "max_adu",
)
COOLER = ("cooler_on", "temperature_celsius", "setpoint_celsius")
AROUND = ("cooler_power_percent", "ambient_celsius")
NEWER = ("fan_state", "overscan_on")
"""What only newer firmware has: asked for alone, as old firmware refuses the question."""


class Capability(enum.Enum):
    """Hardware that not every camera has, or that not every firmware offers."""

    COOLER = "cooler"
    FAN = "fan that can be set"
    OVERSCAN = "overscan"
    GUIDER = "internal guide CCD"
    EXTERNAL_GUIDER = "external guide head"
    FILTER_WHEEL = "calls for a filter wheel"
    GUIDE_PORT = "calls for the guide port"
    ADAPTIVE_OPTICS = "calls for adaptive optics"


NEEDED = {
    Capability.COOLER: set(COOLER),
    Capability.FAN: {"fan_state"},
    Capability.OVERSCAN: {"overscan_on"},
}
"""The imager's parameters without which there is none of it."""


@dataclass(frozen=True, slots=True)
class CcdFacts:
    """What does not change about one CCD; sizes in unbinned pixels.

    Attributes:
        pixel_width_um: 0 when the camera does not tell; likewise `pixel_height_um`.
        electrons_per_adu: None when the camera does not tell; likewise `full_well_electrons` and
            `max_adu`.
        dark_columns: how many columns at the end of a row are overscan, as far as that is known.
        parameters: those of the questions that the camera knew.
    """

    width: int
    height: int
    pixel_width_um: float
    pixel_height_um: float
    max_bin_x: int
    max_bin_y: int
    electrons_per_adu: float | None
    parameters: frozenset[str] = frozenset()
    full_well_electrons: float | None = None
    max_adu: int | None = None
    dark_columns: int = 0

    def with_dark_columns(self, count: int) -> Self:
        """Return the facts of the same CCD with that many columns of overscan in its width."""
        return replace(self, dark_columns=count)

    @classmethod
    async def read(cls, ccd: Ccd, *names: str) -> Self:
        """Ask a CCD for its facts and other parameters, in one request; unknown ones are left out.

        Raises:
            CameraReplyInvalid: it does not tell its size.
            CameraError: no answer, or one that no camera gives.
        """
        told = vars(await ccd.get_settings(*SENSOR, *names))
        if "sensor_width" not in told or "sensor_height" not in told:
            raise CameraReplyInvalid(
                f"The camera does not tell the size of its {ccd.name}'s sensor.", request=""
            )
        return cls(
            width=told["sensor_width"],
            height=told["sensor_height"],
            pixel_width_um=told.get("pixel_size_x_um", 0.0),
            pixel_height_um=told.get("pixel_size_y_um", 0.0),
            max_bin_x=told.get("max_bin_x", 1),
            max_bin_y=told.get("max_bin_y", 1),
            electrons_per_adu=told.get("electrons_per_adu"),
            parameters=frozenset(told),
            full_well_electrons=told.get("full_well_electrons"),
            max_adu=told.get("max_adu"),
        )


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What the camera says of itself.

    Attributes:
        lacking: the parts whose calls this firmware does not have.
    """

    description: str
    versions: VersionNumbers
    imager: CcdFacts
    guider: CcdFacts | None
    external_guider: CcdFacts | None
    lacking: frozenset[Capability] = frozenset()

    @property
    def profile(self) -> str:
        """What the firmware offers beyond the API document of 2011, for people."""
        newer = {
            "fan": Capability.FAN in self.capabilities,
            "overscan": Capability.OVERSCAN in self.capabilities,
            "serial number": self.versions.serial is not None,
        }
        found = [name for name, there in newer.items() if there]
        return f"newer: {', '.join(found)}" if found else "API document of 2011"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The optional hardware that this camera has."""
        parameters = self.imager.parameters
        absent = {c for c, needed in NEEDED.items() if not needed <= parameters}
        if self.guider is None:
            absent.add(Capability.GUIDER)
        if self.external_guider is None:
            absent.add(Capability.EXTERNAL_GUIDER)
        return frozenset(Capability) - absent - self.lacking

    @classmethod
    async def read(cls, camera: Camera) -> Self:
        """Ask the camera what it is; the first call fails at a web server that is no camera.

        A call that the firmware does not have ("404", STX API, HTTP Status Codes) means that the
        part is missing, not that the camera cannot be used.

        Raises:
            CameraError: unreachable, or not a camera.
        """
        lacking: set[Capability] = set()

        async def look_for(part: Capability, call: Callable[[], Awaitable[T]]) -> T | None:
            try:
                return await call()
            except CameraLacksCall:
                lacking.add(part)
            except (CameraRefused, CameraReplyInvalid):
                pass  # it is there, and has a problem that is told when it is used
            return None

        async def guide_ccd(part: Capability, ccd: Ccd) -> CcdFacts | None:
            facts = await look_for(part, partial(CcdFacts.read, ccd))
            return facts if facts and facts.width and facts.height else None

        description = await camera.description()
        versions = await _versions(camera)
        imager = await CcdFacts.read(camera.imager, *COOLER, *AROUND)
        newer = await camera.imager.get_settings(*NEWER)
        imager = replace(imager, parameters=imager.parameters | set(newer))
        guider = await guide_ccd(Capability.GUIDER, camera.guider)
        head = await guide_ccd(Capability.EXTERNAL_GUIDER, camera.external_guider)
        await look_for(Capability.FILTER_WHEEL, camera.filter_state)
        await look_for(Capability.GUIDE_PORT, camera.is_pulse_guiding)
        await look_for(Capability.ADAPTIVE_OPTICS, camera.ao_status)
        return cls(description, versions, imager, guider, head, frozenset(lacking))


async def _versions(camera: Camera) -> VersionNumbers:
    """Return the versions; empty ones of a firmware that does not tell them."""
    from indi_stx.stx import VersionNumbers

    try:
        return await camera.version_numbers()
    except (CameraRefused, CameraReplyInvalid):
        return VersionNumbers(*("",) * 5)
