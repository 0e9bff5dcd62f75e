"""One cell of the fault matrix: an exposure with a fault, and the next one without.

The rule: the frame of this very exposure arrives once and bit by bit, or the exposure ends in Alert
and somebody says why; nothing waits longer than `LIMIT_S`; the next exposure works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from indi_stx.errors import IndiStxError
from indi_stx.indi import State
from indi_stx.simulator.fault_kinds import CCD_NAMES
from tests.faults.cells import End, Phase, Trial
from tests.faults.night import Night, PhaseMissed, is_exactly, night
from tests.harness.observatory import check_requests

LIMIT_S = 60.0
"""For an exposure of at most a second, whatever happens to it."""
TRIES = 5
"""How often a phase may be missed on a busy machine."""

DURATIONS_S = {
    Phase.IDLE: 0.3,
    Phase.EXPOSING: 1.0,
    Phase.READING_OUT: 0.2,
    Phase.DOWNLOADING: 0.1,
}


@dataclass(frozen=True)
class Result:
    """How a cell ended.

    Attributes:
        said: what people were told, the last of it.
        took_s: from the request to the end.
    """

    end: End
    said: str
    took_s: float


async def run_trial(trial: Trial) -> dict[tuple[str, Phase], Result]:
    """Run a row of the matrix: the CCDs side by side, each on a camera of its own.

    Raises:
        ExceptionGroup: of the CCDs whose cells did not end as they have to.
    """
    async with asyncio.TaskGroup() as group:
        tasks = {ccd: group.create_task(run_cells(trial, ccd, Phase)) for ccd in CCD_NAMES}
    return {(ccd, phase): r for ccd, task in tasks.items() for phase, r in task.result().items()}


async def run_cells(trial: Trial, ccd: str, phases: Iterable[Phase]) -> dict[Phase, Result]:
    """Run cells of one CCD, one after another on one camera.

    Raises:
        AssertionError: one did not end as it has to.
    """
    results: dict[Phase, Result] = {}
    async with night(ccd) as place:
        for phase in phases:
            try:
                results[phase] = await _run_cell(place, trial, ccd, phase)
            except (AssertionError, IndiStxError) as error:
                raise AssertionError(f"{trial.fault}, {ccd}, {phase}: {error}") from error
        check_requests(place.server.camera.requests.records)
    return results


async def _run_cell(place: Night, trial: Trial, ccd: str, phase: Phase) -> Result:
    for _ in range(TRIES):
        try:
            return await _try_cell(place, trial, ccd, phase)
        except PhaseMissed:
            await _take_one(place, ccd, len(place.client.seen))
    raise AssertionError(f"{ccd}, {phase}: missed {TRIES} times")


async def _try_cell(place: Night, trial: Trial, ccd: str, phase: Phase) -> Result:
    loop, faults = asyncio.get_running_loop(), place.server.camera.faults
    fault = trial.written(ccd, phase)
    asked_s = loop.time()
    try:
        begins_early = phase is Phase.IDLE or (phase is Phase.DOWNLOADING and trial.acts_on_a_call)
        if begins_early:
            faults.add(fault)
        since = await place.expose(ccd, DURATIONS_S[phase])
        if not begins_early:
            await place.reached(ccd, phase)
            faults.add(fault)
        state = await place.ended(ccd, since, LIMIT_S)
        took_s = loop.time() - asked_s
    finally:
        faults.clear()
    end = _end(place, ccd, since, state)
    assert end in trial.allowed(ccd, phase), f"{end}: {place.said(since)}"
    if phase in trial.spoils_next:
        asked = await place.expose(ccd, 0.05)
        _end(place, ccd, asked, await place.ended(ccd, asked, LIMIT_S))
    await _take_one(place, ccd, len(place.client.seen))
    assert place.client.states[place.client.device, "CONNECTION"] is State.OK
    return Result(end, next(iter(place.said(since)[-1:]), ""), took_s)


def _end(place: Night, ccd: str, since: int, state: State | None) -> End:
    """Return how the exposure ended; AssertionError when it broke the rule."""
    blobs = place.blobs(ccd, since)
    if state is State.ALERT:
        assert not blobs, "a frame came, and yet the exposure failed"
        assert any(text.startswith("[ERROR]") for text in place.said(since)), "nobody said why"
        return End.ALERT
    assert state is State.OK, state
    assert len(blobs) == 1, f"{len(blobs)} frames of one exposure"
    assert is_exactly(blobs[0], place.taken[ccd][-1]), "not the pixels of this exposure"
    return End.FRAME


async def _take_one(place: Night, ccd: str, since: int) -> None:
    """Take a frame without a fault; nothing of before may come in its place."""
    before = len(place.blobs(ccd, since))
    asked = await place.expose(ccd, 0.05)
    state = await place.ended(ccd, asked, LIMIT_S)
    assert state is State.OK, f"the next exposure: {place.said(asked)}"
    blobs = place.blobs(ccd, since)[before:]
    assert len(blobs) == 1, f"{len(blobs)} frames of the next exposure"
    assert is_exactly(blobs[0], place.taken[ccd][-1]), "not the pixels of the next exposure"
