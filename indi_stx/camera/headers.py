"""Collect what is known of an exposure for its FITS header.

Collecting is cheap and happens on the event loop, in one moment; formatting cards and converting
coordinates take long enough to delay a guide pulse and belong in a thread (`HeaderDraft`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from indi_stx.camera.fits_header import UNKNOWN
from indi_stx.images.header_facts import FrameFacts, FrameType, Pointing, Site

if TYPE_CHECKING:
    from indi_stx.camera.active_devices import ActiveDevices, Aim
    from indi_stx.camera.exposure_run import ExposureRun
    from indi_stx.camera.fits_header import FitsHeader


@dataclass(frozen=True, slots=True)
class HeaderDraft:
    """All that is known of an exposure, the coordinates still as the mount gave them."""

    facts: FrameFacts
    aim: Aim | None = None

    def compose(self) -> bytes:
        """Return the header; takes milliseconds, to be called in a thread.

        Raises:
            ImageError: a card of the user is impossible.
        """
        from indi_stx.images.header import compose_header

        return compose_header(self._complete())

    def merge(self, camera_header: bytes) -> bytes:
        """Return the header with what only the camera's own one tells; to be called in a thread.

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


def draft_of(run: ExposureRun) -> HeaderDraft:
    """Return what is known of an exposure that has just ended."""
    camera = run.head.device.camera_device
    around, user = camera.active_devices, camera.fits_header
    facts = replace(
        _own_facts(run),
        telescope=around.telescope,
        observer=user.observer,
        object_name=user.object_name,
        site=around.site,
        rotator_deg=around.rotator_deg,
        focuser_position=around.focuser_position,
        focuser_celsius=around.focuser_celsius,
        sky_brightness_mpsas=around.sky_brightness_mpsas,
        extra=user.cards,
    )
    return HeaderDraft(_with_optics(facts, run, around, user), around.aim)


def _own_facts(run: ExposureRun) -> FrameFacts:
    """Return what camera and exposure tell by themselves."""
    head, geometry = run.head, run.geometry
    device, ccd, cooler = head.device, head.facts, head.cooler
    return FrameFacts(
        instrument=device.name,
        rows=geometry.rows,
        cols=geometry.cols,
        exposure_s=run.duration_s,
        frame_type=FrameType[run.frame_type.name],
        bin_x=geometry.bin_x,
        bin_y=geometry.bin_y,
        start_x=geometry.start_x,
        start_y=geometry.start_y,
        sensor_cols=ccd.width,
        sensor_rows=ccd.height,
        pixel_width_um=ccd.pixel_width_um,
        pixel_height_um=ccd.pixel_height_um,
        started_utc=run.started_utc,
        ccd_celsius=cooler.ccd_celsius if cooler else None,
        setpoint_celsius=cooler.setpoint_celsius if cooler else None,
        gain_electrons_per_adu=ccd.electrons_per_adu,
        camera_model=device.facts.description,
        firmware=device.facts.versions.firmware,
    )


def _with_optics(
    facts: FrameFacts, run: ExposureRun, around: ActiveDevices, user: FitsHeader
) -> FrameFacts:
    """Add what lies in the light path of this head; an external one has a telescope of its own."""
    if run.head.device is not run.head.device.camera_device:
        return replace(
            facts,
            focal_length_mm=around.guide_scope_focal_length_mm,
            aperture_mm=around.guide_scope_aperture_mm,
        )
    return replace(
        facts,
        filter_name=around.filter_name,
        focal_length_mm=user.focal_length_mm or around.focal_length_mm,
        aperture_mm=user.aperture_mm or around.aperture_mm,
        # A solver looks at the imager's frames.
        wcs_rotation_deg=user.rotation_deg if run.head.words["head"] == "CCD" else None,
    )


def _pointing(aim: Aim, site: Site | None, utc: datetime) -> Pointing:
    """Convert what the mount said to J2000, and to the horizon when the site is known."""
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
