"""How it grows: with the number of cameras, with that of clients, and with the size of a frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks import plot
from benchmarks.cameras import LARGE, LINK_BYTES_PER_S, simulated_camera
from benchmarks.report import DOCS, Section, Target, median, ms
from benchmarks.site import LEARNING_FRAMES, Site, Unit, build_peer, folder, site
from benchmarks.tcp_receiver import tcp_receiver
from indi_stx.client import unix_client
from indi_stx.indi import BlobPolicy

EXPOSURE_S = 0.1
PAUSE_S = 0.3
CAMERAS = (1, 2, 4, 8)
CLIENTS = (1, 2, 4, 8)
SIDES = (1024, 2048, 4096, 8192)
PICTURE = DOCS / "performance-growth.svg"

Times = Mapping[int, Sequence[float]]


async def together(place: Site) -> list[float]:
    """Take a frame with every camera at the same time; return ready to client of each."""
    frames = await asyncio.gather(*(place.frame(unit, EXPOSURE_S) for unit in place.units))
    place.client.seen.clear()
    await asyncio.sleep(PAUSE_S)
    return [arrived_s - times.ready_s for arrived_s, times in frames]


async def with_cameras(count: int) -> Times:
    """Return ready to client for each number of cameras, each with a link of its own."""
    found: dict[int, list[float]] = {}
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(folder())
        cameras = [
            stack.enter_context(simulated_camera(bytes_per_s=LINK_BYTES_PER_S))
            for _ in range(max(CAMERAS))
        ]
        for number in reversed(CAMERAS):
            async with site(home, cameras[:number], numbered=True) as place:
                # What all of them learn together, each of the smaller sites knows already.
                for _ in range(LEARNING_FRAMES if number == max(CAMERAS) else 1):
                    await together(place)
                found[number] = [s for _ in range(count) for s in await together(place)]
    return {number: found[number] for number in CAMERAS}


async def with_clients(count: int) -> dict[str, Times]:
    """Return ready to the last client, for each number of clients that take the same frame."""
    unix: dict[int, list[float]] = {}
    tcp: dict[int, list[float]] = {}
    with folder() as home, simulated_camera() as camera:
        async with site(home, [camera]) as place:
            (unit,) = place.units
            for _ in range(LEARNING_FRAMES):
                await together(place)
            for number in CLIENTS:
                unix[number] = [await _to_unix_clients(place, unit, number) for _ in range(count)]
                tcp[number] = [await _to_tcp_clients(place, unit, number) for _ in range(count)]
    return {"unix clients": unix, "TCP clients": tcp}


async def _to_unix_clients(place: Site, unit: Unit, number: int) -> float:
    """Return ready to the last of several unix-socket clients, one of them the site's own."""
    async with contextlib.AsyncExitStack() as stack:
        others = []
        for _ in range(number - 1):
            way = unix_client(place.server.socket_path, device=unit.device)
            client = await stack.enter_async_context(way)
            await client.ask(unit.device)
            await client.enable_blobs(BlobPolicy.ONLY)
            others.append(client)
        await place.blobs(unit, BlobPolicy.ALSO)
        await asyncio.sleep(PAUSE_S)
        since = [len(client.seen) for client in others]
        arrived_s, times = await place.frame(unit, EXPOSURE_S)
        for client, place_in_seen in zip(others, since, strict=True):
            await client.blob(since=place_in_seen)
            arrived_s = max(arrived_s, client.seen[-1].at)
        place.client.seen.clear()
        return arrived_s - times.ready_s


async def _to_tcp_clients(place: Site, unit: Unit, number: int) -> float:
    """Return ready to the last of several TCP clients."""
    async with contextlib.AsyncExitStack() as stack:
        receivers = [
            await stack.enter_async_context(tcp_receiver(place.server.port)) for _ in range(number)
        ]
        for receiver in receivers:
            receiver.enable(unit.device, "Only")
        await place.blobs(unit, BlobPolicy.NEVER)
        await asyncio.sleep(PAUSE_S)
        since = await place.expose(unit, EXPOSURE_S)
        arrivals = [await receiver.arrival_s() for receiver in receivers]
        await place.ended(unit, since)
        place.client.seen.clear()
        return max(arrivals) - unit.camera.frame_times().ready_s


async def with_sizes(count: int) -> dict[str, Times]:
    """Return ready to client for each size of a frame, of the driver and of the peer."""
    has_peer = build_peer()
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(folder())
        camera = stack.enter_context(simulated_camera(LARGE))
        peer_camera = stack.enter_context(simulated_camera(LARGE)) if has_peer else None
        async with site(home, [camera], peer_camera) as place:
            units = dict(zip(("driver", "peer"), place.units, strict=False))
            for side in SIDES:
                frame = {"X": 0.0, "Y": 0.0, "WIDTH": float(side), "HEIGHT": float(side)}
                for unit in units.values():
                    await place.client.numbers("CCD_FRAME", device=unit.device, **frame)
                await asyncio.sleep(1)
                for _ in range(LEARNING_FRAMES):
                    await place.frame(place.units[0], EXPOSURE_S)
                await place.frame(place.units[-1], EXPOSURE_S)
                for _ in range(count):
                    for name, unit in units.items():
                        arrived_s, times = await place.frame(unit, EXPOSURE_S)
                        place.client.seen.clear()
                        found[name][side * side].append(arrived_s - times.ready_s)
                        await asyncio.sleep(PAUSE_S)
    return {name: dict(times) for name, times in found.items()}


async def measure(count: int) -> Section:
    """Measure all three."""
    section = Section("growth")
    cameras, clients, sizes = (
        await with_cameras(count),
        await with_clients(count),
        await with_sizes(count),
    )
    section.say("From the camera having the frame to the client having it, medians (ranges).")
    section.say("Cameras under one indiserver, exposing together, each with a link of 12.5 MB/s:")
    one = median(cameras[1])
    section.table(
        ("cameras", "ready to client", "/ one camera", "latest frame / one camera"),
        [
            (str(n), ms(t), f"{median(t) / one:.2f}", f"{max(t) / one:.2f}")
            for n, t in cameras.items()
        ],
    )
    section.say("Clients that take the same frame, until the last of them has it; unlimited link:")
    section.table(
        ("clients", *clients), [(str(n), *(ms(t[n]) for t in clients.values())) for n in CLIENTS]
    )
    section.say("Frames of different sizes, unix client; unlimited link:")
    section.table(
        ("megapixels", *sizes, *(["driver / peer"] if len(sizes) > 1 else [])),
        [_size_row(n, sizes) for n in sizes["driver"]],
    )
    section.say(f"![curves]({PICTURE.name})")
    latest = max(cameras[max(CAMERAS)]) / one
    section.targets.append(Target("latest frame of 8 cameras / one camera", latest, 1.15))
    section.pictures[PICTURE] = plot.curves(
        "From the camera having the frame to the client having it",
        {
            "number of cameras": {"12.5 MB/s each": _medians(cameras)},
            "number of clients": {name: _medians(times) for name, times in clients.items()},
            "megapixels": {name: _medians(times, 1e6) for name, times in sizes.items()},
        },
        "s",
    )
    return section


def _size_row(pixels: int, sizes: Mapping[str, Times]) -> tuple[str, ...]:
    cells = [f"{pixels / 1e6:.1f}", *(ms(times[pixels]) for times in sizes.values())]
    if len(sizes) > 1:
        cells.append(f"{median(sizes['driver'][pixels]) / median(sizes['peer'][pixels]):.2f}")
    return tuple(cells)


def _medians(times: Times, unit: float = 1.0) -> list[tuple[float, float]]:
    return [(n / unit, median(t)) for n, t in times.items()]
