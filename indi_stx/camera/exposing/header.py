"""Collect what is known of an exposure for its FITS header.

Collecting is quick and happens on the event loop, so that all facts are of the same moment.
Formatting cards and converting coordinates takes long enough to delay a guide pulse, so it is done
in a thread (the methods of `HeaderDraft`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from indi_stx.camera.exposing.shot import Shot
from indi_stx.camera.exposing.surroundings import UNKNOWN, Aim
from indi_stx.images.header_facts import CustomCard, FrameFacts, FrameType, Pointing, Site


@dataclass(frozen=True, slots=True)
class HeaderDraft:
    """All that is known of an exposure; the coordinates are still those the mount reported."""

    facts: FrameFacts
    aim: Aim | None = None

    def compose(self) -> bytes:
        """Return the header; takes milliseconds, to be called in a thread.

        Raises:
            ImageError: a card of the user cannot be written.
        """
        from indi_stx.images.header import compose_header

        return compose_header(self._complete())

    def merge(self, camera_header: bytes) -> bytes:
        """Return the header, with the cards that only the camera writes; to be called in a thread.

        Raises:
            ImageError: `camera_header` is no FITS header.
        """
        from indi_stx.images.header import merge_camera_header

        facts = self._complete()
        known = replace(
            facts,
            observer=_known(facts.observer),
            object_name=_known(facts.object_name),
        )
        return merge_camera_header(camera_header, known)

    def _complete(self) -> FrameFacts:
        if self.aim is None or self.facts.frame_type is not FrameType.LIGHT:
            return self.facts
        middle = self.facts.started_utc + timedelta(seconds=self.facts.exposure_s / 2)
        return replace(self.facts, pointing=_pointing(self.aim, self.facts.site, middle))


def draft_of(shot: Shot, started_utc: datetime, cards: tuple[CustomCard, ...] = ()) -> HeaderDraft:
    """Return what is known now of an exposure that has just ended."""
    around, geometry, sensor = shot.surroundings(), shot.geometry, shot.sensor
    facts = FrameFacts(
        instrument=shot.instrument,
        rows=geometry.rows,
        cols=geometry.cols,
        exposure_s=shot.duration_s,
        frame_type=FrameType[shot.frame_type.name],
        bin_x=geometry.bin_x,
        bin_y=geometry.bin_y,
        start_x=geometry.start_x,
        start_y=geometry.start_y,
        sensor_cols=sensor.width - sensor.dark_columns,
        sensor_rows=sensor.height,
        pixel_width_um=sensor.pixel_width_um,
        pixel_height_um=sensor.pixel_height_um,
        started_utc=started_utc,
        ccd_celsius=around.ccd_celsius,
        setpoint_celsius=around.setpoint_celsius,
        gain_electrons_per_adu=sensor.electrons_per_adu,
        full_well_electrons=sensor.full_well_electrons,
        max_adu=sensor.max_adu,
        overscan=around.overscan,
        overscan_known=sensor.dark_columns > 0,
        camera_model=shot.camera.description,
        firmware=shot.camera.versions.firmware,
        telescope=around.telescope,
        observer=around.observer,
        object_name=around.object_name,
        filter_name=around.filter_name,
        focal_length_mm=around.focal_length_mm,
        aperture_mm=around.aperture_mm,
        site=around.site,
        rotator_deg=around.rotator_deg,
        focuser_position=around.focuser_position,
        focuser_celsius=around.focuser_celsius,
        sky_brightness_mpsas=around.sky_brightness_mpsas,
        wcs_rotation_deg=around.wcs_rotation_deg,
        checksum=around.checksum,
        extra=(*around.cards, *cards),
    )
    return HeaderDraft(facts, around.aim)


def _pointing(aim: Aim, site: Site | None, utc: datetime) -> Pointing:
    """Convert what the mount reported to J2000, and to the horizon when the site is known."""
    from indi_stx.images.coordinates import horizontal, jnow_to_j2000

    ra_deg, dec_deg = aim.ra_hours * 15, aim.dec_deg
    if aim.of_date:
        ra_deg, dec_deg = jnow_to_j2000(aim.ra_hours, aim.dec_deg, utc)
    above = None
    if site is not None:
        above = horizontal(ra_deg, dec_deg, site.latitude_deg, site.longitude_deg, utc)
    return Pointing(ra_deg, dec_deg, aim.pier_side, above)


def _known(text: str | None) -> str | None:
    return None if text == UNKNOWN else text
