"""The API document as data: its 37 calls, each with its parameters, states, defaults and refusals.

Most rows are made from this table alone (`kinds`); the modules of the special rows add the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from indi_stx.conformance import camera_tables as camera
from indi_stx.conformance import tables
from indi_stx.conformance.tables import BAD_PARAMETER, PARAMETERS_MISSING, CcdTables, Readable

SHORTEST = "Duration=0.01"
_BAD_DATES = ("yesterday", "2026-01-02")


@dataclass(frozen=True)
class Refusal:
    """A query that must be refused; `name` ends the id of its row.

    Attributes:
        long_pulse: see `rows.Row`.
    """

    name: str
    query: str
    code: int
    long_pulse: bool = False


@dataclass(frozen=True)
class Call:
    """A call of the document.

    Attributes:
        id: how the ids of its rows begin.
        part: see `rows.Row`.
        readable: the table of a Get call; `example` is the document's query, `absent` are the
            names that other CCDs have and this one has not.
        states: the answers of a call without parameters.
        default: that answer of a camera as it comes from the factory.
        defaults: values of the settings then, read with the call at `read_at`.
    """

    path: str
    id: str = ""
    section: str = ""
    part: str = ""
    readable: tuple[Readable, ...] = ()
    example: str = ""
    absent: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    read_at: str = ""
    refusals: tuple[Refusal, ...] = ()

    @property
    def names(self) -> list[str]:
        """The parameters, in the order of the table."""
        return [row.name for row in self.readable]


def _start_refusals() -> Iterator[Refusal]:
    yield Refusal("no-parameter", "", PARAMETERS_MISSING)
    yield Refusal("no-duration", "FrameType=0", PARAMETERS_MISSING)
    yield Refusal("no-frame-type", SHORTEST, PARAMETERS_MISSING)
    for name, value in (("below", "-1"), ("above", "4"), ("text", "Dark")):
        yield Refusal(f"frame-type-{name}", f"{SHORTEST}&FrameType={value}", BAD_PARAMETER)
    for name, value in (("negative", "-1"), ("text", "long")):
        yield Refusal(f"duration-{name}", f"Duration={value}&FrameType=0", BAD_PARAMETER)
    for date in _BAD_DATES:
        query = f"{SHORTEST}&FrameType=0&DateTime={date}"
        yield Refusal(f"date-{date}", query, BAD_PARAMETER)


def _pulse_refusals() -> Iterator[Refusal]:
    yield Refusal("no-parameter", "", PARAMETERS_MISSING)
    for axis in "XY":
        direction, duration = f"Direction{axis}", f"Duration{axis}"
        short = f"{duration}={camera.SHORTEST_PULSE}"
        yield Refusal(f"only-{direction}", f"{direction}=0", PARAMETERS_MISSING)
        yield Refusal(f"only-{duration}", short, PARAMETERS_MISSING)
        for bad in camera.BAD_RELAY_DIRECTIONS:
            yield Refusal(f"{direction}.{bad}", f"{direction}={bad}&{short}", BAD_PARAMETER)
        for bad in camera.BAD_PULSE_TIMES:
            query = f"{direction}=0&{duration}={bad}"
            # A camera that takes these, or counts in 16 bits, closes the relay for 655 s.
            long_pulse = bad in ("-1", "655.36")
            yield Refusal(f"{duration}.{bad}", query, BAD_PARAMETER, long_pulse)


def _mirror_refusals() -> Iterator[Refusal]:
    yield Refusal("no-parameter", "", PARAMETERS_MISSING)
    for axis in "XY":
        name = f"{axis}Position"
        yield Refusal(f"only-{name}", f"{name}={camera.AO_CENTRE}", PARAMETERS_MISSING)
    for bad in camera.BAD_AO_POSITIONS:
        for axis, other in ("XY", "YX"):
            query = f"{axis}Position={bad}&{other}Position={camera.AO_CENTRE}"
            yield Refusal(f"{axis}Position.{bad}", query, BAD_PARAMETER)


def _wheel_refusals() -> Iterator[Refusal]:
    yield Refusal("no-parameter", "", PARAMETERS_MISSING)
    for name, value in (("below", "-1"), ("above", "9"), ("text", "Red")):
        yield Refusal(name, f"NewPosition={value}", BAD_PARAMETER)


def _ccd_calls(ccd: CcdTables) -> Iterator[Call]:
    path, rows, title = f"/api/{ccd.prefix}", ccd.prefix.lower(), ccd.title
    call = partial(Call, part=ccd.prefix)
    yield call(
        f"{path}GetSettings.cgi",
        f"{rows}.get",
        f"{title} Get Settings",
        readable=ccd.readable,
        example="CameraXSize&CameraYSize",
        absent=ccd.absent,
    )
    yield call(
        f"{path}SetSettings.cgi",
        f"{rows}.set",
        f"{title} Set Settings",
        defaults={setting.name: setting.default for setting in ccd.settings},
        read_at=f"{path}GetSettings.cgi",
    )
    yield call(f"{path}State.cgi", f"{rows}.state", f"{title} State", states=tables.CCD_STATES)
    yield call(f"{path}Data.bin")
    yield call(f"{path}.FIT")
    yield call(
        f"{path}ImageReady.cgi",
        f"{rows}.image-ready",
        f"{title} Image Ready",
        states=tables.IMAGE_STATES,
        default="0",
    )
    yield call(
        f"{path}StartExposure.cgi",
        f"{rows}.start",
        f"{title} Start Exposure",
        refusals=tuple(_start_refusals()),
    )
    yield call(f"{path}AbortExposure.cgi")


_REMAINING = "Pulse Guide Get Time Remaining"
CALLS = (
    *(call for ccd in tables.CCDS for call in _ccd_calls(ccd)),
    Call("/api/FilterState.cgi", "filter.state", "Filter State", states=camera.FILTER_STATES),
    Call(
        "/api/GetFilterSetting.cgi",
        "filter.get",
        "Get Filter Settings",
        readable=camera.FILTER_READABLE,
        example="CurrentFilter&Filter1Name",
    ),
    Call(
        "/api/ChangeFilter.cgi",
        "filter.change",
        "Change Filter",
        "Filter",
        refusals=tuple(_wheel_refusals()),
    ),
    Call(
        "/api/SetFilterName.cgi",
        "filter.name",
        "Set Filter Name",
        defaults=dict.fromkeys(camera.FILTER_NAMES, camera.FILTER_NAME_DEFAULT),
        read_at="/api/GetFilterSetting.cgi",
    ),
    Call("/api/PulseGuide.cgi", "pulse", "Pulse Guide", refusals=tuple(_pulse_refusals())),
    Call("/api/IsPulseGuiding.cgi", "pulse.state", "Is Pulse Guiding", states=camera.RELAY_STATES),
    Call(
        "/api/PulseGuideGetTimeRemaining.cgi",
        "pulse.remaining",
        _REMAINING,
        readable=camera.RELAY_READABLE,
        example="XPlus&YMinus",
    ),
    Call("/api/AOGuide.cgi", "ao", "AO Guide", refusals=tuple(_mirror_refusals())),
    Call("/api/AOStatus.cgi", "ao.status", "AO Status", states=camera.AO_STATES),
    Call(
        "/api/GetFITSSetting.cgi",
        "fits.get",
        "Get FITS Settings",
        readable=camera.FITS_READABLE,
        example="ObjectName&FL",
    ),
    Call(
        "/api/SetFITSSetting.cgi",
        "fits.set",
        "Set FITS Settings",
        defaults=camera.FITS_TEXTS | camera.FITS_NUMBERS,
        read_at="/api/GetFITSSetting.cgi",
    ),
    Call("/api/Description.cgi"),
    Call("/api/VersionNumbers.cgi"),
)
PATHS = tuple(call.path for call in CALLS)
# Calls that cannot change anything; without --write no other is made.
READING_PATHS = frozenset(
    call.path
    for call in CALLS
    if call.readable
    or call.states
    or call.path in ("/api/Description.cgi", "/api/VersionNumbers.cgi")
)
BY_ID = {call.id: call for call in CALLS if call.id}
