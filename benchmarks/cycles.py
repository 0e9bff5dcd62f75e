"""How fast frames can follow each other: small ones, and the cycle of a guider."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cameras import REAL, Request, simulated_camera
from benchmarks.report import Section, Target, median, ms
from benchmarks.site import LEARNING_FRAMES, Site, Unit, build_peer, folder, site

SIDE = 100
SHORT_S, GUIDE_S = 0.01, 0.5
GAP_S = 0.05
"""STX API, "HTTP Command Interval"."""
SMALL = {"X": 0.0, "Y": 0.0, "WIDTH": float(SIDE), "HEIGHT": float(SIDE)}
HEADS = {"imager": ("CCD", "CCD1"), "guider": ("GUIDER", "CCD2")}


@dataclass(frozen=True)
class Series:
    """Frames that followed each other as fast as the client could ask for them.

    Attributes:
        periods_s: from one frame at the client to the next.
        read_out_s: of the camera, from the exposure's end.
        commands: requests to the camera a frame, telemetry included.
    """

    periods_s: list[float]
    read_out_s: float
    commands: float


async def series(place: Site, unit: Unit, ccd: str, exposure_s: float, count: int) -> Series:
    """Take frames, the next as soon as one is there."""
    head, blob = HEADS[ccd]
    for _ in range(LEARNING_FRAMES):
        await place.frame(unit, exposure_s, head, blob)
    arrivals, times = [], None
    began_s = time.monotonic()
    for _ in range(count + 1):
        arrived_s, times = await place.frame(unit, exposure_s, head, blob)
        place.client.seen.clear()
        arrivals.append(arrived_s)
    assert times is not None
    return Series(
        [b - a for a, b in itertools.pairwise(arrivals)],
        times.ready_s - times.shutter_closed_s,
        len(unit.camera.requests(began_s)) / (count + 1),
    )


@dataclass(frozen=True)
class GuideFrame:
    """Where the time of one guide frame went, in seconds."""

    read_out: float
    ready_to_looked: float
    looked_to_asked: float
    asked_to_client: float
    looks: int

    @property
    def ready_to_client(self) -> float:
        """What the driver adds to the camera's own time."""
        return self.ready_to_looked + self.looked_to_asked + self.asked_to_client


async def guide_frame(place: Site, unit: Unit) -> GuideFrame:
    """Take one guide frame and see what the camera was asked for it."""
    began_s = time.monotonic()
    arrived_s, times = await place.frame(unit, GUIDE_S, "GUIDER", "CCD2")
    place.client.seen.clear()
    requests = [r for r in unit.camera.requests(began_s) if "/api/Guider" in r.uri]
    asked = _last(requests, "Data.bin")
    looked = _last([r for r in requests if r.arrived_s < asked.arrived_s], "State.cgi")
    return GuideFrame(
        read_out=times.ready_s - times.shutter_closed_s,
        ready_to_looked=looked.ended_s - times.ready_s,
        looked_to_asked=asked.arrived_s - looked.ended_s,
        asked_to_client=arrived_s - asked.arrived_s,
        looks=sum("State.cgi" in r.uri for r in requests),
    )


def _last(requests: Sequence[Request], call: str) -> Request:
    return [r for r in requests if call in r.uri][-1]


async def measure(count: int) -> Section:
    """Measure small frames, then guide frames."""
    section = Section("cycles")
    has_peer = build_peer()
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(folder())
        camera = stack.enter_context(simulated_camera(REAL))
        peer_camera = stack.enter_context(simulated_camera(REAL)) if has_peer else None
        async with site(home, [camera], peer_camera) as place:
            driver = place.units[0]
            for _ in range(LEARNING_FRAMES):
                await guide_frame(place, driver)
            guide = [await guide_frame(place, driver) for _ in range(count)]
            small = {}
            await place.client.numbers("GUIDER_FRAME", device=driver.device, **SMALL)
            small["driver, guider"] = await series(place, driver, "guider", SHORT_S, count)
            for name, unit in zip(("driver", "peer"), place.units, strict=False):
                await place.client.numbers("CCD_FRAME", device=unit.device, **SMALL)
                await asyncio.sleep(1)
                small[f"{name}, imager"] = await series(place, unit, "imager", SHORT_S, count)
    _describe_small(section, small)
    _describe_guide(section, guide)
    return section


def _describe_small(section: Section, small: dict[str, Series]) -> None:
    section.say(
        f"Frames of {SIDE} x {SIDE} pixels and {SHORT_S * 1000:.0f} ms; the client asks for the "
        "next one when it has one:"
    )
    section.table(
        (
            "",
            "from frame to frame",
            "frames a second",
            "of that, the camera exposes and reads out",
            "requests a frame",
            "these need at least",
        ),
        [
            (
                name,
                ms(s.periods_s),
                f"{1 / median(s.periods_s):.2f}",
                f"{1000 * (SHORT_S + s.read_out_s):.0f} ms",
                f"{s.commands:.1f}",
                f"{1000 * GAP_S * s.commands:.0f} ms",
            )
            for name, s in small.items()
        ],
    )


def _describe_guide(section: Section, guide: list[GuideFrame]) -> None:
    section.say(f"Guide frames of 657 x 495 pixels, {len(guide)} of {GUIDE_S} s:")
    section.table(
        ("span", "median (range)"),
        [
            ("exposure's end until the camera has the frame", ms([g.read_out for g in guide])),
            ("until it has said so", ms([g.ready_to_looked for g in guide])),
            ("until the download is asked for", ms([g.looked_to_asked for g in guide])),
            ("until the client has the frame", ms([g.asked_to_client for g in guide])),
            (
                "camera has the frame, until the client has it",
                ms([g.ready_to_client for g in guide]),
            ),
        ],
    )
    looks = [g.looks for g in guide]
    section.say(
        f"Requests for the state, a frame: {median(looks):.0f} ({min(looks)} to {max(looks)})."
    )
    total_ms = 1000 * median(g.ready_to_client for g in guide)
    section.targets.append(
        Target("guide frame: camera has it, until the client has it", total_ms, 110, " ms")
    )
    section.targets.append(Target("requests for the state, a frame", median(looks), 3))
