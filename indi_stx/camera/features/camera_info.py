"""What the camera says it is: model, versions, serial number."""

from __future__ import annotations

from indi_stx.camera.session import CameraSession, Feature
from indi_stx.driver.declarations import Txt, text
from indi_stx.driver.tabs import GENERAL
from indi_stx.indi import Permission, State


class CameraInfo(Feature):
    """CAMERA_INFO."""

    camera_info = text(
        "CAMERA_INFO",
        "Camera",
        GENERAL,
        {
            "MODEL": Txt("Model"),
            "FIRMWARE": Txt("Firmware"),
            "GATE_ARRAY": Txt("Gate array"),
            "IMAGING_ROP": Txt("Imaging ROP"),
            "TRACKER_ROP": Txt("Tracker ROP"),
            "HTTP_API": Txt("HTTP API"),
            "SERIAL_NUMBER": Txt("Serial number"),
            "PROFILE": Txt("Firmware offers"),
        },
        permission=Permission.READ_ONLY,
    )

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        versions = session.facts.versions
        self.camera_info.publish(
            {
                "MODEL": session.facts.description,
                "FIRMWARE": versions.firmware,
                "GATE_ARRAY": versions.gate_array,
                "IMAGING_ROP": versions.imaging_rop,
                "TRACKER_ROP": versions.tracker_rop,
                "HTTP_API": versions.http_api,
                "SERIAL_NUMBER": versions.serial or "",
                "PROFILE": session.facts.profile,
            },
            State.OK,
        )
