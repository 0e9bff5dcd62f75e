"""Ask a camera for everything it can tell; nothing on it is changed."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from indi_stx.clock import SystemClock
from indi_stx.errors import CameraError, CameraRefused, CameraTimeout, CameraUnreachable
from indi_stx.stx import (
    AoState,
    Camera,
    Ccd,
    CcdSettings,
    CcdState,
    Exchange,
    FilterSettings,
    FilterState,
    FitsSettings,
    Geometry,
    RelayTimes,
    VersionNumbers,
)
from indi_stx.tools.address import Address
from indi_stx.tools.hints import hint_for, part_hint
from indi_stx.tools.streaming import Streaming, stream_and_ask

ANSWER_LIMIT_S = 5.0
ROUND_TRIPS = 10
SILENCES = 3
"""After so many requests without an answer, no more are sent."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that failed, and what to do about it."""

    part: str
    message: str
    hint: str


@dataclass(slots=True)
class CcdFindings:
    """One CCD; a value is None when it could not be read."""

    settings: CcdSettings
    state: CcdState | None = None
    image_ready: bool | None = None

    @property
    def geometry(self) -> Geometry:
        """The frame and binning it is set to now."""
        found = self.settings
        frame = (found.start_x, found.start_y, found.num_x, found.num_y)
        return Geometry(*frame, found.bin_x, found.bin_y)


@dataclass(slots=True)
class Findings:
    """What is known of a camera; a value is None when it could not be read.

    Attributes:
        ccds: by name, those that the camera has.
        round_trips_s: of single commands.
    """

    address: Address
    description: str | None = None
    versions: VersionNumbers | None = None
    ccds: dict[str, CcdFindings] = field(default_factory=dict)
    filter_state: FilterState | None = None
    filters: FilterSettings | None = None
    is_guiding: bool | None = None
    relays: RelayTimes | None = None
    ao: AoState | None = None
    fits: FitsSettings | None = None
    round_trips_s: list[float] = field(default_factory=list)
    streaming: Streaming | None = None
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def has_newer_firmware(self) -> bool:
        """Whether the camera knows more than the document of 2011: a fan, overscan or a serial."""
        imager = self.ccds.get("imager")
        has_fan = imager is not None and "fan_state" in imager.settings
        return has_fan or (self.versions is not None and self.versions.serial is not None)


async def examine(address: Address, *, with_frame: bool) -> Findings:
    """Ask the camera at `address` for everything.

    Args:
        address: of the camera.
        with_frame: download the image that it holds, to try commands meanwhile.
    """
    found = Findings(address)
    exchanges: list[Exchange] = []
    async with Camera(*address, timeout_s=ANSWER_LIMIT_S, observer=exchanges.append) as camera:
        questions = _Questions(found.troubles)
        found.description = await questions.ask("model", camera.description())
        if found.description is None:
            return found  # it is no camera, or it is not there
        found.versions = await questions.ask("versions", camera.version_numbers())
        for ccd, name in _ccds(camera):
            if asked := await _ask_ccd(questions, ccd, name):
                found.ccds[name] = asked
        found.filter_state = await questions.ask("filter wheel", camera.filter_state())
        found.filters = await questions.ask("filter wheel", camera.get_filter_settings())
        found.is_guiding = await questions.ask("guide relays", camera.is_pulse_guiding())
        found.relays = await questions.ask("guide relays", camera.pulse_time_remaining())
        found.ao = await questions.ask("adaptive optics", camera.ao_status())
        found.fits = await questions.ask("FITS settings", camera.get_fits_settings())
        await _measure(questions, camera, exchanges, found, with_frame=with_frame)
    return found


class _Questions:
    """Asks one thing after another; what fails becomes a trouble, and the next thing is asked."""

    def __init__(self, troubles: list[Trouble]) -> None:
        self._troubles = troubles
        self._silences = 0

    async def ask(self, part: str, question: Coroutine[Any, Any, T]) -> T | None:
        """Return the answer; None when there was none."""
        if self._silences >= SILENCES:
            question.close()
            return None
        try:
            return await question
        except CameraError as error:
            trouble = Trouble(part, str(error), part_hint(part, error) or hint_for(error))
            if trouble not in self._troubles:
                self._troubles.append(trouble)
            if isinstance(error, CameraTimeout | CameraUnreachable):
                self._note_silence()
            return None

    def _note_silence(self) -> None:
        self._silences += 1
        if self._silences == SILENCES:
            self._troubles.append(
                Trouble(
                    "link",
                    f"The camera left {SILENCES} questions without an answer; the rest was not "
                    "asked.",
                    "End other programs that use the camera; if that does not help, switch it off "
                    "and on.",
                )
            )


def _ccds(camera: Camera) -> tuple[tuple[Ccd, str], ...]:
    return (
        (camera.imager, "imager"),
        (camera.guider, "guider"),
        (camera.external_guider, "external guider"),
    )


async def _ask_ccd(questions: _Questions, ccd: Ccd, name: str) -> CcdFindings | None:
    """Return what there is to know of a CCD; None when the camera does not have it."""
    settings = await questions.ask(name, _settings_if_there(ccd, name))
    if settings is None:
        return None
    asked = CcdFindings(settings)
    asked.state = await questions.ask(name, ccd.state())
    asked.image_ready = await questions.ask(name, ccd.image_ready())
    return asked


async def _settings_if_there(ccd: Ccd, name: str) -> CcdSettings | None:
    """Ask for all settings; a guide CCD that refuses or has no pixels is not there."""
    try:
        settings = await ccd.get_settings()
    except CameraRefused:
        if name == "imager":
            raise
        return None
    return settings if settings.sensor_width and settings.sensor_height else None


async def _measure(
    questions: _Questions,
    camera: Camera,
    exchanges: list[Exchange],
    found: Findings,
    *,
    with_frame: bool,
) -> None:
    """Measure round trips, and try commands while the largest image in the camera is sent."""

    async def round_trip_s() -> float:
        await camera.imager.state()
        return exchanges[-1].seconds

    for _ in range(ROUND_TRIPS):
        seconds = await questions.ask("link", round_trip_s())
        if seconds is not None:
            found.round_trips_s.append(seconds)
    source = _largest_image(camera, found)
    if with_frame and source and found.round_trips_s:
        streaming = stream_and_ask(source, round_trip_s, max(found.round_trips_s), SystemClock())
        found.streaming = await questions.ask("answers while a frame is sent", streaming)


def _largest_image(camera: Camera, found: Findings) -> Ccd | None:
    """Return the CCD that holds it; None when there is no image, or something is at work."""
    if any(ccd.state is not CcdState.IDLE for ccd in found.ccds.values()):
        return None
    ready = [
        (found.ccds[name].geometry.data_bytes, ccd)
        for ccd, name in _ccds(camera)
        if name in found.ccds and found.ccds[name].image_ready
    ]
    return max(ready, key=lambda pair: pair[0])[1] if ready else None
