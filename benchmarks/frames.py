"""Where the time of a full frame goes, from the camera being ready to the client having it.

    python benchmarks/frames.py [frames]

A simulated STX-16803 on loopback with an unlimited link, the real indiserver, one client. Three
spans, all on the machine's monotonic clock: the camera has the frame until the download is asked
for; asked for until the client has the BLOB; and beside it, in the same run, a bare download of the
same bytes by httpx, which no driver can beat over the same HTTP server.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory


async def one_frame(place: Observatory) -> tuple[float, float]:
    """Return the two spans of one frame, in seconds."""
    client = place.client
    since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.1)
    await client.blob(since=since)
    received_at = next(
        s.at for s in client.seen[since:] if getattr(s.message, "name", "") == "CCD1"
    )
    await client.update("CCD_EXPOSURE", State.OK, since=since)
    asked_at = [r.t for r in place.requests() if r.uri.endswith("Data.bin")][-1]
    ready_at = place.simulator.call(lambda camera: camera.imager.ready_at)
    client.seen.clear()
    return asked_at - ready_at, received_at - asked_at


def bare_download(place: Observatory) -> float:
    """Return how long httpx takes for the frame, throwing it away."""
    url = f"http://{place.simulator.host}:{place.simulator.port}/api/ImagerData.bin"
    began = time.monotonic()
    with httpx.stream("GET", url, trust_env=False) as response:
        for _ in response.iter_raw():
            pass
    return time.monotonic() - began


async def measure(frames: int, unix: bool) -> None:
    """Print the medians for one kind of client."""
    asked, arrived, bare = [], [], []
    with tempfile.TemporaryDirectory() as home:
        options = SimulatorOptions()
        async with observatory(Path(home), options, unix=unix, sole_client=False) as place:
            await one_frame(place)
            for _ in range(frames):
                to_asked, to_client = await one_frame(place)
                asked.append(to_asked)
                arrived.append(to_client)
                await asyncio.sleep(0.1)  # the camera's command interval
                bare.append(await asyncio.to_thread(bare_download, place))
                await asyncio.sleep(0.1)
    kind = "unix socket" if unix else "TCP"
    print(f"{kind} client, {frames} full frames of 33.6 MB, medians (range):")
    for name, times in (
        ("frame ready until the download is asked for", asked),
        ("asked for until the client has the BLOB", arrived),
        ("a bare download by httpx", bare),
    ):
        ms = sorted(1000 * t for t in times)
        print(f"  {name}: {statistics.median(ms):.0f} ms ({ms[0]:.0f} to {ms[-1]:.0f})")
    ratio = statistics.median(a / b for a, b in zip(arrived, bare, strict=True))
    print(f"  BLOB at the client / bare download: {ratio:.2f}")


async def main(frames: int) -> None:
    """Measure both kinds of client."""
    for unix in (True, False):
        await measure(frames, unix)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
