"""What the camera was set to before the rows that write, and how it gets it back."""

from __future__ import annotations

from dataclasses import dataclass

from indi_stx.conformance import filters, fits, guiding, tables
from indi_stx.conformance.camera_tables import FILTER_NAMES, FITS_READABLE
from indi_stx.conformance.newer import MANUAL, newer_settings
from indi_stx.conformance.rows import Mismatch, Skipped, expect
from indi_stx.conformance.session import Session
from indi_stx.conformance.settings import set_uri, whole_sensor

_COOLER = ("CoolerState", "CCDTemperatureSetpoint")
_FITS_NAMES = [row.name for row in FITS_READABLE]


@dataclass(frozen=True)
class Snapshot:
    """Everything a run may change."""

    ccds: dict[str, dict[str, str]]
    newer: dict[str, str]
    filter: int
    filter_names: dict[str, str]
    fits: dict[str, str]


def take_snapshot(session: Session) -> Snapshot:
    """Read what will have to be restored.

    Raises Skipped when the camera is at work, or when it cannot be read reliably: then nothing must
    be written.
    """
    try:
        ccds = {}
        for ccd in present(session):
            state = session.line(f"/api/{ccd.prefix}State.cgi")
            if state not in ("0", "5"):
                raise Skipped(f"the {ccd.title} CCD is at work (state {state})")
            values = session.values(ccd)
            ccds[ccd.prefix] = {row.name: values[row.name] for row in ccd.settings}
        session.cooling = ccds["Imager"]["CoolerState"] != "0"
        return Snapshot(
            ccds=ccds,
            newer=newer_settings(session),
            filter=int(session.line("/api/GetFilterSetting.cgi?CurrentFilter")),
            filter_names=session.read("/api/GetFilterSetting.cgi", list(FILTER_NAMES)),
            fits=session.read("/api/GetFITSSetting.cgi", _FITS_NAMES),
        )
    except (Mismatch, ValueError) as error:
        raise Skipped(f"could not be restored afterwards: {error}") from error


def present(session: Session) -> list[tables.CcdTables]:
    """Return the CCDs that this camera has."""
    return [ccd for ccd in tables.CCDS if ccd.prefix not in session.missing]


def restore(session: Session, before: Snapshot, *, flash: bool) -> str:
    """Give the camera back as it was; the Flash is written only where it differs."""
    for ccd in present(session):
        _restore_ccd(session, ccd, before.ccds[ccd.prefix])
    _restore_newer(session, before.newer)
    guiding.centre(session)
    if "Filter" not in session.missing:
        filters.move(session, before.filter)
    if flash:
        _restore_flash(session, before)
    after = take_snapshot(session)
    expect(_steady(after) == _steady(before), f"{before} became {after}")
    return "all settings are as they were"


def _restore_ccd(session: Session, ccd: tables.CcdTables, values: dict[str, str]) -> None:
    whole_sensor(session, ccd)
    wanted = dict(values)
    if session.cooling:
        wanted = {name: text for name, text in values.items() if name not in _COOLER}
    # NumX and NumY before a StartX that they may not fit: the camera had it, it gets it back.
    starts = {name: wanted.pop(name) for name in ("StartX", "StartY")}
    session.accepted(set_uri(ccd, **wanted))
    session.accepted(set_uri(ccd, **starts))


def _restore_newer(session: Session, values: dict[str, str]) -> None:
    wanted = dict(values)
    if wanted.get("FanState") != MANUAL:
        wanted.pop("FanPower", None)
    if wanted:
        session.accepted(set_uri(tables.CCDS[0], **wanted))


def _restore_flash(session: Session, before: Snapshot) -> None:
    names = session.read("/api/GetFilterSetting.cgi", list(FILTER_NAMES))
    changed = {name: text for name, text in before.filter_names.items() if names[name] != text}
    if changed:
        filters.write_names(session, changed)
    values = session.read("/api/GetFITSSetting.cgi", _FITS_NAMES)
    changed = {name: text for name, text in before.fits.items() if values[name] != text}
    if changed:
        fits.write(session, changed)


def _steady(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what must come back exactly; an automatic fan's power is its own."""
    newer = {name: text for name, text in snapshot.newer.items() if name != "FanPower"}
    return snapshot.ccds, newer, snapshot.filter, snapshot.filter_names, snapshot.fits
