"""The process of KStars: starting it, waiting for it, ending it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.end_to_end.ekos.bus import Bus, BusError
from tests.end_to_end.ekos.desktop import Desktop

EKOS = "/KStars/Ekos"
START_LIMIT_S = 60.0
QUIT_ATTEMPTS = 5
LOOK_S = 0.1

Found = TypeVar("Found")


@dataclass(frozen=True)
class KStars:
    """A running KStars."""

    desktop: Desktop
    bus: Bus
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """Return all that it has written so far."""
        return log_of(self.desktop).read_text(errors="replace")

    def until(self, what: str, condition: Callable[[], Found], limit_s: float) -> Found:
        """Return the first true value of a condition; fail when KStars dies or time is up."""
        deadline = time.monotonic() + limit_s
        last: object = None
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"KStars ended ({self.process.returncode}): {what}"
            try:
                last = value = condition()
                if value:
                    return value
            except BusError as error:
                last = error
            time.sleep(LOOK_S)
        raise AssertionError(f"Not within {limit_s:g} s: {what}. Last: {last!r}")

    def until_quiet(self, quiet_s: float, limit_s: float) -> None:
        """Return when nothing new has come into the log for a while."""
        seen, since = 0, time.monotonic()

        def quiet() -> bool:
            nonlocal seen, since
            size = log_of(self.desktop).stat().st_size
            if size != seen:
                seen, since = size, time.monotonic()
            return time.monotonic() - since > quiet_s

        self.until("KStars has nothing to do", quiet, limit_s)

    def action(self, name: str) -> None:
        """Choose an entry of its menus."""
        self.bus.call("/KStars", "org.kde.KMainWindow.activateAction", name)

    def quit(self) -> int:
        """End it as a person would, and return its exit code."""
        for _ in range(QUIT_ATTEMPTS):
            # Right after Ekos has stopped, a first wish to quit may be ignored.
            with contextlib.suppress(BusError):
                self.action("quit")
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(3)
        raise AssertionError("KStars does not quit.")


def log_of(desktop: Desktop) -> Path:
    """Return where KStars writes."""
    return desktop.log("kstars")


@contextlib.contextmanager
def kstars(desktop: Desktop) -> Iterator[KStars]:
    """Start KStars and wait until Ekos is there."""
    with desktop.running("kstars") as process:
        running = KStars(desktop, Bus(desktop.environment), process)
        # The last object to appear: neither wizard nor tip of the day stands before it.
        running.until(
            "KStars starts", lambda: running.bus.has(EKOS, "org.kde.kstars.Ekos"), START_LIMIT_S
        )
        yield running


def make_database(desktop: Desktop) -> Path:
    """Let a first KStars make its database, and return where."""
    database = desktop.home / ".local/share/kstars/userdb.sqlite"
    with kstars(desktop) as first:
        first.until("KStars makes its database", database.exists, 20)
        first.quit()
    log_of(desktop).rename(desktop.work / "kstars-first.log")
    return database
