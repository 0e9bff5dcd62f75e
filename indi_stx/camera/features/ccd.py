"""What the CCDs of a camera have in common: frame, binning, type, exposure, delivery.

Each CCD's own module names its properties: {head} is CCD or GUIDER, {blob} is CCD1 or CCD2. The
geometry is kept in unbinned pixels on both sides; binned sizes are floors (STX API, Imager Data
Binary).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.exposing.delivery import Delivery
from indi_stx.camera.exposing.run import ExposureRun
from indi_stx.camera.stx_device import CameraSubsystem
from indi_stx.driver.declarations import (
    Blob,
    Num,
    Numbers,
    Save,
    Sw,
    Switches,
    blob,
    number,
    switch,
)
from indi_stx.driver.groups import IMAGE_INFO, MAIN
from indi_stx.driver.properties import NumberProperty
from indi_stx.errors import CameraError, ValueRefused
from indi_stx.indi import Permission, State, SwitchRule, wire_number
from indi_stx.stx.ccd_states import FrameType
from indi_stx.stx.settings import Geometry

if TYPE_CHECKING:
    from indi_stx.camera.facts import CcdFacts
    from indi_stx.camera.features.cooler import Cooler
    from indi_stx.camera.features.fast_exposure import FastExposure
    from indi_stx.camera.stx_device import StxDevice
    from indi_stx.images.frame import Frame
    from indi_stx.stx import Ccd

MIN_EXPOSURE_S = 0.01
"""STX API, Imager Start Exposure."""
MAX_EXPOSURE_S = 3600.0
"""The document leaves the upper limit open ("???"); this is libindi's."""
MAX_BIN = 9
MAX_SIDE = 16000

FRAME_TYPES = {
    "FRAME_LIGHT": ("Light", 1),
    "FRAME_BIAS": ("Bias", 2),
    "FRAME_DARK": ("Dark", 0),
    "FRAME_FLAT": ("Flat", 3),
}
"""INDI's element to its label and the camera's FrameType (STX API, Imager Start Exposure)."""


def info_elements(size: str, pixel: str, bits: str) -> dict[str, Num]:
    """Return the elements of {head}_INFO; KStars reads them by their place."""
    return {
        "CCD_MAX_X": Num("Max. Width", size, 1, MAX_SIDE),
        "CCD_MAX_Y": Num("Max. Height", size, 1, MAX_SIDE),
        "CCD_PIXEL_SIZE": Num("Pixel size (um)", pixel, 1, 40),
        "CCD_PIXEL_SIZE_X": Num("Pixel size X", pixel, 1, 40),
        "CCD_PIXEL_SIZE_Y": Num("Pixel size Y", pixel, 1, 40),
        "CCD_BITSPERPIXEL": Num("Bits per pixel", bits, 8, 64, 0, 16),
    }


class CcdHead(CameraSubsystem):
    """One CCD; subclasses say which, and add what only they have."""

    exposure = number(
        "{head}_EXPOSURE",
        "{expose}",
        MAIN,
        {
            "{head}_EXPOSURE_VALUE": Num(
                "Duration (s)", "%5.2f", MIN_EXPOSURE_S, MAX_EXPOSURE_S, 1, 1
            )
        },
        checked=False,
    )
    abort = switch(
        "{head}_ABORT_EXPOSURE",
        "Abort",
        MAIN,
        {"ABORT": Sw("Abort")},
        rule=SwitchRule.AT_MOST_ONE,
    )
    frame = number(
        "{head}_FRAME",
        "Frame",
        "{settings}",
        {
            "X": Num("Left ", "%4.0f", 0, MAX_SIDE),
            "Y": Num("Top", "%4.0f", 0, MAX_SIDE),
            "WIDTH": Num("Width", "%4.0f", 1, MAX_SIDE, 0, 1),
            "HEIGHT": Num("Height", "%4.0f", 1, MAX_SIDE, 0, 1),
        },
        whole=True,
        save=Save.ON_REQUEST,
    )
    binning = number(
        "{head}_BINNING",
        "Binning",
        "{settings}",
        {
            "HOR_BIN": Num("X", "%2.0f", 1, MAX_BIN, 1, 1),
            "VER_BIN": Num("Y", "%2.0f", 1, MAX_BIN, 1, 1),
        },
        whole=True,
        save=Save.ON_REQUEST,
    )
    info = number(
        "{head}_INFO",
        "{info}",
        IMAGE_INFO,
        info_elements("%.f", "%.2f", "%.f"),
        permission=Permission.READ_ONLY,
    )
    compression = switch(
        "{head}_COMPRESSION",
        "Compression",
        "{settings}",
        {"INDI_ENABLED": Sw("Enabled"), "INDI_DISABLED": Sw("Disabled", True)},
        save=Save.ON_REQUEST,
    )
    image = blob("{blob}", "Image Data", IMAGE_INFO, {"{blob}": Blob("{image}")})
    frame_type = switch(
        "{head}_FRAME_TYPE",
        "Type",
        "{settings}",
        {name: Sw(label, name == "FRAME_LIGHT") for name, (label, _) in FRAME_TYPES.items()},
    )
    source = switch(
        "{head}_IMAGE_SOURCE",
        "Image source",
        "{settings}",
        {"SOURCE_DATA": Sw("Binary", True), "SOURCE_FITS": Sw("Camera FITS")},
        save=Save.AT_START,
    )

    facts: CcdFacts
    _run: ExposureRun | None = None
    _camera_geometry: Geometry | None = None
    """What the camera is known to be set to; None when that must be told anew."""
    fast: FastExposure | None = None
    """What makes sequences of exposures, where the head has such a thing."""

    def __init__(self, device: StxDevice) -> None:
        super().__init__(device)
        self.delivery = Delivery(self)

    @property
    def ccd(self) -> Ccd:
        """The camera's calls for this CCD."""
        raise NotImplementedError

    @property
    def cooler(self) -> Cooler | None:
        """What cools this CCD, if anything does."""
        return None

    @property
    def sensor_facts(self) -> CcdFacts:
        """What the camera said of this CCD when connecting."""
        raise NotImplementedError

    @property
    def geometry(self) -> Geometry:
        """Frame and binning as the clients see them."""
        x, y, width, height = (int(v) for v in self.frame.values.values())
        return Geometry(
            x, y, width, height, int(self.binning["HOR_BIN"]), int(self.binning["VER_BIN"])
        )

    @property
    def running(self) -> bool:
        """Whether an exposure is on its way, its download included."""
        return self._run is not None and self._run.running

    # --- connection ----------------------------------------------------------------------------

    async def on_connect(self) -> None:
        """Narrow the limits to this sensor's, and begin with all of it."""
        self.facts = facts = self.sensor_facts
        self._camera_geometry = None
        self._run = None
        self.frame.narrow(
            X=(0, facts.width - 1),
            Y=(0, facts.height - 1),
            WIDTH=(1, facts.width),
            HEIGHT=(1, facts.height),
        )
        self.binning.narrow(HOR_BIN=(1, facts.max_bin_x), VER_BIN=(1, facts.max_bin_y))
        self._show_full_frame()
        self.info.assign(
            {
                "CCD_MAX_X": facts.width,
                "CCD_MAX_Y": facts.height,
                "CCD_PIXEL_SIZE": facts.pixel_width_um,
                "CCD_PIXEL_SIZE_X": facts.pixel_width_um,
                "CCD_PIXEL_SIZE_Y": facts.pixel_height_um,
            }
        )
        self.exposure.state = State.IDLE

    async def on_disconnect(self) -> None:
        """Let frames that the camera has given out already reach their place."""
        await self.delivery.finish()

    def _show_full_frame(self) -> None:
        self.frame.assign({"X": 0, "Y": 0, "WIDTH": self.facts.width, "HEIGHT": self.facts.height})
        self.binning.assign({"HOR_BIN": 1, "VER_BIN": 1})

    # --- frame ---------------------------------------------------------------------------------

    @frame.on_write
    async def _frame_requested(self, new: Numbers) -> None:
        """Choose a part of the sensor; the camera is told with the next exposure."""
        x, y, width, height = (int(v) for v in new.values())
        if x + width > self.facts.width or y + height > self.facts.height:
            raise ValueRefused(
                f"Invalid frame requested: ({x}, {y}) {width} x {height} reaches past the sensor "
                f"of {self.facts.width} x {self.facts.height} pixels."
            )
        self.frame.publish({"X": x, "Y": y, "WIDTH": width, "HEIGHT": height}, State.OK)

    @binning.on_write
    async def _binning_requested(self, new: Numbers) -> None:
        """Choose the binning; the frame stays in unbinned pixels."""
        if any(value != int(value) for value in new.values()):
            raise ValueRefused("Binning must be whole numbers.")

    # --- exposure ------------------------------------------------------------------------------

    @exposure.on_write
    async def _exposure_requested(self, new: Numbers) -> None:
        """Begin an exposure; one that is running is aborted first."""
        (duration_s,) = new.values()
        await self.expose(self._checked_duration(duration_s))

    async def expose(self, duration_s: float) -> None:
        """Begin an exposure with the present frame and type, in place of one that is running.

        Raises:
            CameraError: the camera did not accept it; nothing is running then.
            ValueRefused: the frame has no pixel at this binning.
        """
        geometry = self.geometry
        if geometry.rows < 1 or geometry.cols < 1:
            raise ValueRefused("The frame is smaller than one binned pixel; enlarge it.")
        run = ExposureRun(self, duration_s, geometry, self.camera_frame_type)
        try:
            if self.running:
                await self.abort_exposure()
            await run.start()
        except CameraError:
            self._end_sequence()
            raise
        self._run = run
        self.show_exposure(duration_s, State.BUSY)
        run.follow()

    @abort.on_write
    async def _abort_requested(self, new: Switches) -> None:
        """End the exposure without a frame."""
        if not new["ABORT"]:
            self.abort.clear(State.OK)
            return
        self._end_sequence()
        try:
            await self.abort_exposure()
        except CameraError as error:
            self.device.log.error(str(error))
            self.abort.clear(State.ALERT)
            self.show_exposure(0, State.ALERT)
            return
        self.abort.clear(State.OK)
        self.show_exposure(0, State.IDLE)

    async def abort_exposure(self) -> None:
        """Forget the running exposure and end it in the camera, telling no client.

        Raises:
            CameraError: the camera may still be exposing.
        """
        await self._stop_run()
        await self.ccd.abort_exposure()

    def is_current(self, run: ExposureRun) -> bool:
        """Tell whether no newer exposure has been started."""
        return self._run is run

    def show_exposure(self, remaining_s: float, state: State) -> None:
        """Publish the countdown."""
        self.exposure.publish({f"{self.words['head']}_EXPOSURE_VALUE": remaining_s}, state)

    def frame_taken(self, run: ExposureRun, frame: Frame) -> None:
        """Deliver what an exposure has brought; the frame is closed when that is done."""
        if self.fast is not None and self.fast.enabled:
            self.fast.frame_taken(run, frame)
        else:
            self.delivery.put(frame, run)

    def exposure_lost(self, reason: str) -> None:
        """Report an exposure that brings no frame; a sequence ends with it."""
        self.forget_geometry()
        self._end_sequence()
        self.device.refuse(self.exposure, reason)

    async def send_geometry(self, geometry: Geometry) -> None:
        """Tell the camera frame and binning unless it has them; one request for all of it.

        Raises:
            CameraError: not told; asked again with the next exposure.
        """
        if geometry != self._camera_geometry:
            self.forget_geometry()
            await self.ccd.set_geometry(geometry)
            self._camera_geometry = geometry

    def forget_geometry(self) -> None:
        """Tell the camera its geometry anew next time: it may have restarted since."""
        self._camera_geometry = None

    @property
    def camera_frame_type(self) -> FrameType:
        """The frame type as the camera numbers it."""
        return FrameType(FRAME_TYPES[self.frame_type.on or "FRAME_LIGHT"][1])

    def _checked_duration(self, duration_s: float) -> float:
        """Return the duration the camera is asked for; a bias is as short as can be."""
        if self.frame_type["FRAME_BIAS"]:
            return MIN_EXPOSURE_S
        limits = self.exposure.elements[f"{self.words['head']}_EXPOSURE_VALUE"]
        if not limits.min <= duration_s <= limits.max:
            raise ValueRefused(
                f"Requested exposure value ({wire_number(duration_s)}) seconds out of bounds "
                f"[{wire_number(limits.min)},{wire_number(limits.max)}]."
            )
        return duration_s

    def _end_sequence(self) -> None:
        if self.fast is not None:
            self.fast.stop()

    async def _stop_run(self) -> None:
        if self._run is not None:
            await self._run.cancel()
            self._run = None


def reset_frame(frame: NumberProperty, binning: NumberProperty, facts: CcdFacts) -> None:
    """Publish the whole sensor, unbinned."""
    binning.publish({"HOR_BIN": 1, "VER_BIN": 1}, State.OK)
    frame.publish({"X": 0, "Y": 0, "WIDTH": facts.width, "HEIGHT": facts.height}, State.OK)
