"""What a process uses, as the kernel counts it."""

from __future__ import annotations

import time
from pathlib import Path


class Process:
    """A running process, by its id."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        # Linux numbers the processor-time clocks of other processes so; see clock_getcpuclockid(3).
        self._clock = (~pid << 3) | 2

    @property
    def processor_s(self) -> float:
        """The processor time of all its threads since it started."""
        return time.clock_gettime(self._clock)

    @property
    def resident_bytes(self) -> int:
        """What it has in memory now, shared memory included."""
        return self._status("VmRSS")

    @property
    def peak_bytes(self) -> int:
        """The most it has had in memory since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """Begin to look for the peak anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise LookupError(name)


def command_line(pid: int) -> str:
    """Return what a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
