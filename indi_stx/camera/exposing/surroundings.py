"""What a FITS header tells beyond the exposure itself: sky, telescope, filter, cooler, the user."""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.images.header_facts import CustomCard, PierSide, Site

UNKNOWN = "Unknown"
"""What libindi's clients write as observer and object while these are unknown."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a mount points, in the coordinates that it reports.

    Attributes:
        of_date: whether the equinox is that of the date ("JNow"); otherwise it is J2000.
    """

    ra_hours: float
    dec_deg: float
    of_date: bool
    pier_side: PierSide | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a header tells beyond exposure and sensor; None or empty for what nobody knows.

    Attributes:
        beam: which filter is in the beam, and since which move; two looks that find the same mean
            that it was there all the time between them.
        watched: whether people are told what changes during an exposure; nobody wants to read that
            of each guide frame while the telescope slews.
        ccd_celsius: the CCD's temperature at the last poll.
        setpoint_celsius: what the cooler regulates to.
        wcs_rotation_deg: the camera's orientation, if world coordinates are wanted.
        overscan: whether it is read out; None for a CCD that has none.
        cards: those that the user added.
        checksum: whether the user wants checksums.
    """

    observer: str = UNKNOWN
    object_name: str = UNKNOWN
    telescope: str | None = None
    aim: Aim | None = None
    site: Site | None = None
    rotator_deg: float | None = None
    focuser_position: int | None = None
    focuser_celsius: float | None = None
    sky_brightness_mpsas: float | None = None
    filter_name: str | None = None
    beam: str = ""
    watched: bool = False
    focal_length_mm: float | None = None
    aperture_mm: float | None = None
    wcs_rotation_deg: float | None = None
    ccd_celsius: float | None = None
    setpoint_celsius: float | None = None
    overscan: bool | None = None
    cards: tuple[CustomCard, ...] = ()
    checksum: bool = False
