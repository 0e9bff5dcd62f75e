"""What a simulated camera can be told before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indi_stx.errors import SimulatorError
from indi_stx.simulator.faults import parse_fault
from indi_stx.simulator.models import MODELS
from indi_stx.simulator.sky_conditions import SkyConditions

Firmware = Literal["document", "newer"]
FilterNameKey = Literal["both", "table", "example"]
DateObs = Literal["echo", "own", "none"]
DateTimeCheck = Literal["calendar", "none"]
BusyDownload = Literal["previous", "wait", "empty"]


@dataclass(frozen=True)
class SimulatorOptions:
    """Validated options; SimulatorError says what is wrong and what is possible.

    Attributes:
        port: 0 takes any free port.
        time_scale: how many camera seconds pass in a real one.
        bandwidth_bytes_per_s: of the camera's network link; None sends as fast as it goes.
        latency_s: round trip of the network link, in real seconds.
        firmware: "document" is API 1.00.1; "newer" adds the fan, overscan and a serial number.
        filter_name_key: whether `SetFilterName` takes `Filter1Name`, `Filter1` or both.
        overscan_columns: how many columns without light OverScan adds to the imager's frame.
        date_obs: DATE-OBS in the camera's own files is the DateTime of StartExposure ("echo"), what
            the camera's own clock said when the exposure began ("own"), or not there ("none").
        date_obs_truncated: cut it to whole seconds.
        date_time_check: "calendar" refuses a DateTime that is no date, "none" stores any text.
        busy_download: a download asked for while the CCD exposes or is read out delivers the
            frame before, waits for the frame to come, or has no byte.
        state_dir: where the Flash is kept; None forgets it at the end.
        overload_delay_s: how much slower an answer gets for each command that came too early.
        admin_port: loopback port of the admin interface; None for no such port, 0 for a free one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    model: str = "STX-16803"
    seed: int = 1
    bandwidth_bytes_per_s: float | None = None
    latency_s: float = 0.0
    time_scale: float = 1.0
    request_log: Path | None = None
    firmware: Firmware = "document"
    overscan_columns: int = 32
    filter_slots: int = 8
    filter_name_key: FilterNameKey = "both"
    date_obs: DateObs = "echo"
    date_obs_truncated: bool = False
    date_time_check: DateTimeCheck = "calendar"
    busy_download: BusyDownload = "previous"
    state_dir: Path | None = None
    focal_length_mm: float = 2000.0
    aperture_mm: float = 200.0
    drift_x_arcsec_per_min: float = 0.0
    drift_y_arcsec_per_min: float = 0.0
    periodic_error_arcsec: float = 0.0
    periodic_error_period_s: float = 480.0
    seeing_arcsec: float = 2.5
    seeing_motion_arcsec: float = 0.0
    focus_blur_arcsec: float = 0.0
    guide_rate_arcsec_per_s: float = 7.5
    guide_angle_degrees: float = 0.0
    ambient_celsius: float = 15.0
    cooler_time_constant_s: float = 180.0
    overload_delay_s: float = 0.02
    request_timeout_s: float = 10.0
    faults: tuple[str, ...] = ()
    admin_port: int | None = None

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise SimulatorError(
                f"There is no camera model {self.model!r}. Known: {', '.join(MODELS)}."
            )
        _one_of("firmware", self.firmware, ("document", "newer"))
        _one_of("number of filter slots", self.filter_slots, (5, 7, 8))
        _one_of("filter name key", self.filter_name_key, ("both", "table", "example"))
        _one_of("source of DATE-OBS", self.date_obs, ("echo", "own", "none"))
        _one_of("check of DateTime", self.date_time_check, ("calendar", "none"))
        _one_of("download while busy", self.busy_download, ("previous", "wait", "empty"))
        for port in (self.port, self.admin_port or 0):
            _within("port", port, 0, 65535)
        if self.bandwidth_bytes_per_s is not None:
            _within("bandwidth in bytes per second", self.bandwidth_bytes_per_s, 1000, 1e12)
        _within("latency in seconds", self.latency_s, 0, 60)
        _within("number of overscan columns", self.overscan_columns, 0, 1000)
        _within("seed", self.seed, 0, 2**63)
        _within("time scale", self.time_scale, 0.001, 1e6)
        _within("focal length in mm", self.focal_length_mm, 50, 50_000)
        _within("aperture in mm", self.aperture_mm, 5, 50_000)
        _within("ambient temperature in Celsius", self.ambient_celsius, -60, 60)
        self.conditions()
        for fault in self.faults:
            parse_fault(fault)

    def conditions(self) -> SkyConditions:
        """Return the sky and mount to start with."""
        return SkyConditions(
            seeing_arcsec=self.seeing_arcsec,
            seeing_motion_arcsec=self.seeing_motion_arcsec,
            focus_blur_arcsec=self.focus_blur_arcsec,
            drift_x_arcsec_per_min=self.drift_x_arcsec_per_min,
            drift_y_arcsec_per_min=self.drift_y_arcsec_per_min,
            periodic_error_arcsec=self.periodic_error_arcsec,
            periodic_error_period_s=self.periodic_error_period_s,
        )


def _one_of(what: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        shown = ", ".join(str(item) for item in allowed)
        raise SimulatorError(f"The {what} cannot be {value!r}; it is one of {shown}.")


def _within(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SimulatorError(f"The {what} cannot be {value:g}; it is {low:g} to {high:g}.")
