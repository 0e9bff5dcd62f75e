"""Take a series: prepare the camera, then expose, download and save one frame after another."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import NamedTuple

from indi_stx.clock import SystemClock
from indi_stx.errors import (
    CameraError,
    CameraRefused,
    CameraTimeout,
    CameraUnreachable,
    ImageError,
)
from indi_stx.images.frame import Frame, FrameReceiver
from indi_stx.images.header import compose_header
from indi_stx.stx import Camera, CcdState, CommandTiming
from indi_stx.tools.display import Display, Seen
from indi_stx.tools.plan import Plan
from indi_stx.tools.preparing import CaptureFailed, Prepared, cool, turn_wheel
from indi_stx.tools.saving import check_folder, describe, facts_of, save_frame, save_preview

DOWNLOADS = 3
"""How often a frame is fetched whose connection broke; it stays in the camera."""


class _Around(NamedTuple):
    """What a series goes through with."""

    plan: Plan
    prepared: Prepared
    camera: Camera
    display: Display
    clock: SystemClock


async def take(plan: Plan, display: Display) -> bool:
    """Take all frames of a plan; return whether all pictures could be saved, too.

    Cancelling aborts the exposure and says how many frames are saved.

    Raises:
        IndiStxError: one of them could not be taken or saved.
    """
    clock = SystemClock()
    await asyncio.to_thread(check_folder, plan.folder)
    async with Camera(*plan.address, clock=clock) as camera:
        prepared = await Prepared.check(camera, plan)
        display.say(f"{prepared.description} at {plan.address}")
        if prepared.slot is not None:
            await turn_wheel(camera, prepared.slot, clock, display)
        if plan.temperature_celsius is not None:
            await cool(camera, plan.temperature_celsius, plan.cooling_limit_s, clock, display)
        around = _Around(plan, prepared, camera, display, clock)
        saved, with_picture = 0, 0
        try:
            for number in range(1, plan.count + 1):
                with_picture += await _take_one(around, number)
                saved = number
        except asyncio.CancelledError:
            await _tell_of_the_end(around, saved)
            raise
    return with_picture == plan.count


async def _tell_of_the_end(around: _Around, saved: int) -> None:
    """Say what is saved, and whether the camera has really stopped."""
    around.display.say(f"Aborted: {saved} of {around.plan.count} frames are saved.")
    state = None
    with contextlib.suppress(CameraError):
        state = await around.camera.imager.state()
    if state in (None, CcdState.WAITING, CcdState.EXPOSING):
        around.display.say("The camera may still expose: it did not confirm the abort.", "yellow")


async def _take_one(around: _Around, number: int) -> bool:
    """Take and save a frame; return whether its picture is saved, too, if one is wanted."""
    plan, camera, display = around.plan, around.camera, around.display
    of_all = f"Frame {number} of {plan.count}"
    await camera.imager.set_geometry(around.prepared.geometry)
    timing = await _expose(around, of_all)
    cooling = await camera.imager.get_settings("temperature_celsius", "setpoint_celsius")
    facts = facts_of(plan, around.prepared, timing, cooling, await _filter_name(camera))
    header = await asyncio.to_thread(compose_header, facts)
    with await _download(around, header, of_all) as frame:
        path = await asyncio.to_thread(_save_somewhere, frame, plan)
        display.result(str(path))
        words = await asyncio.to_thread(describe, frame)
        display.say(f"{of_all}: {words}, CCD {cooling.temperature_celsius:.1f} C")
        if plan.with_preview:
            return await _save_picture(frame, path, display)
    return True


def _save_somewhere(frame: Frame, plan: Plan) -> Path:
    """Save where it was planned; a frame that cannot be stored there is not lost.

    Raises:
        CaptureFailed: the frame is in the folder for temporary files.
        ImageError: it could not be saved there either.
    """
    try:
        return save_frame(frame, plan.folder, plan.prefix)
    except ImageError as error:
        refuge = save_frame(frame, Path(tempfile.gettempdir()), plan.prefix)
        raise CaptureFailed(f"{error} The frame is in {refuge} instead.") from error


async def _save_picture(frame: Frame, fits_path: Path, display: Display) -> bool:
    """Save a picture of a saved frame; one that cannot be saved does not end the series."""
    try:
        await asyncio.to_thread(save_preview, frame, fits_path)
    except ImageError as error:
        display.say(str(error), "yellow")
        return False
    return True


async def _expose(around: _Around, of_all: str) -> CommandTiming:
    plan, clock = around.plan, around.clock
    begun_s = clock.monotonic()

    def look() -> Seen:
        passed_s = clock.monotonic() - begun_s
        if passed_s > plan.exposure_s:
            return Seen(1.0, "reading out")
        return Seen(passed_s / plan.exposure_s, f"{passed_s:.0f} of {plan.exposure_s:g} s")

    kind = plan.frame_type.name.lower()
    async with around.display.step(f"{of_all}: {kind}, {plan.exposure_s:g} s", look):
        return await around.camera.imager.expose_and_wait(plan.exposure_s, plan.frame_type)


async def _filter_name(camera: Camera) -> str | None:
    """Return the name of the filter in the beam; None without one."""
    try:
        filters = await camera.get_filter_settings()
    except CameraRefused:
        return None
    return filters.current_name or None if filters.current else None


async def _download(around: _Around, header: bytes, of_all: str) -> Frame:
    """Receive the frame into the memory of its FITS file; again when the connection breaks."""
    geometry = around.prepared.geometry
    with FrameReceiver(header, geometry.rows, geometry.cols) as receiver:

        def look() -> Seen:
            received = geometry.data_bytes - receiver.missing
            words = f"{received / 1e6:.1f} of {geometry.data_bytes / 1e6:.1f} MB"
            return Seen(received / geometry.data_bytes, words)

        for tries_left in reversed(range(DOWNLOADS)):
            try:
                async with around.display.step(f"{of_all}: downloading", look):
                    await around.camera.imager.receive_data(geometry.data_bytes, receiver)
                break
            except (CameraUnreachable, CameraTimeout) as error:
                if not tries_left:
                    raise
                around.display.say(f"{error} Trying again.", "yellow")
                receiver.rewind()
        return receiver.finish()
