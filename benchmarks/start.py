"""Starting: until CONNECTION is defined, until all is defined after Connect, and the memory then.

The yardstick is a bare Python that imports the same modules of the standard library.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cameras import FAST, Camera, simulated_camera
from benchmarks.processes import Process
from benchmarks.report import Section, Target, median, ms, ratio
from benchmarks.site import DEVICE, DRIVER, LAST_PROPERTY, LIMIT_S, folder
from indi_stx.client import indiserver, unix_client
from indi_stx.indi import DefVector

SETTLED_S = 1.5
"""After the last property, until memory is looked at and nothing more is expected."""
MIB = 1 << 20
OWN_MODULES = ("indi_stx.camera.devices", "indi_stx.driver.channel", "indi_stx.driver.runtime")
MODULES = f"""
import sys, signal, {", ".join(OWN_MODULES)}
print(" ".join(sorted(m for m in sys.modules if not m.startswith(("indi_stx", "_", "encodings")))))
"""


@dataclass(frozen=True)
class Start:
    """One start and one connection, in seconds and bytes."""

    defined: float
    connected: float
    all_defined: float
    bytes_before: int
    bytes_after: int


async def once(home: Path, camera: Camera) -> Start:
    """Start indiserver with the driver, and connect; both processes' starts count."""
    began = time.monotonic()
    with indiserver(home, (str(DRIVER),)) as server:
        async with unix_client(server.socket_path, device=DEVICE, limit_s=LIMIT_S) as client:
            await client.ask()
            await client.defined("CONNECTION")
            defined = time.monotonic() - began
            await client.defined("DEVICE_ADDRESS")
            await asyncio.sleep(SETTLED_S)
            (pid,) = server.driver_pids()
            process = Process(pid)
            before = process.resident_bytes
            await client.texts("DEVICE_ADDRESS", ADDRESS=camera.host, PORT=str(camera.port))
            since = len(client.seen)
            connect_at = time.monotonic()
            await client.switch("CONNECTION", "CONNECT")
            await client.defined(LAST_PROPERTY)
            await asyncio.sleep(SETTLED_S)
            definitions = [
                (seen.at, seen.message.device)
                for seen in client.seen[since:]
                if isinstance(seen.message, DefVector)
            ]
            of_camera = [at for at, device in definitions if device == DEVICE]
            return Start(
                defined=defined,
                connected=of_camera[-1] - connect_at,
                all_defined=definitions[-1][0] - connect_at,
                bytes_before=before,
                bytes_after=process.resident_bytes,
            )


def bare_python(modules: Sequence[str]) -> float:
    """Start Python and import modules, nothing else."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {', '.join(modules)}"], check=True)
    return time.monotonic() - began


def modules_of_driver() -> list[str]:
    """Return the modules of the standard library that the driver imports before it connects."""
    found = subprocess.run(
        [sys.executable, "-c", MODULES], check=True, capture_output=True, text=True
    )
    return [name for name in found.stdout.split() if name.split(".")[0] in sys.stdlib_module_names]


async def measure(count: int) -> Section:
    """Measure starts and the yardstick in turn."""
    section = Section("start")
    modules = await asyncio.to_thread(modules_of_driver)
    starts, bare, own = [], [], []
    with folder() as home, simulated_camera(FAST) as camera:
        for i in range(count + 1):
            start = await once(home / str(i), camera)
            python_s = await asyncio.to_thread(bare_python, modules)
            own_s = await asyncio.to_thread(bare_python, OWN_MODULES)
            if i:  # the first one fills the disk's cache
                starts.append(start)
                bare.append(python_s)
                own.append(own_s)
    defined = [s.defined for s in starts]
    section.say(f"{count} starts, medians (ranges):")
    section.table(
        ("", "median (range)"),
        [
            ("indiserver and driver started, until CONNECTION is defined", ms(defined)),
            (f"bare Python with the same {len(modules)} modules of its library", ms(bare)),
            ("Python that imports the driver's own modules, too, and ends", ms(own)),
            ("Connect, until all properties are defined", ms([s.connected for s in starts])),
            ("... and those of the guide head", ms([s.all_defined for s in starts])),
            ("memory before connecting", _megabytes([s.bytes_before for s in starts])),
            ("memory after connecting", _megabytes([s.bytes_after for s in starts])),
        ],
    )
    section.targets = [
        Target("CONNECTION defined / bare Python", ratio(defined, bare), 1.3),
        Target("Connect until defined", median(s.connected for s in starts), 0.8, " s"),
        Target("memory when connected", median(s.bytes_after for s in starts) / MIB, 65, " MiB"),
    ]
    return section


def _megabytes(sizes: Sequence[int]) -> str:
    low, middle, high = (f"{v / MIB:.0f}" for v in (min(sizes), median(sizes), max(sizes)))
    return f"{middle} MiB ({low} to {high})"
