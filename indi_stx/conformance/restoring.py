"""What the camera was set to before the rows that write, and how it gets it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from indi_stx.conformance import calls
from indi_stx.conformance.calls import BY_ID, FILTER_NAMES, FITS_SETTINGS, Call
from indi_stx.conformance.exposures import stop
from indi_stx.conformance.filters import current, move, wait_for_wheel
from indi_stx.conformance.guiding import centre, open_relays
from indi_stx.conformance.newer import newer_settings, put_back
from indi_stx.conformance.session import Mismatch, Session, Skipped, expect
from indi_stx.conformance.settings import begin, set_uri
from indi_stx.conformance.stopping import stop_signal_waits, stop_signals_waiting
from indi_stx.conformance.tables import CCD_NAMES, CCDS, COOLER
from indi_stx.errors import CameraError, CameraTimeout, CameraUnreachable, IndiStxError

ROUNDS = 3
"""How often parts are tried whose answers are lost while the camera answers others."""
Action = Callable[[], object]
_ENDINGS: dict[str, tuple[str, Callable[[Session], object]]] = {
    calls.PULSE.path: ("guide relays open", open_relays),
    **{ccd.uri("StartExposure.cgi"): (f"{ccd.title} CCD idle", partial(stop, ccd)) for ccd in CCDS},
    calls.CHANGE_FILTER.path: ("", wait_for_wheel),
    # Where the mirror stood before cannot be asked.
    calls.MIRROR.path: ("AO mirror centred", centre),
}
"""How what a call begins is ended, the most dangerous first, and the name of that part."""
_STORED = {
    **{f"{ccd.title} frame": BY_ID[f"{ccd.name}.set"] for ccd in CCDS},
    "filter names": FILTER_NAMES,
    "FITS settings": FITS_SETTINGS,
}


@dataclass(frozen=True)
class Snapshot:
    """Everything a run may change; `settings` are by the id of the Set call."""

    settings: Mapping[str, Mapping[str, str]]
    newer: Mapping[str, str]
    filter: str


def take_snapshot(session: Session) -> Snapshot:
    """Read what will have to be restored.

    Raises Skipped when the camera is at work, or when it cannot be read reliably: then nothing must
    be written.
    """
    try:
        require_idle(session)
        settings = {
            call.id: session.read(call.get.path, call.names)
            for call in calls.CALLS
            if call.get and (call is FILTER_NAMES or call.device not in session.missing)
        }
        return Snapshot(settings, newer_settings(session), str(int(current(session))))
    except (Mismatch, ValueError) as error:
        raise Skipped(f"could not be restored afterwards: {error}") from error


def require_idle(session: Session) -> None:
    """Raise Skipped when somebody else exposes, guides or moves something: a run would spoil it.

    Raises Mismatch when a state cannot be read.
    """
    for call in calls.CALLS:
        if call.busy and call.device not in session.missing:
            state = session.line(call.path)
            # A CCD that tells an unknown state is not to be disturbed.
            unknown = "busy" if call.device in CCD_NAMES else "error"
            if state != "0" and call.states.get(state, unknown) != "error":
                raise Skipped(f"{call.busy} (state {state})")


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


def restore(session: Session, before: Snapshot) -> Restoration:
    """Give the camera back as it was, part by part; a part that fails does not stop the others.

    Lost answers are asked for again, of a camera that is away for `Pace.restore_s`: a cable is put
    back, a camera comes up again. A second stop signal ends that.
    """
    parts = dict(_parts(session, before))
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
    session: Session, parts: Mapping[str, Action]
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


def end_begun(session: Session) -> None:
    """End what was begun, pulses first, and has perhaps not ended, whatever happened in a row."""
    begun, session.begun = session.begun, set()
    endings = {path: partial(end, session) for path, (_, end) in _ENDINGS.items() if path in begun}
    for error in _try_parts(session, endings).values():
        raise error


def _parts(session: Session, before: Snapshot) -> Iterator[tuple[str, Action]]:
    """Yield what this run may have changed, the most dangerous first, and how it comes back."""
    touched, imager = session.touched, BY_ID["imager.set"]
    for path, (name, end) in _ENDINGS.items():
        if name and path in touched:
            yield name, partial(end, session)
    if imager.path in touched:
        if not session.cooling:
            cooler = {name: before.settings[imager.id][name] for name in COOLER}
            yield "cooler", partial(session.answered, set_uri(session, imager, cooler))
        yield "fan and overscan", partial(put_back, session, before.newer)
    if calls.CHANGE_FILTER.path in touched:
        yield f"filter wheel at {before.filter}", partial(move, session, before.filter)
    for name, call in _STORED.items():
        if call.path in touched:
            yield name, partial(_restore_settings, session, call, before)
    if touched:
        yield "all settings compared", partial(_compare, session, before)


def _restore_settings(session: Session, call: Call, before: Snapshot) -> None:
    """Write what differs, and no more: the Flash wears. The cooler is a part of its own."""
    now, wanted = begin(session, call), before.settings[call.id]
    changed = {n: t for n, t in wanted.items() if now[n] != t and n not in COOLER}
    # NumX and NumY before a StartX that they may not fit: the camera had it, it gets it back.
    starts = {name: text for name, text in changed.items() if name.startswith("Start")}
    others = {name: text for name, text in changed.items() if name not in starts}
    for values in (others, starts):
        if values:
            session.answered(set_uri(session, call, values))


def _compare(session: Session, before: Snapshot) -> None:
    wanted, found = _steady(before), _steady(take_snapshot(session))
    differing = [f"{n} {wanted[n]} is {found.get(n)}" for n in wanted if wanted[n] != found.get(n)]
    expect(not differing, ", ".join(differing))


def _steady(snapshot: Snapshot) -> dict[str, str]:
    """Return what must come back exactly; an automatic fan's power is its own."""
    groups = {**snapshot.settings, "newer": snapshot.newer, "wheel": {"": snapshot.filter}}
    return {
        f"{group} {name}": text
        for group, values in groups.items()
        for name, text in values.items()
        if name != "FanPower"
    }
