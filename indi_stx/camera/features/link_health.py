"""How well the camera answers: quiet while all is well, Alert while it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.declarations import Num, number
from indi_stx.driver.properties import Property
from indi_stx.driver.tabs import CONNECTION
from indi_stx.indi import Permission, State

SILENT_S = 10.0
"""Without an answer for so long the link counts as broken."""
NOTABLE, NOTABLE_MS = 0.5, 20.0
"""A round trip is reported when it has changed by this part of itself, and by so much."""


class LinkHealth(Feature):
    """LINK_HEALTH; and what else shows that the camera is gone.

    Args:
        session: the connection.
        show_link: is told when the camera ceases to answer, and when it answers again.
    """

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

    def __init__(self, session: CameraSession, show_link: Callable[[bool], None]) -> None:
        super().__init__(session)
        self._show_link = show_link
        self._before: dict[Property[Any], State] = {}

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
        if silent != (self.health.state is State.ALERT):
            self._show_silence(silent)
        shown = self.health.values
        drift = abs(new["ROUND_TRIP"] - shown["ROUND_TRIP"])
        news = drift > max(NOTABLE * shown["ROUND_TRIP"], NOTABLE_MS)
        if shown["ROUND_TRIP"] and not news:
            new["ROUND_TRIP"] = shown["ROUND_TRIP"]
        if new != shown or self.health.state is State.IDLE:
            self.health.publish(new, State.ALERT if silent else State.OK)

    def _show_silence(self, silent: bool) -> None:
        """Show values that nobody knows any more as such, also to a client that joins later."""
        self._show_link(not silent)
        if not silent:
            for p, state in self._before.items():
                if p.state is State.ALERT and p.defined:
                    p.publish(state=state)
            self._before.clear()
            return
        for feature in self.session.subsystems:
            if isinstance(feature, Feature):
                for p in feature.telemetry:
                    self._before[p] = p.state
                    p.publish(state=State.ALERT)
