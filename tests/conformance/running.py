"""A whole run against a quick simulated camera, without pauses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from indi_stx.conformance.checks import Run, RunOptions, all_rows
from indi_stx.conformance.http import Address
from indi_stx.conformance.rows import Result
from indi_stx.conformance.session import Pace, Session
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread

NO_PAUSE = Pace(
    gap_s=0.0, timeout_s=20.0, latency_s=0.02, settle_s=30.0, restore_s=0.0, retry_s=0.0
)
EVERYTHING = RunOptions(write=True, flash=True, fresh=True, long_pulses=True)


@contextmanager
def simulated(**options: object) -> Iterator[SimulatorThread]:
    """Run a quick camera that does not mind to be asked without pauses."""
    chosen = {"model": "STT-8300", "time_scale": 20.0, "overload_delay_s": 0.0} | options
    with SimulatorThread(SimulatorOptions(**chosen)) as camera:  # type: ignore[arg-type]
        yield camera


def session_with(url: str, pace: Pace = NO_PAUSE) -> Session:
    """Return a surveyed session."""
    session = Session(Address.parse(url), pace)
    session.survey()
    return session


def results_of(
    url: str, options: RunOptions = EVERYTHING, pace: Pace = NO_PAUSE
) -> dict[str, Result]:
    """Run the rows of `options`."""
    with closing(Run(session_with(url, pace), all_rows(), options).results()) as running:
        return {result.row.id: result for result in running}


def url_of(camera: SimulatorThread) -> str:
    return f"http://{camera.host}:{camera.port}"
