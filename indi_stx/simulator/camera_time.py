"""The camera's own time: the machine's clock, run faster or slower by `time_scale`.

Every part of the simulated camera is a function of this time, so a fake clock moves all of it.
"""

from __future__ import annotations

from datetime import timedelta

from indi_stx.clock import Clock


class CameraTime:
    """Seconds since the camera was made, `time_scale` of them to each real second.

    Attributes:
        clock_error_s: how far the camera's own clock is ahead of the machine's.
    """

    def __init__(self, clock: Clock, time_scale: float = 1.0) -> None:
        self.clock = clock
        self.time_scale = time_scale
        self.clock_error_s = 0.0
        self._origin = clock.monotonic()

    def now(self) -> float:
        """Return camera seconds since power-up."""
        return (self.clock.monotonic() - self._origin) * self.time_scale

    def machine_s(self, camera_s: float) -> float:
        """Return the machine's monotonic time at `camera_s`."""
        return self._origin + camera_s / self.time_scale

    def own_utc(self, camera_s: float) -> str:
        """Return what the camera's own clock says at `camera_s`, as FITS has it, to the ms."""
        away_s = (camera_s - self.now()) / self.time_scale
        shown = self.clock.utc() + timedelta(seconds=away_s + self.clock_error_s)
        return shown.replace(tzinfo=None).isoformat(timespec="milliseconds")

    async def sleep_until(self, camera_s: float) -> None:
        """Wait until the camera's time is `camera_s`, in the past or not."""
        while (remaining := camera_s - self.now()) > 0:
            await self.clock.sleep(remaining / self.time_scale)
