"""What one exposure was: everything a FITS header can tell, typed, with units in the names.

Filled by whoever knows the camera and the devices around it; `header.compose_header` turns it into
cards. `None` means unknown, and an unknown fact gets no card. Imports little on purpose: astropy
takes more than half a second to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple


class FrameType(Enum):
    """What kind of frame it is; the value is what the FRAME card says."""

    LIGHT = "Light"
    BIAS = "Bias"
    DARK = "Dark"
    FLAT = "Flat"


class PierSide(Enum):
    """On which side of the pier the telescope was; the value is what PIERSIDE says."""

    EAST = "EAST"
    WEST = "WEST"


class CustomCard(NamedTuple):
    """A card that the user asked for."""

    keyword: str
    value: str | int | float
    comment: str


class Horizontal(NamedTuple):
    """A direction above the horizon, without refraction; `airmass` is None below it."""

    altitude_deg: float
    azimuth_deg: float
    airmass: float | None


@dataclass(frozen=True, slots=True)
class Site:
    """Where the telescope stands; longitude counts east, -180 to 180."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where the telescope pointed, J2000."""

    ra_deg: float
    dec_deg: float
    pier_side: PierSide | None = None
    horizontal: Horizontal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """Everything known of one exposure.

    Attributes:
        instrument: the INDI device name.
        rows: height of the image in binned pixels.
        cols: width of the image in binned pixels.
        pixel_width_um: of one unbinned pixel, 0 for unknown; likewise `pixel_height_um`.
        start_x: left edge on the sensor in unbinned pixels.
        start_y: top edge on the sensor in unbinned pixels.
        sensor_cols: width of the sensor in unbinned pixels, without overscan; places the optical
            axis in a subframe.
        sensor_rows: height of the sensor in unbinned pixels.
        started_utc: when the shutter opened; timezone-aware.
        max_adu: the highest pixel value that the CCD gives.
        overscan: whether it is read out; None for a CCD that has none.
        overscan_known: whether it begins where the sensor ends, at `sensor_cols`.
        setpoint_celsius: the cooler's set point.
        sky_brightness_mpsas: magnitudes per square arcsecond.
        wcs_rotation_deg: position angle of the camera, from a plate solver; adds WCS cards.
        checksum: whether CHECKSUM and DATASUM are wanted.
        extra: the user's cards; they replace the driver's cards with the same keywords.
    """

    instrument: str
    rows: int
    cols: int
    exposure_s: float
    frame_type: FrameType
    bin_x: int
    bin_y: int
    pixel_width_um: float
    pixel_height_um: float
    started_utc: datetime
    start_x: int = 0
    start_y: int = 0
    sensor_cols: int | None = None
    sensor_rows: int | None = None
    ccd_celsius: float | None = None
    setpoint_celsius: float | None = None
    gain_electrons_per_adu: float | None = None
    full_well_electrons: float | None = None
    max_adu: int | None = None
    overscan: bool | None = None
    overscan_known: bool = False
    camera_model: str | None = None
    firmware: str | None = None
    telescope: str | None = None
    observer: str | None = None
    object_name: str | None = None
    filter_name: str | None = None
    focal_length_mm: float | None = None
    aperture_mm: float | None = None
    site: Site | None = None
    pointing: Pointing | None = None
    rotator_deg: float | None = None
    focuser_position: int | None = None
    focuser_celsius: float | None = None
    sky_brightness_mpsas: float | None = None
    wcs_rotation_deg: float | None = None
    checksum: bool = False
    extra: tuple[CustomCard, ...] = ()
