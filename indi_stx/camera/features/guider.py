"""CCD2, the internal guide CCD: the same camera, a sensor of its own, exposing independently."""

from __future__ import annotations

from indi_stx.camera.facts import Capability
from indi_stx.camera.features.ccd import CcdFeature
from indi_stx.camera.features.ccd.properties import info_elements
from indi_stx.camera.tabs import GUIDER_HEAD, IMAGE_INFO
from indi_stx.driver.declarations import number
from indi_stx.indi import Permission


class Guider(CcdFeature):
    """GUIDER_EXPOSURE and its family.

    GUIDER_EXPOSURE is defined first, because KStars creates its guide chip when this property
    arrives and fails on any other GUIDER_ property that arrives earlier.
    """

    needs = Capability.GUIDER
    words = {  # noqa: RUF012
        "head": "GUIDER",
        "blob": "CCD2",
        "image": "Guider Image",
        "expose": "Guide Head",
        "info": "Info",
        "settings": GUIDER_HEAD,
    }

    info = number(
        "{head}_INFO",
        "{info}",
        IMAGE_INFO,
        info_elements("%4.0f", "%5.2f", "%3.0f"),
        permission=Permission.READ_ONLY,
    )
