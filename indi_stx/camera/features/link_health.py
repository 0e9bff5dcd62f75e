"""How well the camera answers: quiet while all is well, Alert while it does not answer."""

from __future__ import annotations

from indi_stx.camera.session import Feature
from indi_stx.driver.declarations import Num, number
from indi_stx.driver.tabs import CONNECTION
from indi_stx.indi import Permission, State

SILENT_S = 10.0
"""Without an answer for so long the link counts as broken."""
NOTABLE = 0.5
"""A round trip is reported when it has changed by this part of itself."""


class LinkHealth(Feature):
    """LINK_HEALTH."""

    health = number(
        "LINK_HEALTH",
        "Link",
        CONNECTION,
        {
            "ROUND_TRIP": Num("Round trip (ms)", "%.1f", 0, 60000),
            "ERRORS": Num("Errors", "%.f", 0, 1e9),
            "OUTAGES": Num("Outages", "%.f", 0, 1e9),
            "SILENCE": Num("No answer (s)", "%.f", 0, 1e9),
            "DOWNLOAD_RATE": Num("Frames (MB/s)", "%.2f", 0, 100000),
        },
        permission=Permission.READ_ONLY,
    )

    async def poll(self) -> None:
        """Report what has changed enough to be news; the link itself is asked for nothing."""
        link = self.session.link
        silence_s = self.device.clock.monotonic() - link.last_answer_s
        silent = silence_s > SILENT_S
        new = {
            "ROUND_TRIP": link.round_trip_s * 1e3,
            "ERRORS": float(link.errors),
            "OUTAGES": float(link.outages),
            "SILENCE": float(round(silence_s)) if silent else 0.0,
            "DOWNLOAD_RATE": link.download_bytes_per_s / 1e6,
        }
        shown = self.health.values
        drift = abs(new["ROUND_TRIP"] - shown["ROUND_TRIP"])
        if drift <= NOTABLE * max(shown["ROUND_TRIP"], 1.0):
            new["ROUND_TRIP"] = shown["ROUND_TRIP"]
        if new != shown or self.health.state is State.IDLE:
            self.health.publish(new, State.ALERT if silent else State.OK)
