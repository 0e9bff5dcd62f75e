"""A long night: three CCDs at once, pulses and filter moves between, and a fault now and then.

    python -m tests.faults.soak --exposures 2000

A real indiserver runs the driver. Each frame is compared with what the camera read out for that
very exposure. At the end: none was lost, wrong or came twice; the driver's memory and descriptors
have not grown since the warm-up; no two commands were closer together than the document allows; and
the log is short. What the camera itself loses (an abort by another program, its error state) has to
end in Alert.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from indi_stx.client import WireClient
from indi_stx.indi import OneBlob, SetVector, State
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import DEFAULT_DATE_TIME, Ccd
from indi_stx.simulator.exposure import Frame
from indi_stx.simulator.fault_kinds import CCD_NAMES
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread
from tests.faults.cells import PREFIXES
from tests.faults.night import HEIGHT, NAMES, WIDTH, pixels_of
from tests.harness.observatory import check_requests
from tests.harness.servers import DEVICE, indiserver
from tests.harness.wire_client import unix_client

OPTIONS = SimulatorOptions(model="STT-8300", time_scale=10.0, bandwidth_bytes_per_s=20e6)
LIMIT_S = 90.0
"""For an exposure of less than a second, whatever happens to it."""
WARM_UP = 0.25
"""The part of the exposures after which the driver's memory is measured for the first time."""
MEASUREMENTS = 4
"""How often it is measured again."""
MOST_GROWTH = 0.02
MOST_LOG_BYTES = 1_000_000

SURVIVED = (
    "reset=times=2,path={prefix}State",
    "reset=times=2,path={prefix}Data.bin",
    "reset-body=after=50000,times=1,path={prefix}Data.bin",
    "stall-body=after=50000,seconds=1,times=1,path={prefix}Data.bin",
    "short-frame=missing=2,times=1,path={prefix}Data.bin",
    "garble-text=times=2,path={prefix}State",
    "truncate-text=after=0,times=2,path={prefix}State",
    "answer-lost=reset,times=1,path={prefix}StartExposure",
    "answer-lost=close,times=1,path={prefix}StartExposure",
    "request-lost=reset,times=1,path={prefix}StartExposure",
    "request-lost=close,times=1,path={prefix}State",
    "answer-lost=silence,times=1,path={prefix}State",
    "start-latency=1.5,times=1,ccd={ccd}",
    "foreign-start=duration=3,times=1,ccd={ccd}",
    "refuse=seconds=1",
    "zero-frame=times=1,ccd={ccd}",
)
"""Each is over by itself; the frame arrives all the same."""
LOST = ("foreign-abort=0.3,times=1,ccd={ccd}", "error-state=times=1,ccd={ccd}")
"""The camera loses the frame: Alert."""


@dataclass(frozen=True)
class Usage:
    """What the driver's process holds while nothing happens."""

    memory_kb: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Ask the kernel."""
        status = Path(f"/proc/{pid}/status").read_text()
        memory_kb = next(
            int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")
        )
        return cls(memory_kb, len(os.listdir(f"/proc/{pid}/fd")))


@dataclass
class Tally:
    """What was seen."""

    taken: dict[str, list[bytes]] = field(default_factory=lambda: {n: [] for n in CCD_NAMES})
    """The digests of the frames of each CCD, in the order in which they were read out."""
    delivered: set[bytes] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)

    def keep_frames(self, ccd: Ccd) -> None:
        """Note what a CCD reads out from now on."""
        deliver = ccd.deliver

        def keep(frame: Frame) -> None:
            deliver(frame)
            if frame.exposure.date_time != DEFAULT_DATE_TIME:
                self.taken[ccd.name].append(_digest(np.ascontiguousarray(frame.pixels, "<u2")))

        ccd.deliver = keep  # type: ignore[method-assign]


class Soak:
    """The night.

    Args:
        exposures: how many, of all CCDs together.
        seed: of the faults.
        one_in: how many exposures to a fault.
        most_growth: of the driver's memory, as a part of it; a short run has not warmed up.
    """

    def __init__(
        self, exposures: int, seed: int, *, one_in: int = 20, most_growth: float = MOST_GROWTH
    ) -> None:
        self.tally = Tally()
        self._most_growth = most_growth
        self._chances = {name: random.Random(f"{seed}, {name}") for name in (*CCD_NAMES, "guiding")}
        self._slot = 0
        self._exposures = exposures
        self._one_in = one_in
        self._simulator: SimulatorThread

    async def run(self, home: Path) -> str:
        """Run all of it and return a summary.

        Raises:
            AssertionError: something is wrong.
        """
        began_s = time.monotonic()
        with SimulatorThread(OPTIONS) as self._simulator, indiserver(home) as server:
            self._simulator.call(self._prepare)
            async with self._clients(server.socket_path) as (clients, guiding):
                (pid,) = server.driver_pids()
                warm = round(self._exposures * WARM_UP)
                usages = []
                for part in (warm, *_parts(self._exposures - warm)):
                    await self._expose(clients, guiding, part)
                    usages.append(Usage.of(pid))
            records = list(self._simulator.camera.requests.records)
        log_bytes = _log_bytes(home)
        check_requests(records)
        self._judge(usages[0], usages[-1], log_bytes)
        count = self.tally.count
        return (
            f"{sum(count[s] for s in ('frames', 'lost by the camera'))} exposures in "
            f"{time.monotonic() - began_s:.0f} s: {dict(count)}; {len(records)} requests; log "
            f"{log_bytes} bytes; memory in kB {[u.memory_kb for u in usages]}; descriptors "
            f"{[u.descriptors for u in usages]}."
        )

    def _prepare(self, camera: SimulatedCamera) -> None:
        for ccd in camera.ccds.values():
            self.tally.keep_frames(ccd)

    @contextlib.asynccontextmanager
    async def _clients(self, path: str) -> AsyncIterator[tuple[dict[str, WireClient], WireClient]]:
        """Connect a client for each CCD, and one that guides and moves the wheel."""
        async with contextlib.AsyncExitStack() as stack:
            found = [await stack.enter_async_context(unix_client(path)) for _ in range(4)]
            guiding = found[-1]
            for client in found:
                await client.ask()
            await guiding.defined("DEVICE_ADDRESS")
            address = {"ADDRESS": self._simulator.host, "PORT": str(self._simulator.port)}
            await guiding.texts("DEVICE_ADDRESS", **address)
            await guiding.switch("CONNECTION", "CONNECT")
            clients = dict(zip(CCD_NAMES, found, strict=False))
            for ccd, client in clients.items():
                await _prepare_client(ccd, client)
            await guiding.defined("CAMERA_FITS_OPTICS")
            yield clients, guiding

    async def _expose(
        self, clients: dict[str, WireClient], guiding: WireClient, exposures: int
    ) -> None:
        """Take so many exposures; all is quiet when this returns."""
        left = iter(range(exposures))
        others = asyncio.create_task(self._guide(guiding), name="pulses and moves")
        try:
            async with asyncio.TaskGroup() as group:
                for ccd, client in clients.items():
                    group.create_task(self._expose_ccd(ccd, client, left))
        finally:
            others.cancel()
            await asyncio.wait([others])
        if not others.cancelled():
            others.result()
        # A move may still be under way: its end comes first, and must not look like the last one's.
        rest = 2 if self._slot == 1 else 1
        since = await guiding.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=rest)
        while (await _end(guiding, "FILTER_SLOT", since)).elements[0].value != rest:
            since += 1
        self._slot = rest

    async def _expose_ccd(self, ccd: str, client: WireClient, left: Iterator[int]) -> None:
        chance = self._chances[ccd]
        for _ in left:
            fault, duration_s = "", chance.uniform(0.05, 1.0)
            if chance.randrange(self._one_in) == 0:
                fault = chance.choice((*SURVIVED, *LOST))
                self._simulator.add_fault(fault.format(ccd=ccd, prefix=PREFIXES[ccd]))
                self.tally.count["faults"] += 1
            await self._one_exposure(ccd, client, fault, duration_s)
            client.seen.clear()

    async def _one_exposure(
        self, ccd: str, client: WireClient, fault: str, duration_s: float
    ) -> None:
        names = NAMES[ccd]
        device, name = DEVICE + names.device_suffix, f"{names.head}_EXPOSURE"
        since = await client.numbers(name, device=device, **{f"{name}_VALUE": duration_s})
        state = (await _end(client, name, since, device)).state
        blobs = [e for m in client.sets(names.blob, since, device) for e in m.elements]
        if state is State.OK:
            self._check_frame(ccd, fault, [e for e in blobs if isinstance(e, OneBlob)])
        elif fault in LOST and not blobs:
            self.tally.count["lost by the camera"] += 1
        else:
            said = client.texts_said(since)[-3:]
            self.tally.wrong.append(f"{ccd}, {fault!r}: {state}, {len(blobs)} frames, {said}")

    def _check_frame(self, ccd: str, fault: str, blobs: list[OneBlob]) -> None:
        digests = [_digest(pixels_of(blob)) for blob in blobs]
        last = self.tally.taken[ccd][-1]
        if digests != [last] or (last in self.tally.delivered and "zero" not in fault):
            self.tally.wrong.append(f"{ccd}, {fault!r}: {len(digests)} frames, not its own")
        self.tally.delivered.update(digests)
        self.tally.count["frames"] += 1

    async def _guide(self, client: WireClient) -> None:
        """Guide, and change the filter now and then; both have to end well."""
        chance = self._chances["guiding"]
        while True:
            axis, first, second = chance.choice(AXES)
            pulse = {first: float(chance.randint(20, 300)), second: 0.0}
            await _end(client, axis, await client.numbers(axis, **pulse))
            self.tally.count["pulses"] += 1
            if chance.randrange(4) == 0:
                slot = self._slot = chance.randint(1, 8)
                since = await client.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=slot)
                moved = await _end(client, "FILTER_SLOT", since)
                if (moved.state, moved.elements[0].value) != (State.OK, slot):
                    self.tally.wrong.append(f"the wheel: {moved}, {client.texts_said(since)[-3:]}")
                self.tally.count["moves"] += 1
            client.seen.clear()
            await asyncio.sleep(chance.uniform(0.2, 1.0))

    def _judge(self, before: Usage, after: Usage, log_bytes: int) -> None:
        wrong = self.tally.wrong
        assert not wrong, f"{len(wrong)}: " + "\n".join(wrong[:20])
        assert after.descriptors <= before.descriptors, f"descriptors: {before}, {after}"
        growth = after.memory_kb / before.memory_kb - 1
        assert growth < self._most_growth, f"memory grew by {growth:.1%}: {before}, {after}"
        assert log_bytes < MOST_LOG_BYTES, f"{log_bytes} bytes of log"


AXES = (
    ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_N", "TIMED_GUIDE_S"),
    ("TELESCOPE_TIMED_GUIDE_NS", "TIMED_GUIDE_S", "TIMED_GUIDE_N"),
    ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_W", "TIMED_GUIDE_E"),
    ("TELESCOPE_TIMED_GUIDE_WE", "TIMED_GUIDE_E", "TIMED_GUIDE_W"),
)


async def _prepare_client(ccd: str, client: WireClient) -> None:
    """Choose a small frame, and ask for the frames of this CCD."""
    names, device = NAMES[ccd], DEVICE + NAMES[ccd].device_suffix
    frame = f"{names.head}_FRAME"
    await client.defined(frame, device=device)
    await client.enable_blobs(device=device)
    since = await client.numbers(frame, device=device, X=100, Y=80, WIDTH=WIDTH, HEIGHT=HEIGHT)
    await client.update(frame, State.OK, since=since, device=device)


async def _end(client: WireClient, name: str, since: int, device: str | None = None) -> SetVector:
    """Return the first report that is not Busy."""
    key = (device or client.device, name)
    report = await client.until(
        lambda m: (
            isinstance(m, SetVector) and (m.device, m.name) == key and m.state is not State.BUSY
        ),
        since=since,
        limit_s=LIMIT_S,
        what=f"the end of {name}",
    )
    assert isinstance(report, SetVector)
    return report


def _parts(exposures: int) -> list[int]:
    """Return how many exposures there are between two measurements."""
    whole, rest = divmod(exposures, MEASUREMENTS)
    return [whole] * (MEASUREMENTS - 1) + [whole + rest]


def _log_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*.log"))


def _digest(pixels: bytes | np.ndarray) -> bytes:  # type: ignore[type-arg]
    return sha256(pixels).digest()


def main() -> int:
    """Run a night; 1 when something was wrong."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--exposures", type=int, default=2000)
    options.add_argument("--one-in", type=int, default=20, help="how many exposures to a fault")
    options.add_argument("--seed", type=int, default=time.time_ns(), help="of the faults")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        soak = Soak(chosen.exposures, chosen.seed, one_in=chosen.one_in)
        try:
            print(asyncio.run(soak.run(Path(home))))
        except Exception as error:
            print(f"--seed {chosen.seed}: {dict(soak.tally.count)}\n{error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
