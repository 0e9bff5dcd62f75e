"""Every call of the camera by its path: 8 for each of three CCDs and 13 for the camera itself.

STX API, Camera, for those written here. CurrentCCDState.cgi is not in the document; the camera's
own web page asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from indi_stx.simulator.adaptive_optics import HIGHEST, LOWEST
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd_routes import Handler, ccd_routes, downloads
from indi_stx.simulator.ccd_settings import set_table
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.flash import (
    FILTER_NAMES,
    FITS_NUMBERS,
    FITS_TEXTS,
    MAX_FILTER_NAME,
    MAX_FITS_TEXT,
    is_printable,
)
from indi_stx.simulator.http_message import EMPTY, NOT_FOUND, Reply, Request, refusal, text_reply
from indi_stx.simulator.numerals import parse_decimal, parse_integer, two_decimals
from indi_stx.simulator.parameter_tables import (
    Getter,
    Query,
    command_reply,
    first_values,
    get_values,
)
from indi_stx.simulator.relays import Relay
from indi_stx.simulator.web_pages import WebPages

SHORTEST_PULSE_S, LONGEST_PULSE_S = 0.01, 655.35
# Firmware, gate array, imaging ROP, tracker ROP, HTTP API; newer firmware adds the serial number.
VERSIONS = {
    "document": ("1.01", "1.00", "1.00", "1.00", "1.00.1"),
    "newer": ("1.19", "1.05", "1.02", "1.02", "1.02.0", "STX12345678"),
}


class Routes:
    """Answer requests; a path that is not listed is a 404.

    Attributes:
        handlers: the calls of the API, by path.
        pages: the camera's web pages, by path.
        downloads: the CCD whose frame a path delivers.
    """

    def __init__(self, camera: SimulatedCamera) -> None:
        self.downloads = downloads(camera)
        self.handlers: dict[str, Handler] = {
            **ccd_routes(camera, "Imager", camera.imager),
            **ccd_routes(camera, "Guider", camera.guider),
            **ccd_routes(camera, "ExtGuider", camera.external_guider),
            **_filter_routes(camera),
            **_guide_routes(camera),
            **_fits_routes(camera),
            "/api/Description.cgi": lambda _: text_reply(camera.model.description),
            "/api/VersionNumbers.cgi": lambda _: text_reply(*VERSIONS[camera.options.firmware]),
            "/api/CurrentCCDState.cgi": lambda _: text_reply(str(int(camera.imager.state()))),
        }
        versions = VERSIONS[camera.options.firmware]
        setters = set_table(camera, camera.imager)
        self.pages = WebPages(camera, versions, self.handlers, setters).handlers

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request, well-formed or not."""
        if request.path is None:
            return refusal(ErrorCode.BAD_PARAMETER)
        handler = self.handlers.get(request.path) or self.pages.get(request.path)
        return handler(request.query) if handler else NOT_FOUND


def _filter_routes(camera: SimulatedCamera) -> dict[str, Handler]:
    calls = _FilterCalls(camera)
    return {
        "/api/FilterState.cgi": lambda _: text_reply(str(int(camera.wheel.state()))),
        "/api/GetFilterSetting.cgi": calls.get_setting,
        "/api/ChangeFilter.cgi": calls.change,
        "/api/SetFilterName.cgi": calls.set_name,
    }


@dataclass(frozen=True)
class _FilterCalls:
    camera: SimulatedCamera

    def get_setting(self, query: Query) -> Reply:
        names = self.camera.flash.filter_names
        table: dict[str, Getter] = {
            "CurrentFilter": lambda: str(self.camera.wheel.position()),
            "CurrentFilterName": self._current_name,
        }
        for slot in range(1, FILTER_NAMES + 1):
            table[f"Filter{slot}Name"] = partial(names.__getitem__, slot - 1)
        return get_values(table, query)

    def _current_name(self) -> str:
        position = self.camera.wheel.position()
        return self.camera.flash.filter_names[position - 1] if position else ""

    def change(self, query: Query) -> Reply:
        given = first_values(query)
        if "NewPosition" not in given:
            return refusal(ErrorCode.PARAMETER_MISSING)
        position = parse_integer(given["NewPosition"])
        return command_reply(self.camera.wheel.move(-1 if position is None else position))

    def set_name(self, query: Query) -> Reply:
        """Store names; long ones are cut, for the document lists no error."""
        flash, changed = self.camera.flash, False
        for name, value in first_values(query).items():
            slot = self._slot(name)
            if slot and is_printable(value):
                flash.filter_names[slot - 1] = value[:MAX_FILTER_NAME]
                changed = True
        if changed:
            flash.store()
        return EMPTY

    def _slot(self, name: str) -> int:
        """Return the slot of `Filter1Name` (table) or `Filter1` (example), 0 if neither."""
        accepted = self.camera.options.filter_name_key
        for slot in range(1, FILTER_NAMES + 1):
            if name == f"Filter{slot}Name" and accepted in ("both", "table"):
                return slot
            if name == f"Filter{slot}" and accepted in ("both", "example"):
                return slot
        return 0


def _guide_routes(camera: SimulatedCamera) -> dict[str, Handler]:
    calls = _GuideCalls(camera)
    return {
        "/api/PulseGuide.cgi": calls.pulse,
        "/api/IsPulseGuiding.cgi": lambda _: text_reply(str(int(camera.relays.any_closed()))),
        "/api/PulseGuideGetTimeRemaining.cgi": calls.time_remaining,
        "/api/AOGuide.cgi": calls.move_mirror,
        "/api/AOStatus.cgi": lambda _: text_reply(str(int(camera.mirror.is_moving()))),
    }


@dataclass(frozen=True)
class _GuideCalls:
    camera: SimulatedCamera

    def pulse(self, query: Query) -> Reply:
        """Close one relay of X, of Y or of both; nothing closes unless all of it is valid."""
        given = first_values(query)
        pulses = []
        for axis, plus, minus in (
            ("X", Relay.X_PLUS, Relay.X_MINUS),
            ("Y", Relay.Y_PLUS, Relay.Y_MINUS),
        ):
            direction, duration = given.get(f"Direction{axis}"), given.get(f"Duration{axis}")
            if direction is None and duration is None:
                continue
            if direction is None or duration is None:
                return refusal(ErrorCode.PARAMETER_MISSING)
            seconds = parse_decimal(duration)
            if seconds is None or not SHORTEST_PULSE_S <= seconds <= LONGEST_PULSE_S:
                return refusal(ErrorCode.BAD_PARAMETER)
            if parse_integer(direction) not in (0, 1):
                return refusal(ErrorCode.BAD_PARAMETER)
            pulses.append((minus if parse_integer(direction) else plus, seconds))
        if not pulses:
            return refusal(ErrorCode.PARAMETER_MISSING)
        for relay, seconds in pulses:
            self.camera.relays.close(relay, seconds)
        return EMPTY

    def time_remaining(self, query: Query) -> Reply:
        table = {relay.value: partial(self._remaining, relay) for relay in Relay}
        return get_values(table, query)

    def _remaining(self, relay: Relay) -> str:
        return two_decimals(self.camera.relays.remaining_s(relay))

    def move_mirror(self, query: Query) -> Reply:
        given = first_values(query)
        if "XPosition" not in given or "YPosition" not in given:
            return refusal(ErrorCode.PARAMETER_MISSING)
        x, y = parse_decimal(given["XPosition"]), parse_decimal(given["YPosition"])
        if x is None or y is None or not (LOWEST <= x <= HIGHEST and LOWEST <= y <= HIGHEST):
            return refusal(ErrorCode.BAD_PARAMETER)
        self.camera.mirror.move(x, y)
        return EMPTY


def _fits_routes(camera: SimulatedCamera) -> dict[str, Handler]:
    calls = _FitsCalls(camera)
    return {
        "/api/GetFITSSetting.cgi": calls.get_setting,
        "/api/SetFITSSetting.cgi": calls.set_setting,
    }


@dataclass(frozen=True)
class _FitsCalls:
    camera: SimulatedCamera

    def get_setting(self, query: Query) -> Reply:
        texts = self.camera.flash.fits_texts
        table: dict[str, Getter] = {name: partial(texts.__getitem__, name) for name in FITS_TEXTS}
        table |= {name: partial(self._number, name) for name in FITS_NUMBERS}
        return get_values(table, query)

    def _number(self, name: str) -> str:
        return two_decimals(self.camera.flash.fits_numbers[name])

    def set_setting(self, query: Query) -> Reply:
        """Store texts and numbers; what cannot be stored is ignored, the call has no errors."""
        flash, changed = self.camera.flash, False
        for name, value in first_values(query).items():
            number = parse_decimal(value)
            if name in FITS_TEXTS and is_printable(value):
                flash.fits_texts[name] = value[:MAX_FITS_TEXT]
            elif name in FITS_NUMBERS and number is not None:
                flash.fits_numbers[name] = number
            else:
                continue
            changed = True
        if changed:
            flash.store()
        return EMPTY
