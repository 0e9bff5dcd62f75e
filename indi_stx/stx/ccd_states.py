"""What a CCD is doing, and the types of frames, as numbered by the API.

Source: STX API, "Imager State" and "Imager Start Exposure"; the same for all three CCDs.
"""

from __future__ import annotations

import enum


class FrameType(enum.IntEnum):
    """What an exposure is for; the shutter stays closed for DARK and BIAS."""

    DARK = 0
    LIGHT = 1
    BIAS = 2
    FLAT = 3


class CcdState(enum.IntEnum):
    """What a CCD is doing.

    WAITING and DOWNLOADING are not in the document, but WAITING has been seen, and all numbers are
    those of ASCOM's CameraStates, where 1 is waiting and 4 is download.
    """

    IDLE = 0
    WAITING = 1
    EXPOSING = 2
    READING_OUT = 3
    DOWNLOADING = 4
    ERROR = 5
