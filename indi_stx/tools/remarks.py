"""What is noticed in a camera's answers, and what to do about each."""

from __future__ import annotations

from indi_stx.stx import CcdState, FilterState
from indi_stx.tools.findings import Findings

FULL_POWER_PERCENT = 99.5
LATCHED_ABOVE_CELSIUS = 2.0
SLOW_S = 0.5


def remarks_on(found: Findings) -> list[str]:
    """Return what a person should know about the camera's present state."""
    return [*_on_work(found), *_on_cooler(found), *_on_wheel(found), *_on_link(found)]


def _on_work(found: Findings) -> list[str]:
    said = []
    for name, ccd in found.ccds.items():
        if ccd.state is CcdState.ERROR:
            said.append(
                f"The {name} reports an error: take another exposure; if it stays, switch the "
                "camera off and on."
            )
        elif ccd.state not in (None, CcdState.IDLE):
            said.append(
                f"The {name} is at work for another program: do not start anything else now."
            )
    return said


def _on_cooler(found: Findings) -> list[str]:
    imager = found.ccds.get("imager")
    if imager is None or not imager.settings.cooler_on:
        return []
    settings = imager.settings
    above = settings.temperature_celsius - settings.setpoint_celsius
    if settings.cooler_power_percent < FULL_POWER_PERCENT or above < LATCHED_ABOVE_CELSIUS:
        return []
    return [
        f"The cooler runs at full power, {above:.1f} C above its set point. If the temperature no "
        "longer falls, choose a warmer set point, or restart the camera: a cooler can latch up."
    ]


def _on_wheel(found: Findings) -> list[str]:
    if found.filter_state is not FilterState.ERROR:
        return []
    return [
        "The filter wheel reports an error: none is connected, or it is jammed. If there is one, "
        "switch the camera off, check that it turns freely and its cable, and switch it on."
    ]


def _on_link(found: Findings) -> list[str]:
    if not found.round_trips_s or max(found.round_trips_s) < SLOW_S:
        return []
    return [
        f"The slowest answer took {max(found.round_trips_s):.1f} s: another program may use the "
        "camera, or the network is slow. Guiding suffers from it."
    ]
