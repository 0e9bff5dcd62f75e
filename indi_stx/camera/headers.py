"""Collect what is known of an exposure for its FITS header."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indi_stx.camera.exposure_run import ExposureRun
    from indi_stx.images.facts import FrameFacts


def facts_of(run: ExposureRun) -> FrameFacts:
    """Return the facts of an exposure that has just ended."""
    from indi_stx.images.facts import FrameFacts, FrameType

    head, geometry = run.head, run.geometry
    device, ccd = head.device, head.facts
    cooler = head.cooler
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
