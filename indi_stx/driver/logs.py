"""Messages to people: in the clients, in the server's log, and in log files.

DEBUG, DEBUG_LEVEL (what clients read), LOGGING_LEVEL (what the file gets) and LOG_OUTPUT have the
meaning they have in libindi, and log files have the names that libindi gives them.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from pathlib import Path
from typing import Protocol

from indi_stx.driver.declarations import Condition, Save, Sw, Switches, switch
from indi_stx.driver.log_file import LogFile
from indi_stx.driver.places import home_directory
from indi_stx.driver.subsystem import Owner, Subsystem
from indi_stx.driver.tabs import OPTIONS
from indi_stx.indi import Message, State, SwitchRule

logger = logging.getLogger(__name__)


class Level(enum.Enum):
    """Levels of a message; the value is the prefix by which clients choose a colour."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    SESSION = "INFO"
    DEBUG = "DEBUG"


SERVER_LEVELS = {
    Level.ERROR: logging.ERROR,
    Level.WARNING: logging.WARNING,
    Level.SESSION: logging.INFO,
    Level.DEBUG: logging.DEBUG,
}


DEBUGGING = Condition("while DEBUG is on", lambda logs: logs.debug_mode["ENABLE"])


def _levels(prefix: str) -> dict[str, Sw]:
    return {
        f"{prefix}_ERROR": Sw("Errors", True),
        f"{prefix}_WARNING": Sw("Warnings", True),
        f"{prefix}_SESSION": Sw("Messages", True),
        f"{prefix}_DEBUG": Sw("Driver Debug"),
    }


class Program(Owner, Protocol):
    """A device that knows what its program is called."""

    executable: str


class Logs(Subsystem):
    """The log of one device, and the properties that steer it."""

    device: Program

    debug_mode = switch(
        "DEBUG",
        "Debug",
        OPTIONS,
        {"ENABLE": Sw("Enable"), "DISABLE": Sw("Disable", True)},
        timeout_s=0,
        save=Save.AT_START,
        save_rank=-1,
    )
    to_clients = switch(
        "DEBUG_LEVEL",
        "Debug Levels",
        OPTIONS,
        _levels("DBG"),
        rule=SwitchRule.ANY_OF_MANY,
        timeout_s=0,
        exists=DEBUGGING,
        save=Save.AT_START,
        save_rank=-1,
    )
    to_file = switch(
        "LOGGING_LEVEL",
        "Logging Levels",
        OPTIONS,
        _levels("LOG"),
        rule=SwitchRule.ANY_OF_MANY,
        timeout_s=0,
        exists=DEBUGGING,
        save=Save.AT_START,
        save_rank=-1,
    )
    output = switch(
        "LOG_OUTPUT",
        "Log Output",
        OPTIONS,
        {"CLIENT_DEBUG": Sw("To Client", True), "FILE_DEBUG": Sw("To Log File")},
        rule=SwitchRule.ANY_OF_MANY,
        timeout_s=0,
        exists=DEBUGGING,
        save=Save.AT_START,
        save_rank=-1,
    )
    _file: LogFile | None = None

    def __init__(self, device: Program) -> None:
        super().__init__(device)
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def wants_debug(self) -> bool:
        """Whether messages of that level go to clients or into the file."""
        to_clients = self.output["CLIENT_DEBUG"] and self.to_clients["DBG_DEBUG"]
        return to_clients or (self.output["FILE_DEBUG"] and self.to_file["LOG_DEBUG"])

    def error(self, text: str) -> None:
        """Say what failed and what to do about it."""
        self._say(Level.ERROR, text)

    def warning(self, text: str) -> None:
        """Say what may go wrong soon."""
        self._say(Level.WARNING, text)

    def info(self, text: str) -> None:
        """Say what happened, for everyone."""
        self._say(Level.SESSION, text)

    def debug(self, text: str) -> None:
        """Say what only matters when looking for a fault."""
        self._say(Level.DEBUG, text)

    async def close(self) -> None:
        """Close the log file, when all that was said before is in it."""
        self._let_go()
        if self._closing:
            # `wait` cancels no task: when the caller is cancelled, the file is closed all the same.
            self._closing = (await asyncio.wait(self._closing))[1]

    @debug_mode.on_write
    async def _debug_requested(self, new: Switches) -> None:
        """Show or hide the level properties."""
        self.info("Debug is enabled." if new["ENABLE"] else "Debug is disabled.")

    @output.on_write
    async def _output_requested(self, new: Switches) -> None:
        """Open or close the log file."""
        self.output.publish(new, State.OK)
        if not new["FILE_DEBUG"]:
            await self.close()

    def _say(self, level: Level, text: str) -> None:
        logger.log(SERVER_LEVELS[level], "%s", text)
        if self.output["CLIENT_DEBUG"] and self.to_clients[f"DBG_{level.name}"]:
            self.device.send(Message(f"[{level.value}] {text}", self.device.name))
        if self.output["FILE_DEBUG"] and self.to_file[f"LOG_{level.name}"]:
            self._append(level, text)

    def _append(self, level: Level, text: str) -> None:
        if self._file is None:
            path = self._new_path()
            if path is None:
                self._file_failed("of a user without a home directory (set HOME)")
                return
            self._file = LogFile(path, self._file_failed)
            self.info(f"Logging is enabled. Log file: {self._file.path}")
        stamp = self.device.clock.utc().isoformat(timespec="milliseconds")
        self._file.append(f"{stamp} {level.value}\t{text}")

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._closing.add(asyncio.create_task(file.close(), name=f"closing {file.path}"))

    def _file_failed(self, reason: str) -> None:
        self._let_go()  # logging switched on again begins another file
        self.output.publish({"FILE_DEBUG": False}, State.ALERT)
        self.error(f"Cannot write the log file {reason}; logging to file is switched off.")

    def _new_path(self) -> Path | None:
        now = self.device.clock.utc()
        program = self.device.executable
        home = home_directory()
        if home is None:
            return None
        folder = home / ".indi" / "logs" / f"{now:%Y-%m-%d}" / program
        return folder / f"{program}_{now:%H:%M:%S}.log"
