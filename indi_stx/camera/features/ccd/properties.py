"""The properties of a CCD, its frame and binning.

Each CCD's own module names its properties: {head} is CCD or GUIDER, {blob} is CCD1 or CCD2. The
geometry is kept in unbinned pixels on both sides; binned sizes are floors (STX API, Imager Data
Binary).
"""

from __future__ import annotations

from indi_stx.camera.facts import CcdFacts
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import IMAGE_INFO
from indi_stx.driver.declarations import Blob, Num, Numbers, Save, Sw, blob, number, switch
from indi_stx.driver.tabs import MAIN
from indi_stx.errors import ValueRefused
from indi_stx.indi import Permission, State, SwitchRule
from indi_stx.stx.settings import Geometry

MIN_EXPOSURE_S = 0.01
"""STX API, Imager Start Exposure."""
MAX_EXPOSURE_S = 86400.0
"""The API document leaves the upper limit open ("???"): one day."""
DURATION_PLACES = 3
"""The camera is told milliseconds (`stx.ccd`); EXPTIME says what it was told."""
MAX_BIN = 9
MAX_SIDE = 16000

FRAME_TYPES = {
    "FRAME_LIGHT": ("Light", 1),
    "FRAME_BIAS": ("Bias", 2),
    "FRAME_DARK": ("Dark", 0),
    "FRAME_FLAT": ("Flat", 3),
}
"""Label and camera's FrameType of each INDI element (STX API, Imager Start Exposure)."""


def info_elements(size: str, pixel: str, bits: str) -> dict[str, Num]:
    """Return the elements of {head}_INFO, in an order that KStars relies on."""
    return {
        "CCD_MAX_X": Num("Max. Width", size, 1, MAX_SIDE),
        "CCD_MAX_Y": Num("Max. Height", size, 1, MAX_SIDE),
        "CCD_PIXEL_SIZE": Num("Pixel size (um)", pixel, 1, 40),
        "CCD_PIXEL_SIZE_X": Num("Pixel size X", pixel, 1, 40),
        "CCD_PIXEL_SIZE_Y": Num("Pixel size Y", pixel, 1, 40),
        "CCD_BITSPERPIXEL": Num("Bits per pixel", bits, 8, 64, 0, 16),
    }


class CcdProperties(Feature):
    """What clients see of a CCD."""

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
    sensor = number(
        "{head}_SENSOR",
        "Sensor",
        IMAGE_INFO,
        {
            "ELECTRONS_PER_ADU": Num("Electrons per ADU", "%.2f", 0, 1e6),
            "FULL_WELL": Num("Full well (electrons)", "%.f", 0, 1e9),
            "MAX_ADU": Num("Maximum (ADU)", "%.f", 0, 1e9),
        },
        permission=Permission.READ_ONLY,
    )
    compression = switch(
        "{head}_COMPRESSION",
        "Compression",
        "{settings}",
        {"INDI_ENABLED": Sw("Enabled"), "INDI_DISABLED": Sw("Disabled", True)},
        save=Save.ON_REQUEST,
        lasting=True,
    )
    download = number(
        "{head}_DOWNLOAD",
        "Download",
        "{settings}",
        {"PERCENT": Num("[%]", "%.f", 0, 100)},
        permission=Permission.READ_ONLY,
    )
    image = blob("{blob}", "Image Data", IMAGE_INFO, {"{blob}": Blob("{image}")})
    frame_type = switch(
        "{head}_FRAME_TYPE",
        "Type",
        "{settings}",
        {name: Sw(label, name == "FRAME_LIGHT") for name, (label, _) in FRAME_TYPES.items()},
        lasting=True,
    )
    source = switch(
        "{head}_IMAGE_SOURCE",
        "Image source",
        "{settings}",
        {"SOURCE_DATA": Sw("Binary", True), "SOURCE_FITS": Sw("Camera FITS")},
        save=Save.AT_START,
    )

    def __init__(self, session: CameraSession, facts: CcdFacts) -> None:
        super().__init__(session)
        self.facts = facts
        self._fit_to_sensor()

    @property
    def geometry(self) -> Geometry:
        """Frame and binning as the clients see them."""
        x, y, width, height = (int(v) for v in self.frame.values.values())
        return Geometry(
            x, y, width, height, int(self.binning["HOR_BIN"]), int(self.binning["VER_BIN"])
        )

    def _fit_to_sensor(self) -> None:
        """Narrow the limits to this sensor's, and begin with all of it."""
        facts = self.facts
        self._narrow_to_sensor()
        self.frame.assign(self._whole_sensor)
        self.sensor.assign(
            {
                "ELECTRONS_PER_ADU": facts.electrons_per_adu or 0,
                "FULL_WELL": facts.full_well_electrons or 0,
                "MAX_ADU": facts.max_adu or 0,
            }
        )

    def refit(self, facts: CcdFacts) -> None:
        """Follow a sensor whose size has changed; a part of it stays, if it is still there."""
        x, y, width, height = self.frame.values.values()
        was_whole = (width, height) == (self.info["CCD_MAX_X"], self.info["CCD_MAX_Y"])
        self.facts = facts
        self._narrow_to_sensor()
        if was_whole or x + width > facts.width or y + height > facts.height:
            self.frame.publish(self._whole_sensor)
        self.info.publish()

    def _narrow_to_sensor(self) -> None:
        facts = self.facts
        self.frame.narrow(
            X=(0, facts.width - 1),
            Y=(0, facts.height - 1),
            WIDTH=(1, facts.width),
            HEIGHT=(1, facts.height),
        )
        self.binning.narrow(HOR_BIN=(1, facts.max_bin_x), VER_BIN=(1, facts.max_bin_y))
        self.info.assign(
            {
                "CCD_MAX_X": facts.width,
                "CCD_MAX_Y": facts.height,
                "CCD_PIXEL_SIZE": facts.pixel_width_um,
                "CCD_PIXEL_SIZE_X": facts.pixel_width_um,
                "CCD_PIXEL_SIZE_Y": facts.pixel_height_um,
            }
        )

    @property
    def _whole_sensor(self) -> dict[str, float]:
        return {"X": 0, "Y": 0, "WIDTH": self.facts.width, "HEIGHT": self.facts.height}

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

    def reset_frame(self) -> None:
        """Publish the whole sensor, unbinned."""
        self.binning.publish({"HOR_BIN": 1, "VER_BIN": 1}, State.OK)
        self.frame.publish(self._whole_sensor, State.OK)
