"""Full frames, from the camera having one to the client having it, beside the peer and downloads.

Each round takes one frame of everything: the driver and the peer for a unix-socket client and for a
TCP client, and bare downloads of the same bytes by curl and httpx. So whatever else the machine
does meets all of them alike, and the ratios hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from benchmarks.cameras import LINK_BYTES_PER_S, Camera, simulated_camera
from benchmarks.report import Section, Target, median, ms, ratio
from benchmarks.site import LEARNING_FRAMES, Site, Unit, build_peer, folder, site
from benchmarks.tcp_receiver import TcpReceiver, tcp_receiver
from indi_stx.indi import BlobPolicy

EXPOSURE_S = 0.1
PAUSE_S = 0.25
"""Between two frames: a download before must not count as the last command, nor its end."""
IDLE_S = 5.0
WAYS = ("unix", "TCP")
FREE, SLOW = "Unlimited link", "12.5 MB/s"
FRAME_BYTES = 2 * 4096 * 4096


@dataclass(frozen=True)
class Figures:
    """What one frame took, in seconds and bytes.

    Attributes:
        ready_to_asked: the camera has the frame, until its download is asked for.
        end_to_client: the camera has sent its last byte, until the client has the whole BLOB.
        ready_to_client: from the camera having the frame to the client having it.
        processor: of the driver, for the whole exposure.
        peak: of the driver's memory, above what it held before.
    """

    ready_to_asked: float
    end_to_client: float
    ready_to_client: float
    processor: float
    peak: float


Found = Mapping[tuple[str, str], list[Figures]]
"""By "driver" or "peer", and the way to the client."""


async def one_frame(place: Site, unit: Unit, receiver: TcpReceiver | None) -> Figures:
    """Take a frame for the unix-socket client, or for the TCP client."""
    await place.blobs(unit, BlobPolicy.ALSO if receiver is None else BlobPolicy.NEVER)
    if receiver is not None:
        receiver.enable(unit.device, "Only")
    await asyncio.sleep(PAUSE_S)
    idle_bytes = unit.process.resident_bytes
    unit.process.forget_peak()
    used_s, began_s = unit.process.processor_s, time.monotonic()
    since = await place.expose(unit, EXPOSURE_S)
    if receiver is None:
        arrived_s = await place.arrival_s(unit, since)
    else:
        arrived_s = await receiver.arrival_s()
        receiver.enable(unit.device, "Never")
    await place.ended(unit, since)
    place.client.seen.clear()
    await asyncio.sleep(PAUSE_S)
    download = [r for r in unit.camera.requests(began_s) if "Data.bin" in r.uri][-1]
    ready_s = unit.camera.frame_times().ready_s
    return Figures(
        ready_to_asked=download.arrived_s - ready_s,
        end_to_client=arrived_s - download.ended_s,
        ready_to_client=arrived_s - ready_s,
        processor=unit.process.processor_s - used_s,
        peak=unit.process.peak_bytes - idle_bytes,
    )


def by_curl(camera: Camera) -> float:
    """Return what curl says a download takes."""
    url = f"http://{camera.address}/api/ImagerData.bin"
    command = ["curl", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{time_total}", url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def by_httpx(camera: Camera) -> float:
    """Return how long httpx takes for the frame, throwing it away."""
    url = f"http://{camera.address}/api/ImagerData.bin"
    began = time.monotonic()
    with httpx.stream("GET", url, trust_env=False, timeout=60) as response:
        for _ in response.iter_raw():
            pass
    return time.monotonic() - began


BARE = {"curl": by_curl, "httpx": by_httpx}


async def rounds(
    place: Site, receiver: TcpReceiver, count: int
) -> tuple[Found, dict[str, list[float]]]:
    """Return what was measured, of drivers and of bare downloads."""
    drivers = dict(zip(("driver", "peer"), place.units, strict=False))
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    bare: dict[str, list[float]] = defaultdict(list)
    for _ in range(count):
        for way in WAYS:
            for name, unit in drivers.items():
                figures = await one_frame(place, unit, receiver if way == "TCP" else None)
                found[name, way].append(figures)
        for name, download in BARE.items():
            # The last camera's driver, if it is the peer, asks nothing between exposures.
            bare[name].append(await asyncio.to_thread(download, place.units[-1].camera))
            await asyncio.sleep(PAUSE_S)
    return found, bare


def describe(section: Section, link: str, found: Found, bare: Mapping[str, list[float]]) -> None:
    """Add the tables of one kind of link."""

    def of(key: tuple[str, str], what: str) -> list[float]:
        return [getattr(figures, what) for figures in found[key]]

    count = len(found["driver", "unix"])
    section.say(f"**{link}**, {count} frames of each, medians (ranges):")
    rows = []
    for (name, way), figures in found.items():
        totals = of((name, way), "ready_to_client")
        ratios = [f"{ratio(totals, times):.2f}" for times in bare.values()]
        rows.append(
            (
                f"{name}, {way} client",
                ms(of((name, way), "ready_to_asked")),
                ms(of((name, way), "end_to_client")),
                ms(totals),
                *ratios,
                ms(of((name, way), "processor")),
                f"{median(f.peak for f in figures) / FRAME_BYTES:.2f}",
            )
        )
    section.table(
        (
            "",
            "ready to asked for",
            "camera's last byte to client",
            "ready to client",
            *(f"/ {name}" for name in bare),
            "processor time",
            "peak memory, in frames",
        ),
        rows,
    )
    section.table(("bare download", "time"), [(name, ms(times)) for name, times in bare.items()])


def compare(section: Section, link: str, found: Found, bare: Mapping[str, list[float]]) -> None:
    """Add what is wanted of the figures of one kind of link."""

    def total(name: str, way: str) -> list[float]:
        return [figures.ready_to_client for figures in found[name, way]]

    def end(name: str) -> list[float]:
        return [figures.end_to_client for figures in found[name, "unix"]]

    if link == SLOW:
        for way, limit in (("unix", 1.03), ("TCP", 1.08)):
            measured = ratio(total("driver", way), bare["curl"])
            section.targets.append(Target(f"{link}: driver / curl, {way} client", measured, limit))
        return
    if ("peer", "unix") in found:
        for way, limit in (("unix", 0.7), ("TCP", 0.9)):
            measured = ratio(total("driver", way), total("peer", way))
            name = f"ready to client: driver / peer, {way} client"
            section.targets.append(Target(name, measured, limit))
        measured = ratio(end("driver"), end("peer"))
        name = "camera's last byte to client: driver / peer, unix client"
        section.targets.append(Target(name, measured, 0.5))
    figures = found["driver", "unix"]
    asked_ms = 1000 * median(f.ready_to_asked for f in figures)
    section.targets += [
        Target("ready to asked for", asked_ms, 60, " ms"),
        Target("processor time of a frame", 1000 * median(f.processor for f in figures), 80, " ms"),
        Target(
            "peak memory of a frame", median(f.peak for f in figures) / FRAME_BYTES, 1.1, " frames"
        ),
    ]


async def measure(count: int) -> Section:
    """Measure with an unlimited link and with a camera's."""
    section = Section("frames")
    has_peer = build_peer()
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(folder())
        camera = stack.enter_context(simulated_camera())
        peer_camera = stack.enter_context(simulated_camera()) if has_peer else None
        async with site(home, [camera], peer_camera) as place:
            for unit in place.units:
                for _ in range(LEARNING_FRAMES):
                    await place.frame(unit, EXPOSURE_S)
                    place.client.seen.clear()
            driver = place.units[0].process
            used_s = driver.processor_s
            await asyncio.sleep(IDLE_S)
            idle_ms = 1000 * (driver.processor_s - used_s) / IDLE_S
            section.say(f"Idle, the driver takes {idle_ms:.0f} ms of processor time a second.")
            async with tcp_receiver(place.server.port) as receiver:
                for link, limit, times in (
                    (FREE, None, count),
                    (SLOW, LINK_BYTES_PER_S, count // 2),
                ):
                    for unit in place.units:
                        unit.camera.limit_link(limit)
                    found, bare = await rounds(place, receiver, max(times, 2))
                    describe(section, link, found, bare)
                    compare(section, link, found, bare)
    return section
