"""A clean Debian in a folder, made by packaging/chroot, to install things in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROOT = ROOT / "packaging" / "chroot"
BOOT = ROOT / "packaging" / "boot"
LIMIT_S = 1500.0
# Taken before a test has a home of its own: the bases are made once, not once a test.
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


class Debian:
    """A fresh system; what a test changes in it is in `changes`, and is deleted with `folder`."""

    def __init__(self, suite: str, folder: Path, packages: Sequence[str] = ()) -> None:
        needs_root_and_debootstrap()
        self.changes = folder / "changes"
        self._folder = folder
        call([str(CHROOT), "copy", suite, str(folder), *packages])

    def run(self, script: str, *, network: bool = True, fails: bool = False) -> str:
        """Run lines of a shell as root, the first failing one ends them; return what was said.

        Without network, all ports are free, and nothing can be fetched.
        """
        how = "run" if network else "alone"
        return call([str(CHROOT), how, str(self._folder), "bash", "-euc", script], fails)

    def boot(self, script: str, *, network: bool = True) -> str:
        """Start it with systemd (Debian 12), run lines of a shell as `run` does, and end it."""
        how = [] if network else ["--alone"]
        return call([str(BOOT), *how, str(self._folder), "bash", "-euc", script])

    def put(self, name: str, content: bytes | str) -> None:
        """Put a file into the system."""
        path = self.changes / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def needs_root_and_debootstrap() -> None:
    """Skip the test, and say why, where no system can be made; in CI that is a failure."""
    done = subprocess.run([CHROOT, "check"], capture_output=True, text=True)
    if done.returncode:
        (pytest.fail if "CI" in os.environ else pytest.skip)(done.stderr.strip())


def call(command: Sequence[str], fails: bool = False) -> str:
    """Run a program of packaging/, and return what it said; it must end well, or fail."""
    done = subprocess.run(
        command,
        env={**os.environ, "XDG_CACHE_HOME": CACHE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
    )
    assert (done.returncode != 0) == fails, done.stdout[-5000:]
    return done.stdout


def packages(name: str) -> list[str]:
    """Return the names in a list of packages."""
    lines = (ROOT / name).read_text().splitlines()
    return [word for line in lines for word in line.partition("#")[0].split()]
