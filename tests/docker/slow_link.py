"""A slow link between two network namespaces: a program that carries packets, late, and loses some.

It stands for `tc netem`, which not every kernel has: each namespace gets a TUN device, and what is
sent into one comes out of the other with delay, rate and loss. TCP on both sides is the kernel's
own, so it loses, repeats and slows down as it would on a real line. Needs root.

    python slow_link.py PID ADDRESS PID ADDRESS [--delay S] [--loss FRACTION] [--rate BITS_PER_S]
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000
DEVICE = "slow0"
PACKET_BYTES = 2048
QUEUE_S = 0.5
"""What waits longer for its turn is dropped, as by a router's full queue."""


class Direction:
    """One way over the link.

    Attributes:
        due: packets on their way, by when they arrive.
    """

    def __init__(self, link: argparse.Namespace, seed: int) -> None:
        self.due: list[tuple[float, bytes]] = []
        self._link = link
        self._chance = random.Random(seed)
        self._free_at = 0.0

    def send(self, packet: bytes, now: float) -> None:
        """Take a packet, or lose it."""
        begins = max(now, self._free_at)
        if begins - now > QUEUE_S or self._chance.random() < self._link.loss:
            return
        self._free_at = begins + len(packet) * 8 / self._link.rate
        heapq.heappush(self.due, (self._free_at + self._link.delay, packet))


def device_in(pid: int, address: str) -> int:
    """Make the device in the namespace of a process; it stays there as long as its descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the network of process {pid}")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", address, "dev", DEVICE], check=True)
    subprocess.run(["ip", "link", "set", DEVICE, "up"], check=True)
    return fd


def carry(ends: tuple[int, int], link: argparse.Namespace) -> None:
    """Carry packets between two devices for ever."""
    ways = {ends[0]: (Direction(link, 1), ends[1]), ends[1]: (Direction(link, 2), ends[0])}
    while True:
        now = time.monotonic()
        arrivals = [way.due[0][0] for way, _ in ways.values() if way.due]
        wait_s = max(0.0, min(arrivals) - now) if arrivals else None
        readable, _, _ = select.select(ends, (), (), wait_s)
        now = time.monotonic()
        for fd in readable:
            ways[fd][0].send(os.read(fd, PACKET_BYTES), now)
        for way, other in ways.values():
            while way.due and way.due[0][0] <= now:
                os.write(other, heapq.heappop(way.due)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pid_a", type=int)
    parser.add_argument("address_a")
    parser.add_argument("pid_b", type=int)
    parser.add_argument("address_b")
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--loss", type=float, default=0.01)
    parser.add_argument("--rate", type=float, default=5e6)
    link = parser.parse_args()
    ends = device_in(link.pid_a, link.address_a), device_in(link.pid_b, link.address_b)
    print("ready", flush=True)
    carry(ends, link)


if __name__ == "__main__":
    main()
