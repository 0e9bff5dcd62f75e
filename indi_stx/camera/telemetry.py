"""Telemetry: one request a period for all polled parameters of each CCD.

The features say which parameters those are: what their properties show (`shows=` in a declaration)
and what else they read (`reads`). Source: STX API, Get Settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.errors import CameraRefused
from indi_stx.stx.pacing import Priority
from indi_stx.stx.replies import NO_VALID_PARAMETER

if TYPE_CHECKING:
    from indi_stx.stx import Ccd, CcdSettings

SELDOM = 5
"""Periods between two polls of what changes slowly: every poll stands in the way of a pulse."""


class Telemetry(Feature):
    """The readings of one CCD.

    Args:
        session: the connection.
        ccd: whose settings are read.
        features: whose properties show them.
        polls_every: how many polling periods there are between two polls.
        restarted: tells of what was read whether the camera was restarted; then it is not shown,
            because it is being put back.
    """

    def __init__(
        self,
        session: CameraSession,
        ccd: Ccd,
        features: Sequence[Feature],
        polls_every: int = 1,
        restarted: Callable[[CcdSettings], bool] = lambda settings: False,
    ) -> None:
        super().__init__(session)
        self.polls_every = polls_every
        self._restarted = restarted
        self._ccd = ccd
        self._features = features
        self._unknown: frozenset[str] = frozenset()
        self._parameters = tuple(dict.fromkeys(_parameters(features)))

    async def begin(self) -> None:
        """Read once, so that the first definitions carry true values."""
        try:
            await self.poll()
        except CameraRefused as error:
            if error.code != NO_VALID_PARAMETER:
                raise
            self._unknown, self._parameters = frozenset(self._parameters), ()
        for feature in self._features:
            feature.unknown = self._unknown

    async def poll(self) -> None:
        """Ask for everything in one request, and let the features show it."""
        if not self._parameters:
            return
        settings = await self._ccd.get_settings(*self._parameters, priority=Priority.TELEMETRY)
        self._unknown = frozenset(self._parameters) - set(settings)
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
