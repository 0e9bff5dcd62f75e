"""CCD2, the internal guide CCD: the same camera, a sensor of its own, exposing independently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indi_stx.camera.facts import Capability
from indi_stx.camera.features.ccd import CcdHead, info_elements
from indi_stx.driver.declarations import number
from indi_stx.driver.groups import IMAGE_INFO
from indi_stx.indi import Permission

if TYPE_CHECKING:
    from indi_stx.camera.facts import CcdFacts
    from indi_stx.stx import Ccd


class Guider(CcdHead):
    """GUIDER_EXPOSURE and its family.

    GUIDER_EXPOSURE is defined first of them: KStars makes its guide chip when it arrives, and
    fails on any other GUIDER_ property that comes before.
    """

    needs = Capability.GUIDER
    words = {  # noqa: RUF012
        "head": "GUIDER",
        "blob": "CCD2",
        "image": "Guider Image",
        "expose": "Guide Head",
        "info": "Info",
        "settings": "Guider Head",
    }

    info = number(
        "{head}_INFO",
        "{info}",
        IMAGE_INFO,
        info_elements("%4.0f", "%5.2f", "%3.0f"),
        permission=Permission.READ_ONLY,
    )

    @property
    def ccd(self) -> Ccd:
        """The internal guide CCD's calls."""
        return self.device.camera.guider

    @property
    def sensor_facts(self) -> CcdFacts:
        """What the camera said of it when connecting."""
        facts = self.device.facts.guider
        assert facts is not None, "a subsystem that does not exist is not connected"
        return facts
