"""What the camera was set to before the rows that write, and how it gets it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from indi_stx.conformance import exposures, filters, fits, guiding, tables
from indi_stx.conformance.camera_tables import FILTER_NAMES, FITS_READABLE
from indi_stx.conformance.expecting import Mismatch, Skipped, expect
from indi_stx.conformance.newer import newer_settings, put_back
from indi_stx.conformance.session import Session, shown_code
from indi_stx.conformance.settings import set_uri, whole_sensor
from indi_stx.conformance.stopping import stop_signal_waits, stop_signals_waiting
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable, IndiStxError

ROUNDS = 3
"""How often parts are tried whose answers are lost while the camera answers others."""
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
        require_idle(session)
        ccds = {}
        for ccd in present(session):
            values = session.values(ccd)
            ccds[ccd.prefix] = {row.name: values[row.name] for row in ccd.settings}
        return Snapshot(
            ccds=ccds,
            newer=newer_settings(session),
            filter=int(session.line("/api/GetFilterSetting.cgi?CurrentFilter")),
            filter_names=session.read("/api/GetFilterSetting.cgi", list(FILTER_NAMES)),
            fits=session.read("/api/GetFITSSetting.cgi", _FITS_NAMES),
        )
    except (Mismatch, ValueError) as error:
        raise Skipped(f"could not be restored afterwards: {error}") from error


def require_idle(session: Session) -> None:
    """Raise Skipped when somebody else exposes, guides or moves something: a run would spoil it.

    Raises Mismatch when a state cannot be read.
    """
    for ccd in present(session):
        state = session.line(f"/api/{ccd.prefix}State.cgi")
        if state not in ("0", "5"):
            raise Skipped(f"the {ccd.title} CCD is at work (state {state})")
    for uri, reason in (
        ("/api/IsPulseGuiding.cgi", "a guide relay is closed: somebody guides"),
        ("/api/AOStatus.cgi", "the AO mirror moves: somebody guides"),
    ):
        if session.line(uri) == "1":
            raise Skipped(reason)
    if "Filter" not in session.missing and session.line("/api/FilterState.cgi") == "1":
        raise Skipped("the filter wheel moves")


def present(session: Session) -> list[tables.CcdTables]:
    """Return the CCDs that this camera has."""
    return [ccd for ccd in tables.CCDS if ccd.prefix not in session.missing]


@dataclass(frozen=True)
class Restoration:
    """What came back after a run, and what did not, with the reason."""

    restored: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.restored and not self.failed:
            return "nothing was changed"
        done = f"restored: {', '.join(self.restored) or 'nothing'}"
        if not self.failed:
            return done
        left = "; ".join(f"{name} ({reason})" for name, reason in self.failed.items())
        return f"NOT RESTORED: {left}; {done}"


def restore(session: Session, before: Snapshot, *, flash: bool) -> Restoration:
    """Give the camera back as it was, part by part; a part that fails does not stop the others.

    Lost answers are asked for again, of a camera that is away for `Pace.restore_s`: a cable is put
    back, a camera comes up again. A second stop signal ends that.
    """
    parts = dict(_parts(session, before, flash=flash))
    waiting, failed, rounds = list(parts), dict[str, str](), 0
    deadline = time.monotonic() + session.pace.restore_s
    with stop_signals_waiting():
        while waiting:
            errors = _try_parts(session, {name: parts[name] for name in waiting})
            failed = {name: str(error) for name, error in errors.items()}
            lost = any(isinstance(error, CameraError) for error in errors.values())
            # The comparison, which is last, only reads: without an answer to it the camera is away.
            away = isinstance(errors.get(waiting[-1]), CameraError)
            rounds += not away
            over = time.monotonic() > deadline if away else rounds >= ROUNDS
            if not lost or over or stop_signal_waits():
                break
            waiting = [name for name in parts if name in failed or name == waiting[-1]]
            time.sleep(session.pace.retry_s)
    return Restoration(tuple(name for name in parts if name not in failed), failed)


def _try_parts(
    session: Session, parts: Mapping[str, Callable[[], object]]
) -> dict[str, IndiStxError | ValueError]:
    """Restore parts and return what failed."""
    errors: dict[str, IndiStxError | ValueError] = {}
    lost = False
    for name, action in parts.items():
        try:
            # A camera that is gone is asked once for each other part, not for minutes.
            if lost:
                action()
            else:
                session.insist(action)
        except (Mismatch, Skipped, CameraError, ValueError) as error:
            lost = isinstance(error, (CameraUnreachable, CameraTimeout))
            errors[name] = error
    return errors


def _parts(
    session: Session, before: Snapshot, *, flash: bool
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what this run may have changed, the most dangerous first, and how it comes back."""
    touched = session.touched
    if "/api/PulseGuide.cgi" in touched:
        yield "guide relays open", lambda: guiding.open_relays(session)
    for ccd in present(session):
        if f"/api/{ccd.prefix}StartExposure.cgi" in touched:
            yield f"{ccd.title} CCD idle", partial(exposures.stop, session, ccd)
    if "/api/ImagerSetSettings.cgi" in touched:
        if not session.cooling:
            yield "cooler", lambda: _restore_cooler(session, before)
        yield "fan and overscan", lambda: put_back(session, before.newer)
    for ccd in present(session):
        if f"/api/{ccd.prefix}SetSettings.cgi" in touched:
            yield f"{ccd.title} frame", partial(_restore_frame, session, ccd, before)
    if "/api/ChangeFilter.cgi" in touched and "Filter" not in session.missing:
        yield f"filter wheel at {before.filter}", lambda: _restore_wheel(session, before.filter)
    if "/api/AOGuide.cgi" in touched:
        # Where it stood before cannot be asked.
        yield "AO mirror centred", lambda: guiding.centre(session)
    if flash and touched & {"/api/SetFilterName.cgi", "/api/SetFITSSetting.cgi"}:
        yield "filter names", lambda: _restore_names(session, before)
        yield "FITS settings", lambda: _restore_fits(session, before)
    if touched:
        yield "all settings compared", lambda: _compare(session, before)


def _restore_cooler(session: Session, before: Snapshot) -> None:
    ccd = tables.CCDS[0]
    session.accepted(set_uri(ccd, **{name: before.ccds[ccd.prefix][name] for name in _COOLER}))


def _restore_frame(session: Session, ccd: tables.CcdTables, before: Snapshot) -> None:
    whole_sensor(session, ccd)
    wanted = {n: text for n, text in before.ccds[ccd.prefix].items() if n not in _COOLER}
    # NumX and NumY before a StartX that they may not fit: the camera had it, it gets it back.
    starts = {name: wanted.pop(name) for name in ("StartX", "StartY")}
    session.accepted(set_uri(ccd, **wanted))
    session.accepted(set_uri(ccd, **starts))


def _restore_wheel(session: Session, position: int) -> None:
    filters.wait_for_wheel(session)
    code = filters.move(session, position)
    expect(code is None, shown_code(code))


def _restore_names(session: Session, before: Snapshot) -> None:
    # The Flash is written only where it differs.
    names = session.read("/api/GetFilterSetting.cgi", list(FILTER_NAMES))
    changed = {name: text for name, text in before.filter_names.items() if names[name] != text}
    if changed:
        filters.write_names(session, changed)


def _restore_fits(session: Session, before: Snapshot) -> None:
    values = session.read("/api/GetFITSSetting.cgi", _FITS_NAMES)
    changed = {name: text for name, text in before.fits.items() if values[name] != text}
    if changed:
        fits.write(session, changed)


def _compare(session: Session, before: Snapshot) -> None:
    wanted, found = _steady(before), _steady(take_snapshot(session))
    differing = [f"{n} {wanted[n]} is {found.get(n)}" for n in wanted if wanted[n] != found.get(n)]
    expect(not differing, ", ".join(differing))


def _steady(snapshot: Snapshot) -> dict[str, str]:
    """Return what must come back exactly; an automatic fan's power is its own."""
    ccds = {
        f"{prefix} {name}": text
        for prefix, values in snapshot.ccds.items()
        for name, text in values.items()
    }
    newer = {name: text for name, text in snapshot.newer.items() if name != "FanPower"}
    wheel = {"CurrentFilter": str(snapshot.filter)}
    return ccds | newer | wheel | snapshot.filter_names | snapshot.fits
