"""Telemetry: one request a period for all polled parameters of each CCD.

The features say which parameters those are: what their properties show (`shows=` in a declaration)
and what else they read (`reads`). Source: STX API, Get Settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.stx.pacing import Priority

if TYPE_CHECKING:
    from indi_stx.stx import Ccd, CcdSettings


class Telemetry(Feature):
    """The readings of one CCD.

    Args:
        session: the connection.
        ccd: whose settings are read.
        features: whose properties show them.
        restarted: tells of what was read whether the camera was restarted; then it is not shown,
            because it is being put back.
    """

    def __init__(
        self,
        session: CameraSession,
        ccd: Ccd,
        features: Sequence[Feature],
        restarted: Callable[[CcdSettings], bool] = lambda settings: False,
    ) -> None:
        super().__init__(session)
        self._restarted = restarted
        self._ccd = ccd
        self._features = features
        self._parameters = tuple(dict.fromkeys(_parameters(features)))

    async def begin(self) -> None:
        """Read once, so that the first definitions carry true values."""
        await self.poll()

    async def poll(self) -> None:
        """Ask for everything in one request, and let the features show it."""
        settings = await self._ccd.get_settings(*self._parameters, priority=Priority.TELEMETRY)
        if self._restarted(settings):
            return
        for feature in self._features:
            feature.show(vars(settings))
            feature.observe(settings)


def _parameters(features: Iterable[Feature]) -> Iterable[str]:
    for feature in features:
        yield from feature.reads
        for p in feature.properties.values():
            yield from p.spec.shows.values()
