"""Guide pulses and AO moves: from the client's write to the camera, idle and under load.

Under load, the imager takes full frames and the guider its own, one after the other, over a link of
12.5 MB/s; the filter wheel moves all the time, and the telemetry goes on as always. The pulses come
from a client of their own, at random moments.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass

from benchmarks import plot
from benchmarks.cameras import LINK_BYTES_PER_S, REAL, Camera, Request, simulated_camera
from benchmarks.report import DOCS, Section, Target, median, percentile
from benchmarks.site import DEVICE, LEARNING_FRAMES, LIMIT_S, Site, folder, site
from indi_stx.client import WireClient, tcp_client
from indi_stx.indi import Kind, State

PULSE_MS = 30
PAUSES_S = (0.1, 0.9)
GAP_S = 0.05
"""STX API, "HTTP Command Interval"."""
ALREADY_SENT_S = 0.002
"""What arrives so soon after the write was on its way before it."""
PICTURE = DOCS / "performance-guiding.svg"

PULSE_CALL, AO_CALL = "/api/PulseGuide.cgi?", "/api/AOGuide.cgi?"
PULSES = (
    ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_N"),
    ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_W"),
    ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_S"),
    ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_E"),
)
MOVES = (("AO_NS", "AO_N"), ("AO_WE", "AO_W"), ("AO_NS", "AO_S"), ("AO_WE", "AO_E"))


@dataclass(frozen=True)
class Arrivals:
    """What became of the writes of one kind.

    Attributes:
        latencies_s: from the client's write until the camera has the first byte of the request.
        own_s: what is left of that without the time until the camera could be sent anything at
            all: 50 ms after its answer to the command before.
        overtaken: how many other requests reached the camera in between.
    """

    latencies_s: list[float]
    own_s: list[float]
    overtaken: list[int]

    @classmethod
    def of(cls, writes_s: list[float], requests: list[Request], call: str) -> Arrivals:
        """Bring writes together with the requests that they led to, in their order."""
        sent = [i for i, request in enumerate(requests) if request.uri.startswith(call)]
        assert len(sent) == len(writes_s), f"{len(writes_s)} writes, {len(sent)} {call}"
        latencies, own, overtaken = [], [], []
        for written_s, index in zip(writes_s, sent, strict=True):
            arrived_s = requests[index].arrived_s
            free_s = _free_s(requests[index - 1]) if index else written_s
            latencies.append(arrived_s - written_s)
            own.append(arrived_s - max(written_s, free_s))
            overtaken.append(
                sum(written_s + ALREADY_SENT_S < r.arrived_s < arrived_s for r in requests)
            )
        return cls(latencies, own, overtaken)

    def row(self, name: str) -> tuple[str, ...]:
        """The cells of its row."""
        figures = [percentile(self.latencies_s, p) for p in (50, 90, 99, 100)]
        figures += [percentile(self.own_s, p) for p in (50, 99)]
        passed = f"{sum(self.overtaken)} ({max(self.overtaken)} at most)"
        in_ms = (f"{1000 * seconds:.1f}" for seconds in figures)
        return name, str(len(self.latencies_s)), *in_ms, passed


def _free_s(request: Request) -> float:
    """Return when the next command may be sent; a frame streams while others are."""
    is_frame = request.uri.endswith((".bin", ".FIT"))
    return GAP_S + (request.arrived_s if is_frame else request.ended_s)


async def writes(
    client: WireClient, kinds: tuple[tuple[str, str], ...], value: float, count: int
) -> list[float]:
    """Write one after the other, each when the one before has ended; return when."""
    times = []
    for name, element in itertools.islice(itertools.cycle(kinds), count):
        await asyncio.sleep(random.uniform(*PAUSES_S))
        times.append(time.monotonic())
        since = await client.write(Kind.NUMBER, name, device=None, **{element: value})
        await client.until(
            lambda m, name=name: getattr(m, "name", "") == name and m.state is not State.BUSY,  # type: ignore[misc]
            since=since,
        )
        client.seen.clear()
    return times


async def pulses_and_moves(camera: Camera, port: int, count: int) -> tuple[Arrivals, Arrivals]:
    """Measure pulses, then AO moves."""
    async with tcp_client("127.0.0.1", port, device=DEVICE, limit_s=LIMIT_S) as client:
        await client.ask(DEVICE)
        await client.defined("AO_NS")
        pulses = await writes(client, PULSES, PULSE_MS, count)
        moves = await writes(client, MOVES, 3, count)
    requests = camera.requests(pulses[0])
    return Arrivals.of(pulses, requests, PULSE_CALL), Arrivals.of(moves, requests, AO_CALL)


async def imager_frames(place: Site) -> None:
    """Take full frames, one after the other."""
    while True:
        await place.frame(place.units[0], 1.0)


async def guider_frames(place: Site) -> None:
    """Take guide frames, one after the other."""
    while True:
        await place.frame(place.units[0], 0.5, "GUIDER", "CCD2")


async def filter_moves(place: Site) -> None:
    """Move the filter wheel, one filter after the other."""
    for slot in itertools.cycle((3, 1, 5, 2)):
        since = await place.client.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=slot)
        await place.client.finished("FILTER_SLOT", since=since)


LOADS: tuple[Callable[[Site], Coroutine[None, None, None]], ...] = (
    imager_frames,
    guider_frames,
    filter_moves,
)


@contextlib.asynccontextmanager
async def load(place: Site) -> AsyncIterator[None]:
    """Keep the camera busy during the block."""
    tasks = [asyncio.create_task(work(place)) for work in LOADS]
    try:
        yield
        for task in tasks:
            assert not task.done(), task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def measure(count: int) -> Section:
    """Measure idle, then under load."""
    section = Section("guiding")
    with folder() as home, simulated_camera(REAL, LINK_BYTES_PER_S) as camera:
        async with site(home, [camera]) as place:
            await asyncio.sleep(2)
            idle = await pulses_and_moves(camera, place.server.port, max(count // 4, 10))
            for _ in range(LEARNING_FRAMES):
                await place.frame(place.units[0], 0.1, "GUIDER", "CCD2")
            async with load(place):
                await asyncio.sleep(5)
                began_s = time.monotonic()
                loaded = await pulses_and_moves(camera, place.server.port, count)
                lasted_s = time.monotonic() - began_s
            requests = camera.requests(began_s)
    guiding = sum(r.uri.startswith((PULSE_CALL, AO_CALL)) for r in requests)
    series = {
        "pulses, idle": idle[0],
        "AO moves, idle": idle[1],
        "pulses, under load": loaded[0],
        "AO moves, under load": loaded[1],
    }
    section.say("From the client's write to the camera, in milliseconds:")
    section.table(
        (
            "",
            "count",
            "p50",
            "p90",
            "p99",
            "largest",
            "without the gap: p50",
            "p99",
            "requests sent in between",
        ),
        [arrivals.row(name) for name, arrivals in series.items()],
    )
    section.say(
        f"Under load, {len(requests) / lasted_s:.1f} requests a second reach the camera, of which "
        f"{guiding / lasted_s:.1f} are pulses and moves; 20 is the most that it allows."
    )
    section.say(f"![histogram]({PICTURE.name})")
    for name, arrivals in series.items():
        in_ms = [1000 * t for t in arrivals.latencies_s]
        if "idle" in name:
            section.targets.append(Target(f"{name}: p50", median(in_ms), 5, " ms"))
        else:
            section.targets.append(Target(f"{name}: p50", median(in_ms), 15, " ms"))
            section.targets.append(Target(f"{name}: p99", percentile(in_ms, 99), 65, " ms"))
    section.pictures[PICTURE] = plot.histograms(
        "From the client's write to the camera",
        {name: [1000 * t for t in arrivals.latencies_s] for name, arrivals in series.items()},
        "ms",
    )
    return section
