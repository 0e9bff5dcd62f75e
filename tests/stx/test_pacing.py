from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations_with_replacement, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indi_stx.stx.pacing import (
    COMMAND_GAP_S,
    MAX_TURNS_PASSED,
    PATIENCE,
    Due,
    PacingQueue,
    Priority,
    Rest,
    Wait,
)

priorities = st.sampled_from(Priority)
POLLED = (Priority.STATE, Priority.SETTINGS, Priority.TELEMETRY)
below_guide = st.sampled_from([priority for priority in Priority if priority is not Priority.GUIDE])
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
def test_highest_class_goes_first_unless_another_was_passed_too_often(load: list) -> None:
    run = Run().play(load)
    passed = dict.fromkeys(Priority, 0)
    early = False
    for (_, command), waiting in zip(run.starts, run.waiting_at_start, strict=True):
        went_early = any(other.priority < command.priority for other in waiting)
        if went_early:
            assert passed[command.priority] >= PATIENCE[command.priority]
            assert not early, "two turns in a row against the order of the classes"
            assert not any(other.priority is Priority.GUIDE for other in waiting)
        if command.priority is not Priority.GUIDE:
            early = went_early
        for priority in Priority:
            waits = any(other.priority is priority for other in waiting)
            passed[priority] = (
                passed[priority] + 1 if waits and priority is not command.priority else 0
            )


@given(arrivals)
def test_each_class_in_its_order(load: list) -> None:
    run = Run().play(load)
    for (_, command), waiting in zip(run.starts, run.waiting_at_start, strict=True):
        same = [other for other in waiting if other.priority == command.priority]
        assert all(command.pushed_s <= other.pushed_s for other in same)


class Crowd:
    """A queue with pollers that ask again as soon as they are answered."""

    def __init__(self, pollers: list[Priority]) -> None:
        self.queue: PacingQueue[tuple[str, Priority]] = PacingQueue(gap_s=0.0)
        for number, priority in enumerate(pollers):
            self.queue.push((f"poller {number}", priority), priority)

    def turn(self) -> tuple[str, Priority]:
        """Let the next command go and be answered; a poller asks again."""
        match self.queue.next(0.0):
            case Due((name, priority)):
                self.queue.answered(0.0)
                if name.startswith("poller"):
                    self.queue.push((name, priority), priority)
                return name, priority
        raise AssertionError("nobody goes")

    def turns_until(self, name: str) -> int:
        """Return how many others go before `name`."""
        for count in range(1000):
            if self.turn()[0] == name:
                return count
        raise AssertionError(f"{name} never goes")


@given(st.lists(below_guide, max_size=20), st.integers(0, 40), below_guide)
def test_no_class_is_starved(
    pollers: list[Priority], turns_before: int, priority: Priority
) -> None:
    crowd = Crowd(pollers)
    for _ in range(turns_before if pollers else 0):
        crowd.turn()
    crowd.queue.push(("command", priority), priority)
    place = pollers.count(priority) + 1
    assert crowd.turns_until("command") < place * (MAX_TURNS_PASSED[priority] + 1)


@given(st.lists(st.lists(below_guide, max_size=4), max_size=60), below_guide)
def test_no_class_is_starved_by_commands_that_come_and_go(
    arriving: list[list[Priority]], priority: Priority
) -> None:
    """The same with an adversary that chooses before each turn what else comes."""
    queue: PacingQueue[str] = PacingQueue(gap_s=0.0)
    queue.push("command", priority)
    passed = 0
    for others in [*arriving, *[[]] * 300]:
        for other in others:
            queue.push("other", other)
        match queue.next(0.0):
            case Due("command"):
                break
            case Due(_):
                passed += 1
                queue.answered(0.0)
    assert passed <= MAX_TURNS_PASSED[priority]


@pytest.mark.parametrize("pollers", list(combinations_with_replacement(POLLED, 2)), ids=str)
def test_two_endless_pollers_let_a_download_begin(pollers: tuple[Priority, ...]) -> None:
    crowd = Crowd(list(pollers))
    crowd.queue.push(("frame", Priority.DOWNLOAD), Priority.DOWNLOAD)
    assert crowd.turns_until("frame") <= 2


BESIDE_POLLERS = {
    Priority.ABORT: 1,
    Priority.EXPOSURE_START: 1,
    Priority.STATE: 1,
    Priority.DOWNLOAD: 5,
    Priority.SETTINGS: 5,
    Priority.TELEMETRY: 10,
}


@given(st.lists(st.sampled_from(POLLED), max_size=8), st.integers(0, 40), below_guide)
def test_what_decision_3_says_of_pollers(
    pollers: list[Priority], turns_before: int, priority: Priority
) -> None:
    crowd = Crowd(pollers)
    for _ in range(turns_before if pollers else 0):
        crowd.turn()
    crowd.queue.push(("command", priority), priority)
    place = pollers.count(priority) + 1
    assert crowd.turns_until("command") < place * (BESIDE_POLLERS[priority] + 1)


@given(st.lists(below_guide, min_size=1, max_size=20), st.integers(0, 40))
def test_a_guide_pulse_overtakes_all_however_long_they_wait(
    pollers: list[Priority], turns_before: int
) -> None:
    crowd = Crowd(pollers)
    for _ in range(turns_before):
        crowd.turn()
    for number in range(3):
        crowd.queue.push((f"pulse {number}", Priority.GUIDE), Priority.GUIDE)
    assert [crowd.turn()[0] for _ in range(3)] == ["pulse 0", "pulse 1", "pulse 2"]


@given(st.lists(st.sampled_from([*PATIENCE]), min_size=1, max_size=20), st.integers(0, 40))
def test_an_abort_waits_for_one_other_at_most(pollers: list[Priority], turns_before: int) -> None:
    crowd = Crowd(pollers)
    for _ in range(turns_before):
        crowd.turn()
    crowd.queue.push(("abort", Priority.ABORT), Priority.ABORT)
    assert crowd.turns_until("abort") <= 1


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
