"""The cameras that can be simulated: sensors, guide heads and coolers.

Figures come from data sheets, calculators and measured frames of real units; the camera's API
document itself gives only the STX-16803's bin limit, pixel size and largest ADU.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SensorModel:
    """One CCD and the electronics that read it.

    `dark_electrons_per_s` is the rate at 25 C; it halves every `dark_halving_celsius` below.
    """

    name: str
    columns: int
    rows: int
    pixel_um: float
    electrons_per_adu: float
    full_well_electrons: float
    read_noise_electrons: float
    dark_electrons_per_s: float
    dark_halving_celsius: float
    read_out_pixels_per_s: float
    row_shift_s: float
    read_out_overhead_s: float
    max_bin: int = 9
    max_adu: int = 65535
    bias_adu: float = 1000.0

    def read_out_s(self, width: int, height: int) -> float:
        """Return how long digitising `width` x `height` binned pixels takes, in seconds.

        Every row of the sensor is shifted, also those that are skipped or binned.
        """
        pixels = width * height
        return (
            self.read_out_overhead_s
            + self.rows * self.row_shift_s
            + pixels / self.read_out_pixels_per_s
        )


@dataclass(frozen=True)
class CameraModel:
    """A camera body with its two guide heads.

    `cooler_delta_celsius` is how far below ambient the cooler reaches at full power.
    """

    name: str
    imager: SensorModel
    guider: SensorModel
    external_guider: SensorModel
    cooler_delta_celsius: float
    guider_is_cooled: bool

    @property
    def description(self) -> str:
        """What Description.cgi answers."""
        return f"SBIG {self.name}"


KAF_16803 = SensorModel(
    name="KAF-16803",
    columns=4096,
    rows=4096,
    pixel_um=9.0,
    electrons_per_adu=1.27,
    full_well_electrons=100_000.0,
    read_noise_electrons=10.0,
    dark_electrons_per_s=0.8,
    dark_halving_celsius=6.3,
    read_out_pixels_per_s=10e6,
    row_shift_s=30e-6,
    read_out_overhead_s=0.3,
)
# An odd number of rows: real STXL-6303 frames are 2047 high. A client that looks once a second
# relies on seeing the read-out at bin 1, so it takes longer than that.
KAF_6303 = SensorModel(
    name="KAF-6303E",
    columns=3072,
    rows=2047,
    pixel_um=9.0,
    electrons_per_adu=1.64,
    full_well_electrons=100_000.0,
    read_noise_electrons=13.5,
    dark_electrons_per_s=1.24,
    dark_halving_celsius=6.774,
    read_out_pixels_per_s=7.5e6,
    row_shift_s=30e-6,
    read_out_overhead_s=0.3,
)
KAI_11002 = SensorModel(
    name="KAI-11002M",
    columns=4008,
    rows=2672,
    pixel_um=9.0,
    electrons_per_adu=0.87,
    full_well_electrons=55_000.0,
    read_noise_electrons=11.0,
    dark_electrons_per_s=8.0,
    dark_halving_celsius=7.0,
    read_out_pixels_per_s=10e6,
    row_shift_s=30e-6,
    read_out_overhead_s=0.3,
)
KAF_8300 = SensorModel(
    name="KAF-8300",
    columns=3326,
    rows=2504,
    pixel_um=5.4,
    electrons_per_adu=0.37,
    full_well_electrons=25_000.0,
    read_noise_electrons=9.3,
    dark_electrons_per_s=1.3,
    dark_halving_celsius=5.8,
    read_out_pixels_per_s=10e6,
    row_shift_s=30e-6,
    read_out_overhead_s=0.3,
)
TC_237 = SensorModel(
    name="TC-237",
    columns=657,
    rows=495,
    pixel_um=7.4,
    electrons_per_adu=0.35,
    full_well_electrons=20_000.0,
    read_noise_electrons=12.0,
    dark_electrons_per_s=20.0,
    dark_halving_celsius=6.5,
    read_out_pixels_per_s=1e6,
    row_shift_s=20e-6,
    read_out_overhead_s=0.02,
    max_bin=3,
)
KAI_0340 = SensorModel(
    name="KAI-0340",
    columns=640,
    rows=480,
    pixel_um=7.4,
    electrons_per_adu=0.65,
    full_well_electrons=40_000.0,
    read_noise_electrons=16.0,
    dark_electrons_per_s=20.0,
    dark_halving_celsius=7.0,
    read_out_pixels_per_s=1e6,
    row_shift_s=20e-6,
    read_out_overhead_s=0.02,
    max_bin=3,
)

MODELS: dict[str, CameraModel] = {
    model.name: model
    for model in (
        CameraModel("STX-16803", KAF_16803, TC_237, TC_237, 50.0, guider_is_cooled=True),
        CameraModel("STXL-6303", KAF_6303, KAI_0340, KAI_0340, 55.0, guider_is_cooled=False),
        CameraModel("STXL-11002", KAI_11002, KAI_0340, KAI_0340, 55.0, guider_is_cooled=False),
        CameraModel("STT-8300", KAF_8300, KAI_0340, KAI_0340, 55.0, guider_is_cooled=False),
    )
}
