"""A feature of a camera on a bench: a device without a wire, a stand-in for the HTTP client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from indi_stx.camera.devices import LASTING
from indi_stx.camera.exposing.journal import Journal
from indi_stx.camera.lasting import Lasting
from indi_stx.camera.link_watch import LinkWatch
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.device import Device, Host

Build = Callable[[CameraSession], Sequence[Feature]]


class Bench(Device):
    """A device whose sessions have the features that a test asks for.

    Args:
        host: the runtime.
        camera: has as much of a client as the features use.
        build: makes the features of a session.
    """

    def __init__(self, host: Host, camera: object, build: Build) -> None:
        super().__init__("Bench", host)
        self.camera = camera
        self.lasting = Lasting(LASTING)
        self._build = build

    async def connect(self) -> CameraSession:
        """Begin a session and define its properties."""
        session = CameraSession(
            self,
            cast(Any, self.camera),
            cast(Any, None),
            self.lasting,
            "camera:80",
            Journal(None, self.clock, self.log),
            LinkWatch(self.clock, self.log),
        )
        session.subsystems = self._build(session)
        await self.begin_session(session)
        self.show_session()
        return session
