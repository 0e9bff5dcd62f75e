"""A frame's header, and its two files: FITS, and a picture to look at. Blocks; use a thread."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime
from pathlib import Path

from indi_stx.errors import ImageError
from indi_stx.images.disk_errors import explaining
from indi_stx.images.frame import Frame
from indi_stx.images.header_facts import FrameFacts, FrameType
from indi_stx.images.memory import memory_file
from indi_stx.images.preview import encode_png, reduce_by_mean, stretch
from indi_stx.images.storage import save, save_next
from indi_stx.stx import CcdSettings, CommandTiming
from indi_stx.tools.plan import Plan
from indi_stx.tools.preparing import Prepared

PREVIEW_SIDE_PIXELS = 1024


def check_folder(folder: Path) -> None:
    """Make the folder if it is missing, and raise ImageError unless files can be made in it."""
    with explaining(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def facts_of(
    plan: Plan,
    prepared: Prepared,
    timing: CommandTiming,
    cooling: CcdSettings,
    filter_name: str | None,
) -> FrameFacts:
    """Return what is known of an exposure that has just ended.

    Args:
        plan: asked for it.
        prepared: has the camera's facts.
        timing: of the start command; the shutter opened between its sending and its answer.
        cooling: temperature and set point of the CCD.
        filter_name: None without a wheel.
    """
    geometry, sensor = prepared.geometry, prepared.sensor
    return FrameFacts(
        instrument=prepared.description,
        camera_model=prepared.description,
        firmware=prepared.versions.firmware,
        rows=geometry.rows,
        cols=geometry.cols,
        exposure_s=plan.exposure_s,
        frame_type=FrameType[plan.frame_type.name],
        bin_x=geometry.bin_x,
        bin_y=geometry.bin_y,
        start_x=geometry.start_x,
        start_y=geometry.start_y,
        sensor_cols=sensor.sensor_width,
        sensor_rows=sensor.sensor_height,
        pixel_width_um=sensor.pixel_size_x_um,
        pixel_height_um=sensor.pixel_size_y_um,
        gain_electrons_per_adu=sensor.electrons_per_adu,
        started_utc=timing.sent_utc + (timing.answered_utc - timing.sent_utc) / 2,
        ccd_celsius=cooling.temperature_celsius,
        setpoint_celsius=cooling.setpoint_celsius,
        object_name=plan.object_name,
        filter_name=filter_name,
    )


def save_frame(frame: Frame, folder: Path, prefix: str) -> Path:
    """Save under the next free number and return where; ImageError when that cannot be done."""
    return save_next(frame, str(folder), prefix, datetime.now())


def describe(frame: Frame) -> str:
    """Return size and brightness in words."""
    pixels = frame.pixels()
    return (
        f"{frame.cols} x {frame.rows} pixels, mean {pixels.mean():.0f} ADU, "
        f"maximum {pixels.max()} ADU"
    )


def save_preview(frame: Frame, fits_path: Path) -> Path:
    """Save the picture beside its FITS file; ImageError when that cannot be done."""
    path = fits_path.with_suffix(".png")
    picture = encode_png(stretch(reduce_by_mean(frame.pixels(), PREVIEW_SIDE_PIXELS)))
    try:
        with contextlib.closing(memory_file("indi_stx preview", picture)) as file:
            save(file, path)
    except OSError as error:
        raise ImageError(f"No memory for the picture {path}: {error.strerror}.") from error
    return path
