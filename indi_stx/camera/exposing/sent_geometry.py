"""Frame and binning are sent to a CCD when they change, and not with every exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indi_stx.stx import Ccd, Geometry


class CameraGeometry:
    """The geometry that a CCD is known to have, so that it is only sent when it changes."""

    def __init__(self, ccd: Ccd) -> None:
        self._ccd = ccd
        self._known: Geometry | None = None

    @property
    def known(self) -> Geometry | None:
        """What was sent last; None when the camera's is not known."""
        return self._known

    async def send(self, geometry: Geometry) -> None:
        """Send frame and binning, in one request, unless the camera has them already.

        Raises:
            CameraError: the geometry is unknown; it is sent again with the next exposure.
        """
        if geometry != self._known:
            self.forget()
            await self._ccd.set_geometry(geometry)
            self._known = geometry

    def forget(self) -> None:
        """Send the geometry again next time: the camera may have restarted."""
        self._known = None
