"""The simulated camera: its parts, wired together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from indi_stx.clock import Clock, SystemClock
from indi_stx.simulator.adaptive_optics import AdaptiveOptics
from indi_stx.simulator.camera_time import CameraTime
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.faults import CCD_NAMES, Faults
from indi_stx.simulator.filter_wheel import FilterWheel, WheelTrouble
from indi_stx.simulator.flash import Flash
from indi_stx.simulator.models import MODELS, SensorModel
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.pointing import Pointing
from indi_stx.simulator.relays import Relays
from indi_stx.simulator.request_log import RequestLog
from indi_stx.simulator.sensor import Sensor
from indi_stx.simulator.sky import Sky, StarField, Telescope, View
from indi_stx.simulator.thermal import Cooler

GAP_BETWEEN_CCDS_MM = 3.0
AUTO_FAN_PERCENT = 63


class FanState(IntEnum):
    """FanState of the newer firmware."""

    OFF = 0
    MANUAL = 1
    AUTO = 2


class SimulatedCamera:
    """All parts of one camera.

    Attributes:
        imager, guider, external_guider: the CCDs, also as `ccds` by their fault names.
        conditions: the night, changeable while it runs.
        foreign_refusals: how many requests of another program were refused.
        requests: what was asked; `requests.records` and `requests.overloads`.
    """

    def __init__(self, options: SimulatorOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.model = MODELS[options.model]
        self.time = CameraTime(clock or SystemClock(), options.time_scale)
        self.faults = Faults()
        self.foreign_refusals = 0
        self.flash = Flash(options.state_dir)
        self.conditions = options.conditions()
        self.requests = RequestLog(self.time.clock, options.request_log)
        self.relays = Relays(self.time)
        self.mirror = AdaptiveOptics(self.time)
        self.wheel = FilterWheel(self.time, options.filter_slots)
        self.cooler = Cooler(
            self.time,
            ambient_celsius=options.ambient_celsius,
            delta_celsius=self.model.cooler_delta_celsius,
            time_constant_s=options.cooler_time_constant_s,
        )
        self.pointing = Pointing(
            self.relays,
            self.mirror,
            self.conditions,
            guide_rate_arcsec_per_s=options.guide_rate_arcsec_per_s,
            guide_angle_degrees=options.guide_angle_degrees,
            seed=options.seed,
        )
        self.telescope = Telescope(options.focal_length_mm, options.aperture_mm)
        self.imager, self.guider, self.external_guider = self._make_ccds()
        self.ccds = dict(
            zip(CCD_NAMES, (self.imager, self.guider, self.external_guider), strict=True)
        )
        self._downloads = 0
        for guide_ccd in (self.guider, self.external_guider):
            guide_ccd.is_disturbed = lambda: self._downloads > 0
        self._reset_fan()
        for fault in options.faults:
            self.faults.add(fault)
        self.apply_faults()

    def guider_celsius(self) -> float:
        """Return the internal guide CCD's temperature: cooled only in the STX's own head."""
        if self.model.guider_is_cooled:
            return self.cooler.temperature_celsius()
        return self.cooler.ambient_celsius

    @contextmanager
    def downloading(self, ccd: Ccd | None) -> Iterator[None]:
        """Note inside the block that a CCD's frame is being sent."""
        count = int(ccd is self.imager)
        self._downloads += count
        try:
            yield
        finally:
            self._downloads -= count

    def power_up(self) -> None:
        """Start again with default settings; the Flash keeps what it holds."""
        for ccd in self.ccds.values():
            ccd.power_up()
        self.relays.open_all()
        self.mirror.centre()
        self.wheel.home()
        self.faults.clear("cooler-latch-up")
        self.cooler.switch(False)
        self.cooler.aim(25.0)
        self._reset_fan()

    def apply_faults(self) -> None:
        """Bring the parts in line with the active faults."""
        self.guider.geometry.present = "no-guider" not in self.faults
        self.external_guider.geometry.present = "no-external-guider" not in self.faults
        jump = self.faults.get("clock-jump")
        self.time.clock_error_s = jump.numbers["seconds"] if jump else 0.0
        for ccd in self.ccds.values():
            ccd.notice_faults()
        self.cooler.latch_up("cooler-latch-up" in self.faults)
        troubles = (t for t in WheelTrouble if f"filter-{t.value}" in self.faults)
        self.wheel.trouble = next(troubles, None)

    def fan_percent(self) -> int:
        """Return FanPower."""
        match self.fan_state:
            case FanState.OFF:
                return 0
            case FanState.AUTO:
                return AUTO_FAN_PERCENT
            case FanState.MANUAL:
                return self.manual_fan_percent

    def switch_overscan(self, on: bool) -> None:
        """Add columns without light to the imager, or take them away."""
        self.overscan_on = on
        self.imager.geometry.overscan_columns = self.options.overscan_columns if on else 0

    def _reset_fan(self) -> None:
        self.fan_state = FanState.AUTO
        self.manual_fan_percent = 100
        self.switch_overscan(False)

    def _make_ccds(self) -> tuple[Ccd, Ccd, Ccd]:
        models = (self.model.imager, self.model.guider, self.model.external_guider)
        views = self._views(*models)
        field = StarField(self.options.seed, views)
        temperatures = (
            self.cooler.temperature_celsius,
            self.guider_celsius,
            lambda: self.cooler.ambient_celsius,
        )
        imager, guider, external = (
            Ccd(
                name,
                Sensor(model, self.options.seed, index, self.options.overscan_columns),
                Sky(field, view, self.telescope, self.conditions),
                self.pointing,
                self.time,
                self.faults,
                temperature,
            )
            for index, (name, model, view, temperature) in enumerate(
                zip(CCD_NAMES, models, views, temperatures, strict=True)
            )
        )
        return imager, guider, external

    def _views(
        self, imager: SensorModel, guider: SensorModel, external: SensorModel
    ) -> tuple[View, View, View]:
        """Lay the guide CCDs below and above the imager."""
        return (
            self._view(imager, 0.0),
            self._view(guider, -self._distance_mm(imager, guider)),
            self._view(external, self._distance_mm(imager, external)),
        )

    def _view(self, sensor: SensorModel, centre_y_mm: float) -> View:
        centre_y_arcsec = centre_y_mm * self.telescope.arcsec_per_pixel(1000.0)
        scale = self.telescope.arcsec_per_pixel(sensor.pixel_um)
        return View(0.0, centre_y_arcsec, scale, sensor.columns, sensor.rows)

    def _distance_mm(self, imager: SensorModel, guider: SensorModel) -> float:
        heights = imager.rows * imager.pixel_um + guider.rows * guider.pixel_um
        return heights / 2000.0 + GAP_BETWEEN_CCDS_MM
