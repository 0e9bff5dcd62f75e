"""How long from the driver's start until CONNECTION is defined at a client, through indiserver.

    python benchmarks/start.py [runs]

Prints the median and the range in milliseconds, and beside it what a bare Python needs to start.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.servers import DRIVER, indiserver
from tests.harness.wire_client import tcp_client


async def once(home: Path) -> float:
    """Start indiserver with the driver; both starts count."""
    began = time.monotonic()
    with indiserver(home, (DRIVER,)) as server:
        async with tcp_client(server.port) as client:
            await client.ask()
            await client.defined("CONNECTION")
            return time.monotonic() - began


def bare_python() -> float:
    """Start Python and asyncio, nothing else."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import asyncio"], check=True)
    return time.monotonic() - began


async def main(runs: int) -> None:
    """Measure in turn and print."""
    driver, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(runs):
            driver.append(await once(Path(folder) / str(i)))
            bare.append(bare_python())
    for name, times in (("CONNECTION defined", driver), ("bare Python with asyncio", bare)):
        ms = sorted(1000 * t for t in times)
        print(f"{name}: {statistics.median(ms):.0f} ms ({ms[0]:.0f} to {ms[-1]:.0f}), {runs} runs")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
