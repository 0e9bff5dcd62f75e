from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indi_stx.stx.pacing import COMMAND_GAP_S, Due, PacingQueue, Priority, Rest, Wait

priorities = st.sampled_from(Priority)
latencies = st.floats(0.0, 0.4)
arrivals = st.lists(st.tuples(st.floats(0.0, 2.0), priorities, latencies), max_size=40)


@dataclass(frozen=True, slots=True)
class Command:
    number: int
    priority: Priority
    pushed_s: float
    latency_s: float


@dataclass
class Run:
    """Play a load against the queue, with commands that take their time to answer."""

    starts: list[tuple[float, Command]] = field(default_factory=list)
    waiting_at_start: list[list[Command]] = field(default_factory=list)

    def play(self, load: list[tuple[float, Priority, float]]) -> Run:
        queue: PacingQueue[Command] = PacingQueue()
        coming = sorted(
            (Command(i, priority, at, latency) for i, (at, priority, latency) in enumerate(load)),
            key=lambda command: command.pushed_s,
        )
        waiting: list[Command] = []
        now = 0.0
        while coming or waiting:
            while coming and coming[0].pushed_s <= now:
                waiting.append(coming.pop(0))
                queue.push(waiting[-1], waiting[-1].priority)
            match queue.next(now):
                case Due(command):
                    self.starts.append((now, command))
                    waiting.remove(command)
                    self.waiting_at_start.append(list(waiting))
                    now += command.latency_s
                    queue.answered(now)
                case Wait(seconds):
                    assert 0 < seconds <= COMMAND_GAP_S + 1e-9
                    now += seconds
                case Rest.EMPTY:
                    now = coming[0].pushed_s
                case Rest.UNDER_WAY:
                    raise AssertionError("nothing is under way here")
        return self


@given(arrivals)
def test_commands_start_a_gap_after_the_answer_before(load: list) -> None:
    starts = Run().play(load).starts
    for (start, command), (following, _) in pairwise(starts):
        assert following - (start + command.latency_s) >= COMMAND_GAP_S - 1e-9


@given(arrivals)
def test_highest_class_goes_first_and_each_class_in_its_order(load: list) -> None:
    run = Run().play(load)
    for (_, command), waiting in zip(run.starts, run.waiting_at_start, strict=True):
        assert all(command.priority <= other.priority for other in waiting)
        same = [other for other in waiting if other.priority == command.priority]
        assert all(command.pushed_s <= other.pushed_s for other in same)


@given(arrivals)
def test_a_guide_pulse_waits_for_one_command_and_one_gap_at_most(load: list) -> None:
    pulse_s = 1.0
    only_pulse = [entry for entry in load if entry[1] is not Priority.GUIDE]
    run = Run().play([*only_pulse, (pulse_s, Priority.GUIDE, 0.0)])
    started = next(start for start, command in run.starts if command.priority is Priority.GUIDE)
    assert started - pulse_s <= 0.4 + COMMAND_GAP_S + 1e-9


@given(arrivals)
def test_everything_pushed_starts_once(load: list) -> None:
    started = [command.number for _, command in Run().play(load).starts]
    assert sorted(started) == list(range(len(load)))


def test_pollers_that_pause_starve_nothing() -> None:
    """A night's load: exposure state each 100 ms, a pulse a second, telemetry, one download."""
    load = [(i * 0.1, Priority.STATE, 0.005) for i in range(100)]
    load += [(float(i), Priority.GUIDE, 0.005) for i in range(10)]
    load += [(float(i), Priority.TELEMETRY, 0.005) for i in range(10)]
    load += [(5.0, Priority.DOWNLOAD, 0.02)]
    starts = Run().play(load).starts
    download = next(start for start, command in starts if command.priority is Priority.DOWNLOAD)
    assert download < 5.5


def test_removed_item_never_starts() -> None:
    queue: PacingQueue[str] = PacingQueue()
    queue.push("poll", Priority.STATE)
    queue.push("set", Priority.SETTINGS)
    assert queue.remove("poll")
    assert queue.next(0.0) == Due("set")
    assert not queue.remove("set")


def test_one_at_a_time() -> None:
    queue: PacingQueue[str] = PacingQueue()
    queue.push("a", Priority.GUIDE)
    queue.push("b", Priority.GUIDE)
    assert queue.next(0.0) == Due("a")
    assert queue.next(0.0) is Rest.UNDER_WAY
    queue.answered(0.0)
    assert queue.next(0.0) == Wait(COMMAND_GAP_S)
    assert queue.drain() == ["b"]
    assert queue.next(10.0) is Rest.EMPTY
