"""A session with a camera: the HTTP client, what the camera said of itself, and its features.

The HTTP library is imported for the first session only, so that the driver starts quickly.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.facts import CameraFacts, Capability
from indi_stx.camera.lasting import Lasting
from indi_stx.camera.link_watch import LinkWatch
from indi_stx.driver.lanes import Lane
from indi_stx.driver.properties import Property
from indi_stx.driver.session import Session
from indi_stx.driver.subsystem import Owner, Subsystem

if TYPE_CHECKING:
    from indi_stx.stx import Camera, CcdSettings


BEFORE_S, AFTER_S = 0.12, 0.06
"""No poll is sent so shortly before a frame is asked for, nor so shortly after."""
GIVE_WAY_S = 1.0
"""For how long a poll gives way to frames that follow each other closely."""


class CameraSession(Session):
    """One connection to a camera, or to its guide head.

    Attributes:
        device: the INDI device that the session belongs to.
        camera: the HTTP client.
        facts: what the camera said of itself when it was connected.
        lasting: what earlier sessions have left for this one.
        address: of the camera, host and port.
        journal: the exposures of the camera that are not delivered.
        link: how well the camera answers.
    """

    def __init__(
        self,
        device: Owner,
        camera: Camera,
        facts: CameraFacts,
        lasting: Lasting,
        address: str,
        journal: Journal,
        link: LinkWatch,
    ) -> None:
        super().__init__(device.name, device.clock, device.log)
        self.device = device
        self.camera = camera
        self.facts = facts
        self.lasting = lasting
        self.address = address
        self.journal = journal
        self.link = link
        self._frames_due_s: dict[object, float] = {}

    def expect_frame(self, ccd: object, at_s: float) -> None:
        """Keep polls out of the way of a question for a frame, by the monotonic clock."""
        self._frames_due_s[ccd] = at_s

    async def before_poll(self) -> None:
        """Wait until no frame is about to be asked for, but not for ever."""
        give_up_s = self.clock.monotonic() + GIVE_WAY_S
        while (now_s := self.clock.monotonic()) < give_up_s:
            near = [
                t for t in self._frames_due_s.values() if now_s - AFTER_S < t < now_s + BEFORE_S
            ]
            if not near:
                return
            await self.clock.sleep(max(near) + AFTER_S - now_s)


class Feature(Subsystem):
    """A subsystem of a session: one thing that the camera can do.

    Attributes:
        needs: hardware without which the feature does not exist; None when it needs none.
        reads: polled parameters that `observe` needs, in addition to those that properties show.
        unknown: polled parameters that this camera does not know; there is no property for them.
    """

    needs: ClassVar[Capability | None] = None
    reads: tuple[str, ...] = ()

    def __init__(self, session: CameraSession, lane: Lane | None = None) -> None:
        super().__init__(session.device, lane)
        self.session = session
        self.unknown: frozenset[str] = frozenset()

    @property
    def camera(self) -> Camera:
        """The HTTP client of the connected camera."""
        return self.session.camera

    def exists(self, p: Property[Any]) -> bool:
        """Tell whether clients should know of a property: not of one for an unknown parameter."""
        return self.unknown.isdisjoint(p.spec.shows.values()) and super().exists(p)

    def observe(self, settings: CcdSettings) -> None:
        """Take in what a poll has read of this feature's CCD."""

    @property
    def telemetry(self) -> list[Property[Any]]:
        """The properties whose values are only as good as the last answer of the camera."""
        return [p for p in self.properties.values() if p.spec.shows]

    def restarted(self) -> None:
        """Forget what the camera was told: it was restarted and has its power-up settings."""

    def put_back(self) -> str | None:
        """Begin to restore what a restart of the camera has taken; return what, in words."""
        return None


async def open_client(
    device: Owner, host: str, port: int, link: LinkWatch, resources: contextlib.AsyncExitStack
) -> tuple[Camera, CameraFacts]:
    """Return an HTTP client of the camera at an address, and what the camera says of itself.

    Args:
        device: the INDI device; its clock paces the commands.
        host: name or IP address.
        port: of the camera's web server.
        link: is told of every request.
        resources: the stack that will close the client.

    Raises:
        CameraError: unreachable, or not a camera.
    """
    await asyncio.to_thread(_import_heavy)
    from indi_stx.stx import Camera

    camera = Camera(host, port, clock=device.clock, observer=link.saw)
    resources.push_async_callback(camera.aclose)
    return camera, await CameraFacts.read(camera)


def _import_heavy() -> None:
    """Import what only a connected camera needs, off the event loop."""
    import indi_stx.images.coordinates
    import indi_stx.images.frame
    import indi_stx.images.header
    import indi_stx.stx.api
    import indi_stx.stx.transport  # noqa: F401
