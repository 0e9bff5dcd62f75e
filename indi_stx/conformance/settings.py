"""Rows on Set calls: range edges, errors, order of checks, texts and numbers stored.

One rule holds for all of them: what is accepted is read back, and nothing else has changed. A CCD
begins with its whole sensor, unbinned. Its cooler and set point are left alone when the cooler
runs: a sensor does not like to be warmed at once. Filter names and FITS settings are in Flash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import quote

from indi_stx.conformance import tables
from indi_stx.conformance.calls import BY_ID, FILTER_NAMES, FITS_SETTINGS, UNKNOWN, Call
from indi_stx.conformance.rows import FLASH, rows
from indi_stx.conformance.session import Session, Skipped, expect, shown_code
from indi_stx.conformance.tables import CCD_NAMES, CCDS, Ccd, Kind, Parameter, resolve

WHOLE = {"BinX": "1", "BinY": "1", "StartX": "0", "StartY": "0"}
SMALL = {"NumX": "32", "NumY": "24"}
"""A frame that is read out quickly."""


def read_all(session: Session, call: Call) -> dict[str, str]:
    """Return everything that can be read with the Get call of a Set call."""
    get = call.get or call
    return session.read(get.path, get.names)


def begin(session: Session, call: Call, frame: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make a Set call ready for a row, and return everything that can be read.

    A CCD gets a frame, whole and unbinned in all that `frame` does not say. How names of filters
    are spelt is found out: the Flash wears, so that once a run is enough, whichever row is first.
    """
    if call is FILTER_NAMES and session.names_end is None:
        session.names_end = next(iter(spellings(session)), "Name")
    if call.device in CCD_NAMES:
        sizes = read_all(session, call)
        whole = WHOLE | {"NumX": sizes["CameraXSize"], "NumY": sizes["CameraYSize"]}
        session.answered(set_uri(session, call, whole))
        if frame:
            session.answered(set_uri(session, call, _numbers(frame, sizes)))
    return read_all(session, call)


def set_frame(session: Session, ccd: Ccd, frame: Mapping[str, str]) -> dict[str, str]:
    """Set a frame of a CCD and return all its settings; see `begin`."""
    return begin(session, BY_ID[f"{ccd.name}.set"], frame)


def set_uri(session: Session, call: Call, wanted: Mapping[str, str]) -> str:
    """Return the URI that sets values; for names of filters after `begin`."""
    end = session.names_end if call is FILTER_NAMES else None
    names = {n: n if end is None else n.removesuffix("Name") + end for n in wanted}
    pairs = [f"{names[name]}={quote(text, safe='')}" for name, text in wanted.items()]
    return call.uri("&".join(pairs))


def _numbers(wanted: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Put the number for each formula, which begins with "=": "=CameraXSize - 1"."""
    return {
        name: f"{resolve(text[1:], values):.10g}" if text.startswith("=") else text
        for name, text in wanted.items()
    }


def spellings(session: Session) -> list[str]:
    """Return how this camera ends the names of filters, by trying: "Name", "" or both."""
    taken = []
    for end, text in (("Name", "Spelling 1"), ("", "Spelling 2")):
        session.answered(FILTER_NAMES.uri(f"Filter1{end}={quote(text)}"))
        if read_all(session, FILTER_NAMES)["Filter1Name"] == text:
            taken.append(end)
    return taken


# Declared, and so run, before the other rows on names, which then need not try again.
@rows("filter.name.spelling", FLASH)
def _spelling(session: Session) -> str:
    """Filter1Name (table) or Filter1 (example) names filter 1."""
    found = spellings(session)
    expect(bool(found), "neither Filter1Name nor Filter1 changed the name")
    session.names_end = found[0]
    return " and ".join(f"Filter1{end}" for end in found)


@dataclass(frozen=True)
class _Trial:
    """Values to write, and what may be answered and read afterwards.

    Attributes:
        row: the end of the id.
        wanted: what to write, in this order; numbers may be formulas: "=MaxBinX + 1".
        codes: what may be answered: an error, after which nothing has changed, or None. Empty:
            nothing must change, and the document names no error, so that ignoring is right, too.
        first: the frame to begin with.
        either: names that may have been set or not.
        section: where the statement is, unless in the section of the call.
    """

    call: Call
    row: str
    text: str
    wanted: Mapping[str, str]
    codes: tuple[int | None, ...] = (None,)
    first: Mapping[str, str] = field(default_factory=dict)
    either: tuple[str, ...] = ()
    section: str = ""


def _edges(call: Call, one: Parameter) -> Iterator[_Trial]:
    step = "1" if one.kind is Kind.INTEGER else "0.1"
    codes = (one.code,) if one.code else ()
    refusal = f"0x{one.code:08x}" if one.code else "refused (no code is documented)"
    for row, bound, beyond, sign in (
        ("minimum", one.low, "below", "-"),
        ("maximum", one.high, "above", "+"),
    ):
        text = f"{one.name}={bound} is accepted and read back"
        yield _Trial(call, f"{one.name}.{row}", text, {one.name: f"={bound}"})
        text = f"{one.name} just {beyond} {bound}: {refusal}, nothing changes"
        wanted = {one.name: f"={bound} {sign} {step}"}
        yield _Trial(call, f"{one.name}.{beyond}", text, wanted, codes)
    text = f"{one.name}=text: refused, nothing changes"
    bad = (one.code, tables.BAD_PARAMETER) if one.code else ()
    yield _Trial(call, f"{one.name}.text", text, {one.name: "many"}, bad)


def _ccd_trials(ccd: Ccd) -> Iterator[_Trial]:
    call = BY_ID[f"{ccd.name}.set"]
    for one in call.parameters:
        yield from _edges(call, one)
    for one, two in pairwise(one for one in call.parameters if one.code):
        # The other way round in the URI: the order of the table decides.
        wanted = {two.name: "-1", one.name: "-1"}
        text = f"{two.name} and {one.name} wrong: the error of {one.name}"
        yield _Trial(call, f"order.{one.name}-{two.name}", text, wanted, (one.code,))
    wrong = {"NumX": "5", "StartX": "-1", "BinX": "2"}
    text = "after a refused value nothing else is set"
    yield _Trial(call, "order.stops", text, wrong, (tables.START_X,), either=("BinX",))
    for axis, code in (("X", tables.NUM_X), ("Y", tables.NUM_Y)):
        num, start, size = f"Num{axis}", f"Start{axis}", f"Camera{axis}Size"
        text = f"{start} lowers the limit of {num}: one more is 0x{code:08x}"
        first, wanted = {start: "7", num: f"={size} - 7"}, {num: f"={size} - 6"}
        yield _Trial(call, f"{num}.from-start", text, wanted, (code,), first)
        yield _Trial(call, f"{num}.kept", f"a new {start} does not change {num}", {start: "1"})
    frame = {"BinX": "2", "BinY": "2", "StartX": "3", "StartY": "5", "NumX": "101", "NumY": "77"}
    yield _Trial(call, "all", "the whole frame in one request", frame)
    text = "an unknown name is ignored, the others are set"
    yield _Trial(call, "unknown-ignored", text, {UNKNOWN: "7", "BinX": "2"})
    text = "no parameter: no data (newer firmware: 0x80001000)"
    yield _Trial(call, "no-parameter", text, {}, (None, tables.NO_VALID_PARAMETER))


def _trials() -> Iterator[_Trial]:
    for ccd in CCDS:
        yield from _ccd_trials(ccd)
    call, section = BY_ID["imager.set"], "HTTP Request Method"
    yield _Trial(call, "example", "?BinX=2&BinY=2", {"BinX": "2", "BinY": "2"}, section=section)


def _flash_trials() -> Iterator[_Trial]:
    ignored, unknown = "an unknown name is ignored", {"Filter9Name": "Nine", UNKNOWN: "1"}
    for call in (FILTER_NAMES, FITS_SETTINGS):
        yield _Trial(call, "no-parameter", "no parameter: no data, no error", {})
        yield _Trial(call, "unknown-ignored", ignored, unknown)
        first = call.parameters[0]
        long = {first.name: "Long".ljust(first.length, "-") + "!"}
        text = f"{first.length + 1} characters: cut, or not taken"
        yield _Trial(call, "long", text, long, (), either=(first.name,))
    encoded, section = "the reserved characters, percent-encoded", "URI Character Encoding"
    eight = {name: f"Conformance {name[6]:>4}" for name in FILTER_NAMES.names}
    yield _Trial(FILTER_NAMES, "all", "eight names of 16 characters in one request", eight)
    two = {"Filter1Name": "a" + tables.RESERVED[:10], "Filter2Name": tables.RESERVED[10:] + "z"}
    yield _Trial(FILTER_NAMES, "reserved", encoded, two)
    printable = "".join(map(chr, range(32, 127)))
    texts = {name: name.ljust(67, ".") for name in ("ObjectName", "Observer", "Telescope")}
    numbers = {"FL": "1234.56", "Aperture": "98.75", "Area": "7654.25"}
    for row, text, wanted in (
        ("example", "?ObjectName=M27", {"ObjectName": "M27"}),
        ("texts", "three texts of 67 characters", texts),
        ("numbers", "three numbers, with decimals", numbers),
        ("characters-1", "characters 33 to 79", {"Observer": printable[1:48]}),
        (
            "characters-2",
            "characters 80 to 126, and a space between",
            {"Observer": "a b" + printable[48:]},
        ),
    ):
        yield _Trial(FITS_SETTINGS, row, text, wanted)
    yield _Trial(FITS_SETTINGS, "number-text", "FL=long: not taken", {"FL": "long"}, ())
    wanted = {"Observer": f"<{tables.RESERVED}>"}
    yield _Trial(FITS_SETTINGS, "reserved", encoded, wanted, section=section)
    wanted = {"ObjectName": "California Nebula (NGC1499)"}
    text = "?ObjectName=California%20Nebula%20%28NGC1499%29"
    yield _Trial(FITS_SETTINGS, "encoding-example", text, wanted, section=section)


_NO_DATA = _Trial(BY_ID["imager.set"], "", "a setting is answered with no data", {"BinX": "1"})


@rows("{0.call.id}.{0.row}", each=_trials(), section="{0.section}")
@rows("{0.call.id}.{0.row}", FLASH, each=_flash_trials(), section="{0.section}")
@rows("conversation.set", each=[_NO_DATA], section="More Example Conversations")
def _written(session: Session, trial: _Trial) -> str:
    """{0.text}."""
    call = trial.call
    if session.cooling and set(tables.COOLER) & set(trial.wanted):
        raise Skipped("the cooler is on")
    before = begin(session, call, trial.first)
    wanted = _numbers(trial.wanted, before)
    uri = set_uri(session, call, wanted)
    codes = trial.codes
    answer = session.answered(uri, *codes) if codes else shown_code(session.code(uri))
    taken = None in codes and answer == shown_code(None)
    after = read_all(session, call)
    seen = f"{uri}: {answer}"
    for one in call.parameters:
        old, found = before[one.name], after[one.name]
        new = wanted.get(one.name, old)[: one.length or None]
        right = one.same(found, new if taken else old)
        if one.name in trial.either:
            right = one.same(found, new) or one.same(found, old)
        how = f"{one.name} went from {old!r} to {found!r}"
        if taken and new != old:
            how = f"read back differently: {new!r} was set, {found!r} is read"
        expect(right, f"{seen}, but {how}")
    return f"{seen}; {', '.join(f'{n}={after[n]}' for n in wanted if n in after)}"


@rows("imager.set.printed-example")
def _printed_example(session: Session) -> str:
    """The printed example calls Get Settings with values: 0x80001000, or values."""
    before = set_frame(session, tables.IMAGER, {})
    uri = tables.IMAGER.uri("GetSettings.cgi", "BinX=2&BinY=2")
    if session.request(uri).status == 400:
        return session.answered(uri, tables.NO_VALID_PARAMETER)
    values = session.lines(uri)
    after = read_all(session, BY_ID["imager.set"])["BinX"]
    return f"{values}; {'nothing was set' if after == before['BinX'] else f'BinX became {after}'}"
