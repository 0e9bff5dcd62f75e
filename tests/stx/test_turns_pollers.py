"""Pollers that never pause: every command has its turn all the same, and pulses go first."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indi_stx.stx.pacing import MAX_TURNS_PASSED, Priority
from indi_stx.stx.turns import CommandTurns
from tests.harness.fake_clock import FakeClock, settle
from tests.stx.bench import GAP_S, PLAYED

below_guide = st.sampled_from([priority for priority in Priority if priority is not Priority.GUIDE])


class Crowd:
    """Pollers that ask again as soon as they are answered, and single commands among them."""

    def __init__(self, pollers: list[tuple[Priority, float]]) -> None:
        self.clock = FakeClock()
        self.turns = CommandTurns(self.clock, GAP_S)
        self.times: list[tuple[str, float, float]] = []
        """Who had a turn, from when to when."""
        self._pollers = [
            asyncio.create_task(self._poll(f"poller {number}", priority, latency_s))
            for number, (priority, latency_s) in enumerate(pollers)
        ]

    async def command(self, name: str, priority: Priority, latency_s: float) -> None:
        async with self.turns.turn(priority, name):
            began = self.clock.monotonic()
            await self.clock.sleep(latency_s)
            self.times.append((name, began, self.clock.monotonic()))

    async def _poll(self, name: str, priority: Priority, latency_s: float) -> None:
        while True:
            await self.command(name, priority, latency_s)

    async def end(self) -> None:
        for poller in self._pollers:
            poller.cancel()
        for poller in self._pollers:
            with contextlib.suppress(asyncio.CancelledError):
                await poller
        await self.turns.aclose()


pollers = st.lists(st.tuples(below_guide, st.floats(0.0, 0.4)), max_size=8)


@PLAYED
@given(pollers, st.floats(0.0, 2.0), below_guide)
def test_no_command_waits_longer_than_the_gaps_of_its_class(
    pollers: list[tuple[Priority, float]], pushed_after_s: float, priority: Priority
) -> None:
    """With a pulse each 0.7 s as well, which comes on top of the gaps."""

    async def play() -> None:
        crowd = Crowd(pollers)
        await crowd.clock.advance(pushed_after_s)
        pushed_s = crowd.clock.monotonic()
        command = asyncio.create_task(crowd.command("command", priority, 0.0))
        pulses = []
        for _ in range(60):
            if command.done():
                break
            pulses.append(asyncio.create_task(crowd.command("pulse", Priority.GUIDE, 0.0)))
            await crowd.clock.advance(0.7)
        await crowd.end()
        await asyncio.gather(command, *pulses)
        names = [name for name, _, ended in crowd.times if ended >= pushed_s]
        before = [n for n in names[: names.index("command")] if n != "pulse"]
        place = [polled for polled, _ in pollers].count(priority) + 1
        under_way = 1
        assert len(before) <= place * (MAX_TURNS_PASSED[priority] + 1) - 1 + under_way
        for (_, _, ended), (_, began, _) in pairwise(crowd.times):
            assert began - ended >= GAP_S - 1e-9

    asyncio.run(play())


@PLAYED
@given(pollers, st.lists(st.floats(0.0, 2.0), min_size=1, max_size=4))
def test_a_pulse_waits_for_the_command_under_way_only(
    pollers: list[tuple[Priority, float]], pushed_s: list[float]
) -> None:
    async def play() -> None:
        crowd = Crowd(pollers)
        await crowd.clock.advance(0.0)
        pulses = []
        begin_s = crowd.clock.monotonic()
        for number, at_s in enumerate(sorted(pushed_s)):
            await crowd.clock.advance(begin_s + at_s - crowd.clock.monotonic())
            name = f"pulse {number}"
            pulses.append(asyncio.create_task(crowd.command(name, Priority.GUIDE, 0.0)))
            await settle()
        await crowd.clock.advance(2.0)
        await asyncio.gather(*pulses)
        await crowd.end()
        for number, at_s in enumerate(sorted(pushed_s)):
            began = next(began for name, began, _ in crowd.times if name == f"pulse {number}")
            overtook = [
                name
                for name, other_began, _ in crowd.times
                if begin_s + at_s < other_began < began and not name.startswith("pulse")
            ]
            assert not overtook

    asyncio.run(play())


@pytest.mark.parametrize("latency_s", [0.005, 0.23])
async def test_a_download_begins_beside_two_endless_pollers(latency_s: float) -> None:
    crowd = Crowd([(Priority.STATE, latency_s), (Priority.TELEMETRY, latency_s)])
    await crowd.clock.advance(1.0)
    download = asyncio.create_task(crowd.command("download", Priority.DOWNLOAD, latency_s))
    await crowd.clock.advance(4 * (latency_s + GAP_S))
    assert download.done()
    await crowd.end()
