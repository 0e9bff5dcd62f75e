"""Every fault of the simulated camera at every CCD in every phase of an exposure.

All of it takes minutes and is for `make test-faults`; every run of the tests has each fault once.
"""

from __future__ import annotations

import asyncio

import pytest

from indi_stx.simulator.fault_kinds import CCD_NAMES, FAULTS
from tests.faults.cells import TRIALS, Phase, Trial
from tests.faults.commands import commands, run_command, run_commands
from tests.faults.matrix import run_cells, run_trial

AT_A_TIME = 6
"""So many cameras and drivers at once mostly wait."""


@pytest.mark.faults
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault)
async def test_the_frame_arrives_or_somebody_says_why(trial: Trial) -> None:
    await run_trial(trial)


@pytest.mark.faults
@pytest.mark.parametrize("command", commands())
async def test_a_command_that_gets_lost_is_carried_out_or_told(command: str) -> None:
    await run_command(commands()[command])


def test_no_fault_is_left_out() -> None:
    assert {trial.kind for trial in TRIALS} == set(FAULTS)


async def test_each_fault_once() -> None:
    room = asyncio.Semaphore(AT_A_TIME)

    async def one(number: int, trial: Trial) -> None:
        async with room:
            phase = list(Phase)[number % len(Phase)]
            await run_cells(trial, CCD_NAMES[number % len(CCD_NAMES)], [phase])

    async with asyncio.TaskGroup() as group:
        for number, trial in enumerate(TRIALS):
            group.create_task(one(number, trial))


async def test_each_command_lost_once() -> None:
    some = [name for name in commands() if not name.startswith(("Guider", "ExtGuider"))]
    await run_commands(some, ("answer-lost=close", "request-lost=reset"))
