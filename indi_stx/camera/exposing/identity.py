"""Which exposure an image in the camera belongs to.

The DateTime that is sent with a start comes back as DATE-OBS in the camera's own FITS file. No
two starts send the same one, so it serves as the name of the exposure. Reading it back costs a
request, so that is only done in doubt. Source: STX API, Start Exposure and Data FITS;
docs/decisions/0010-identity.md.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

REMEMBERED = 16
_WITHOUT_A_TIME = "2008-01-01"
"""The date of an exposure that was started without one (STX API, Start Exposure)."""


class Identity(enum.Enum):
    """Whose an image is."""

    OURS = "ours"
    OTHER = "of another exposure"
    UNKNOWN = "unknown"
    """Cannot be told, such as when the camera writes no DATE-OBS or one of its own."""


class Names:
    """The names of one CCD's exposures, and whether the camera is known to echo them.

    Args:
        given: names of earlier exposures, as written.
        are_echoed: whether the camera was seen to echo them.

    Attributes:
        given: the names of the last exposures.
        are_echoed: whether the camera has been seen to echo one.
    """

    def __init__(self, given: Iterable[str] = (), *, are_echoed: bool = False) -> None:
        self.given: deque[str] = deque(given, maxlen=REMEMBERED)
        self.are_echoed = are_echoed
        self._last = datetime.min.replace(tzinfo=UTC)

    def new(self, now_utc: datetime) -> datetime:
        """Return the time to send with a start: now, to the millisecond, and never twice."""
        name = now_utc.replace(microsecond=now_utc.microsecond // 1000 * 1000)
        if name <= self._last:
            name = self._last + timedelta(milliseconds=1)
        self._last = name
        self.given.append(written(name))
        return name

    def judge(self, date_obs: str | None, name: datetime) -> Identity:
        """Tell whether an image with this DATE-OBS is of the exposure that was given `name`."""
        if date_obs is None or date_obs.startswith(_WITHOUT_A_TIME):
            return Identity.UNKNOWN
        if date_obs == written(name):
            self.are_echoed = True
            return Identity.OURS
        whole_seconds = "." not in date_obs
        alike = [n for n in self.given if n == date_obs or (whole_seconds and n[:19] == date_obs)]
        if whole_seconds and alike == [written(name)]:
            self.are_echoed = True
            return Identity.OURS
        if written(name) in alike:  # several of ours began in that second
            return Identity.UNKNOWN
        return Identity.OTHER if alike or self.are_echoed else Identity.UNKNOWN


def written(name: datetime) -> str:
    """Return a name as a camera writes it into DATE-OBS."""
    return name.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
