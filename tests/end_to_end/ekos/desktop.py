"""A screenless desktop of its own: X server, session bus, home directory, screenshots.

Every run has its own, so that runs beside each other, or beside somebody's KStars, do not meet.
Processes are ended by their id.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SCREEN = "1280x860x24"
OTHER_SESSIONS = ("XDG_", "DBUS_", "KDE", "QT_", "WAYLAND")
"""Variables by which a program would find the desktop of whoever runs the tests."""


@dataclass(frozen=True)
class Desktop:
    """Where graphical programs of a test live.

    Attributes:
        work: everything that a run leaves behind: home, logs, screenshots.
    """

    work: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def home(self) -> Path:
        """The home directory of its programs."""
        return Path(self.environment["HOME"])

    def log(self, program: str) -> Path:
        """Return where the output of a program goes."""
        return self.work / f"{program}.log"

    @contextlib.contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program until the end of the context, its output in a log."""
        with _running(command, self.log(command[0]), self.environment) as process:
            yield process

    def show(self, title: str, click: tuple[int, int] | None = None) -> None:
        """Raise the window whose title starts so, and click into it; no window manager would."""
        window = self._xdotool("search", "--onlyvisible", "--name", f"^{title}").split()[-1]
        self._xdotool("windowmove", "--sync", window, "0", "0")
        self._xdotool("windowraise", window)
        if click:
            self._xdotool("mousemove", "--sync", str(click[0]), str(click[1]), "click", "1")

    def window_titles(self) -> list[str]:
        """Return the titles of all windows to be seen, "" for one without."""
        windows = self._xdotool("search", "--onlyvisible", "--class", ".").split()
        return [self._xdotool("getwindowname", window).strip() for window in windows]

    def screenshot(self, name: str) -> Path:
        """Save what a person would see, and return where."""
        path = self.work / f"{name}.png"
        self._run("import", "-window", "root", str(path))
        return path

    def _xdotool(self, *arguments: str) -> str:
        return self._run("xdotool", *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=20
        )
        assert done.returncode in (0, 1), (command, done.stderr)
        return done.stdout


@contextlib.contextmanager
def desktop(work: Path) -> Iterator[Desktop]:
    """Start an X server on a free display and a session bus, and end them."""
    environment = _environment(work)
    with contextlib.ExitStack() as stack:
        for variable, prefix, command in (
            ("DISPLAY", ":", ("Xvfb", "-displayfd", "{fd}", "-screen", "0", SCREEN)),
            (
                "DBUS_SESSION_BUS_ADDRESS",
                "",
                ("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address={fd}"),
            ),
        ):
            told = stack.enter_context(_announcing(command, work, environment))
            environment[variable] = prefix + told
        yield Desktop(work, environment)


def _environment(work: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OTHER_SESSIONS)}
    folders = {
        "HOME": work / "home",
        "XDG_CONFIG_HOME": work / "home/.config",
        "XDG_DATA_HOME": work / "home/.local/share",
        "XDG_CACHE_HOME": work / "home/.cache",
        "XDG_RUNTIME_DIR": work / "run",
        "TMPDIR": work / "tmp",
    }
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fixed = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "QT_QPA_PLATFORM": "xcb", "NO_AT_BRIDGE": "1"}
    return inherited | {k: str(v) for k, v in folders.items()} | fixed


@contextlib.contextmanager
def _announcing(
    command: Sequence[str], work: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run a server and yield the line by which it says, on descriptor `{fd}`, where it is."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as told:
        argv = [part.format(fd=writing) for part in command]
        log = work / f"{command[0]}.log"
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(_running(argv, log, environment, pass_fds=[writing]))
            finally:
                os.close(writing)
            line = told.readline().strip()
            assert line, f"{command[0]} did not start: {log.read_text(errors='replace')}"
            yield line


@contextlib.contextmanager
def _running(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                cwd=log.parent,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except FileNotFoundError:
            sys.exit(f"{command[0]} is not installed; `make test-ekos` does that.")
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
