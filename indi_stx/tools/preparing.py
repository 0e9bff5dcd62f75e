"""Bring the camera into the state that a series needs: free, cold, with its filter in the beam.

Everything is checked before the first thing is changed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from indi_stx.clock import Clock
from indi_stx.errors import IndiStxError, ValueRefused
from indi_stx.stx import (
    Camera,
    CcdSettings,
    CcdState,
    FilterSettings,
    FilterState,
    Geometry,
    VersionNumbers,
)
from indi_stx.tools.display import Display, Seen
from indi_stx.tools.plan import Plan, Region

WHEEL_LOOK_S, WHEEL_LIMIT_S = 0.5, 60.0
COOLING_LOOK_S = 2.0
STEADY_CELSIUS, STEADY_LOOKS = 0.5, 5
"""The CCD has its temperature when it was so close to it for so many looks."""


class CaptureFailed(IndiStxError):
    """A series cannot begin or go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a series knows of its camera once nothing stands against it."""

    description: str
    versions: VersionNumbers
    sensor: CcdSettings
    geometry: Geometry
    slot: int | None

    @classmethod
    async def check(cls, camera: Camera, plan: Plan) -> Self:
        """Ask the camera whether it can do what is planned; changes nothing.

        Raises:
            CameraError: there is no such camera.
            CaptureFailed: it is at work for another program.
            ValueRefused: it does not have what the plan wants.
        """
        description = await camera.description()
        versions = await camera.version_numbers()
        await _check_free(camera)
        sensor = await camera.imager.get_settings(
            "sensor_width",
            "sensor_height",
            "max_bin_x",
            "max_bin_y",
            "electrons_per_adu",
            "pixel_size_x_um",
            "pixel_size_y_um",
        )
        geometry = geometry_of(plan.binning, plan.region, sensor)
        slot = None
        if plan.filter is not None:
            slot = slot_of(plan.filter, await camera.get_filter_settings())
        return cls(description, versions, sensor, geometry, slot)


async def _check_free(camera: Camera) -> None:
    state = await camera.imager.state()
    if state not in (CcdState.IDLE, CcdState.ERROR):
        doing = state.name.lower().replace("_", " ")
        raise CaptureFailed(
            f"The camera is busy ({doing}) for another program, such as KStars or a browser: wait "
            "until it has finished, or end it. Nothing was changed."
        )
    if await camera.filter_state() is FilterState.MOVING:
        raise CaptureFailed(
            "The filter wheel moves for another program: try again in some seconds."
        )


def geometry_of(binning: int, region: Region | None, sensor: CcdSettings) -> Geometry:
    """Return frame and binning; ValueRefused when the sensor does not have them."""
    most = min(sensor.max_bin_x, sensor.max_bin_y)
    if binning > most:
        raise ValueRefused(f"This camera bins by 1 to {most}, not by {binning}.")
    whole = Region(0, 0, sensor.sensor_width, sensor.sensor_height)
    x, y, width, height = region or whole
    if x + width > whole.width or y + height > whole.height:
        raise ValueRefused(
            f"The frame {x},{y},{width},{height} reaches past the sensor of {whole.width} x "
            f"{whole.height} pixels."
        )
    if min(width, height) < binning:
        raise ValueRefused(f"The frame {x},{y},{width},{height} is smaller than a binned pixel.")
    return Geometry(x, y, width, height, binning, binning)


def slot_of(wanted: str, filters: FilterSettings) -> int:
    """Return the slot of a filter given by slot or name; ValueRefused when there is none such."""
    if wanted.isascii() and wanted.isdecimal():
        if int(wanted) in filters.names:
            return int(wanted)
        raise ValueRefused(f"There is no filter {wanted}: the slots are 1 to {len(filters.names)}.")
    slots = [
        slot
        for slot, name in filters.names.items()
        if name.strip().casefold() == wanted.strip().casefold()
    ]
    listed = ", ".join(f"{slot} {name or '-'}" for slot, name in filters.names.items())
    match slots:
        case [slot]:
            return slot
        case []:
            raise ValueRefused(f"There is no filter {wanted!r}. There are: {listed}.")
        case _:
            raise ValueRefused(f"Several filters are called {wanted!r}; give a slot: {listed}.")


async def turn_wheel(camera: Camera, slot: int, clock: Clock, display: Display) -> None:
    """Bring a filter into the beam and wait for it.

    Raises:
        CameraError: no wheel, or it does not move.
        CaptureFailed: it did not arrive.
    """
    if (await camera.get_filter_settings()).current == slot:
        return
    begun_s = clock.monotonic()

    def look() -> Seen:
        return Seen((clock.monotonic() - begun_s) / WHEEL_LIMIT_S, "moving")

    async with display.step(f"Turning the wheel to filter {slot}", look):
        await camera.change_filter(slot)
        while await camera.filter_state() is FilterState.MOVING:
            if clock.monotonic() > begun_s + WHEEL_LIMIT_S:
                raise CaptureFailed(
                    f"The filter wheel still moves after {WHEEL_LIMIT_S:g} s: switch the camera "
                    "off and on."
                )
            await clock.sleep(WHEEL_LOOK_S)
    arrived = (await camera.get_filter_settings()).current
    if arrived != slot:
        raise CaptureFailed(
            f"The filter wheel stopped at {arrived} instead of {slot}: check that it turns freely, "
            "and switch the camera off and on."
        )


async def cool(
    camera: Camera, celsius: float, limit_s: float, clock: Clock, display: Display
) -> None:
    """Switch the cooler on and wait until the CCD has a temperature.

    The cooler stays on, also when this is cancelled.

    Raises:
        CaptureFailed: it did not get there in time.
    """
    try:
        await _cool(camera, celsius, limit_s, clock, display)
    except asyncio.CancelledError:
        display.say(f"The cooler stays on, set to {celsius:.1f} C.")
        raise


async def _cool(
    camera: Camera, celsius: float, limit_s: float, clock: Clock, display: Display
) -> None:
    await camera.imager.set_settings(setpoint_celsius=celsius, cooler_on=True)
    begun_s = clock.monotonic()
    seen = await camera.imager.get_settings("temperature_celsius", "cooler_power_percent")
    begun_celsius = seen.temperature_celsius

    def look() -> Seen:
        way = celsius - begun_celsius
        share = (seen.temperature_celsius - begun_celsius) / way if way else 1.0
        words = f"{seen.temperature_celsius:.1f} C, cooler {seen.cooler_power_percent:.0f} %"
        return Seen(share, words)

    steady = 0
    async with display.step(f"Cooling from {begun_celsius:.1f} C to {celsius:.1f} C", look):
        while steady < STEADY_LOOKS:
            if clock.monotonic() > begun_s + limit_s:
                raise _too_slow(seen, celsius, limit_s)
            await clock.sleep(COOLING_LOOK_S)
            seen = await camera.imager.get_settings("temperature_celsius", "cooler_power_percent")
            close = abs(seen.temperature_celsius - celsius) <= STEADY_CELSIUS
            steady = steady + 1 if close else 0


def _too_slow(seen: CcdSettings, celsius: float, limit_s: float) -> CaptureFailed:
    return CaptureFailed(
        f"The CCD has {seen.temperature_celsius:.1f} C after {limit_s / 60:g} min, not "
        f"{celsius:.1f} C, with {seen.cooler_power_percent:.0f} % of the cooler's power: choose a "
        "temperature that the cooler can reach, or a longer --cooling-limit. The cooler stays on."
    )
