"""The API document as data: its 37 calls, each with its parameters, states and refusals.

Most rows follow from this table alone (`kinds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from indi_stx.conformance import tables
from indi_stx.conformance.tables import (
    BAD_PARAMETER,
    NO_VALID_PARAMETER,
    PARAMETERS_MISSING,
    Ccd,
    Parameter,
)

UNKNOWN = "NoSuchParameter"


@dataclass(frozen=True)
class Call:
    """A call of the document.

    Attributes:
        name: what follows /api/.
        id: how the ids of its rows begin.
        parameters: the table of a Get or Set call.
        get: of a Set call: the call that reads what it sets.
        example: the query of a Get call in the document.
        states: the answers of a call without parameters.
        initial: that answer of a camera that was just started.
        busy: what any state but idle and error says of the camera.
        refused: queries that must be refused, by the end of the row's id.
    """

    name: str
    id: str
    section: str
    parameters: tuple[Parameter, ...] = ()
    get: Call | None = None
    example: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    initial: str = ""
    busy: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The URI without a query."""
        return f"/api/{self.name}"

    @property
    def names(self) -> list[str]:
        """The parameters, in the order of the table."""
        return [row.name for row in self.parameters]

    @property
    def device(self) -> str:
        """What it is about: "imager", "guider", "extguider", "filter", "pulse", "ao", "fits"."""
        return self.id.partition(".")[0]

    def uri(self, query: str = "") -> str:
        """Return a URI of it."""
        return f"{self.path}?{query}".rstrip("?")

    def refusal(self, row: str) -> int:
        """Return the error of one of the `refused` queries."""
        if self.example:
            return NO_VALID_PARAMETER
        return PARAMETERS_MISSING if row.startswith(("no-", "only-")) else BAD_PARAMETER


_START_REFUSED = {
    "no-parameter": "",
    "no-duration": "FrameType=0",
    "no-frame-type": "Duration=0.01",
    "frame-type-below": "Duration=0.01&FrameType=-1",
    "frame-type-above": "Duration=0.01&FrameType=4",
    "frame-type-text": "Duration=0.01&FrameType=Dark",
    "duration-negative": "Duration=-1&FrameType=0",
    "duration-text": "Duration=long&FrameType=0",
    "date-yesterday": "Duration=0.01&FrameType=0&DateTime=yesterday",
    "date-2026-01-02": "Duration=0.01&FrameType=0&DateTime=2026-01-02",
}
_WHEEL_REFUSED = {
    "no-parameter": "",
    "below": "NewPosition=-1",
    "above": "NewPosition=9",
    "text": "NewPosition=Red",
}
_PULSE_REFUSED, _MIRROR_REFUSED = {"no-parameter": ""}, {"no-parameter": ""}
for _axis, _other in ("XY", "YX"):
    _way, _time = f"Direction{_axis}", f"Duration{_axis}"
    _PULSE_REFUSED |= {f"only-{_way}": f"{_way}=0", f"only-{_time}": f"{_time}=0.01"}
    for _wrong in ("-1", "2", "west"):
        _PULSE_REFUSED[f"{_way}.{_wrong}"] = f"{_way}={_wrong}&{_time}=0.01"
    for _wrong in ("0", "-1", "655.36", "long"):
        _PULSE_REFUSED[f"{_time}.{_wrong}"] = f"{_way}=0&{_time}={_wrong}"
    _MIRROR_REFUSED[f"only-{_axis}Position"] = f"{_axis}Position=50"
    for _wrong in ("-1", "101", "left"):
        _query = f"{_axis}Position={_wrong}&{_other}Position=50"
        _MIRROR_REFUSED[f"{_axis}Position.{_wrong}"] = _query

_Ids = tuple[str, str, str]
"""The path after /api/, how the ids of the rows begin, and the section."""


def _get(ids: _Ids, table: tuple[Parameter, ...], example: str, *absent: str) -> Call:
    refused = {"no-parameter": "", "only-unknown": UNKNOWN, **{f"absent.{n}": n for n in absent}}
    return Call(*ids, parameters=table, example=example, refused=refused)


def _set(ids: _Ids, get: Call) -> Call:
    return Call(*ids, parameters=tuple(row for row in get.parameters if row.default), get=get)


def _ccd_calls(ccd: Ccd) -> Iterator[Call]:
    def ids(path: str, row: str, section: str) -> _Ids:
        return f"{ccd.prefix}{path}", f"{ccd.name}.{row}", f"{ccd.title} {section}"

    example, busy = "CameraXSize&CameraYSize", f"the {ccd.title} CCD is at work"
    get = _get(ids("GetSettings.cgi", "get", "Get Settings"), ccd.parameters, example, *ccd.absent)
    yield get
    yield _set(ids("SetSettings.cgi", "set", "Set Settings"), get)
    yield Call(*ids("State.cgi", "state", "State"), states=tables.CCD_STATES, busy=busy)
    yield Call(*ids("Data.bin", "data", "Data Binary"))
    yield Call(*ids(".FIT", "fits", "Data FITS"))
    ready = ids("ImageReady.cgi", "image-ready", "Image Ready")
    yield Call(*ready, states=tables.IMAGE_STATES, initial="0")
    yield Call(*ids("StartExposure.cgi", "start", "Start Exposure"), refused=_START_REFUSED)
    yield Call(*ids("AbortExposure.cgi", "abort", "Abort Exposure"))


_GET_FILTERS = ("GetFilterSetting.cgi", "filter.get", "Get Filter Settings")
_GET_TIMES = ("PulseGuideGetTimeRemaining.cgi", "pulse.remaining", "Pulse Guide Get Time Remaining")
_GET_FITS = ("GetFITSSetting.cgi", "fits.get", "Get FITS Settings")
FILTERS = _get(_GET_FILTERS, tables.FILTERS, "CurrentFilter&Filter1Name")
FILTER_NAMES = _set(("SetFilterName.cgi", "filter.name", "Set Filter Name"), FILTERS)
CHANGE_FILTER = Call("ChangeFilter.cgi", "filter.change", "Change Filter", refused=_WHEEL_REFUSED)
PULSE = Call("PulseGuide.cgi", "pulse", "Pulse Guide", refused=_PULSE_REFUSED)
RELAY_TIMES = _get(_GET_TIMES, tables.RELAY_TIMES, "XPlus&YMinus")
MIRROR = Call("AOGuide.cgi", "ao", "AO Guide", refused=_MIRROR_REFUSED)
FITS = _get(_GET_FITS, tables.FITS_SETTINGS, "ObjectName&FL")
FITS_SETTINGS = _set(("SetFITSSetting.cgi", "fits.set", "Set FITS Settings"), FITS)


def _state(ids: _Ids, states: Mapping[str, str], busy: str) -> Call:
    return Call(*ids, states=states, busy=busy)


_WHEEL_STATE = ("FilterState.cgi", "filter.state", "Filter State")
_RELAY_STATE = ("IsPulseGuiding.cgi", "pulse.state", "Is Pulse Guiding")
_MIRROR_STATE = ("AOStatus.cgi", "ao.status", "AO Status")
CALLS = (
    *(call for ccd in tables.CCDS for call in _ccd_calls(ccd)),
    _state(_WHEEL_STATE, tables.FILTER_STATES, "the filter wheel moves"),
    FILTERS,
    CHANGE_FILTER,
    FILTER_NAMES,
    PULSE,
    _state(_RELAY_STATE, tables.RELAY_STATES, "a guide relay is closed: somebody guides"),
    RELAY_TIMES,
    MIRROR,
    _state(_MIRROR_STATE, tables.MIRROR_STATES, "the AO mirror moves: somebody guides"),
    FITS,
    FITS_SETTINGS,
    Call("Description.cgi", "camera.description", "Description"),
    Call("VersionNumbers.cgi", "camera.versions", "Version Numbers"),
)
BY_ID = {call.id: call for call in CALLS}
PATHS = tuple(call.path for call in CALLS)
# Calls that cannot change anything; without --write no other is made.
READING_PATHS = frozenset(
    call.path for call in CALLS if call.example or call.states or call.id.startswith("camera.")
)
