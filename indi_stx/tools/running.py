"""Run a command to its end, and turn how it ended into a message and an exit status."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from indi_stx.errors import IndiStxError, ValueRefused
from indi_stx.tools.hints import hint_for
from indi_stx.tools.terminal import error_console, tell


class ExitStatus(enum.IntEnum):
    """What the shell is told."""

    GOOD = 0
    TROUBLE = 1
    USAGE = 2
    INTERRUPTED = 130
    TERMINATED = 143


def run_to_end(command: str, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `work` and return the exit status.

    Ctrl-C, SIGTERM and a terminal that is closed cancel it, so that it can put in order what it has
    begun; a second Ctrl-C does not wait for that.
    """
    try:
        return asyncio.run(_cancelled_by_signals(work))
    except IndiStxError as error:
        show_error(command, error)
        return ExitStatus.USAGE if isinstance(error, ValueRefused) else ExitStatus.TROUBLE
    except KeyboardInterrupt:
        tell(error_console(), "Stopped.")
        return ExitStatus.INTERRUPTED
    except asyncio.CancelledError:
        return ExitStatus.TERMINATED
    except BrokenPipeError:
        _forget_output()
        return ExitStatus.TROUBLE


def show_error(command: str, error: IndiStxError) -> None:
    """Say on standard error what happened, and what else to try."""
    console = error_console()
    tell(console, f"indi-stx {command}: {error}", "red")
    if hint := hint_for(error):
        tell(console, hint)


async def _cancelled_by_signals(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            continue  # as nohup wants it
        with contextlib.suppress(ValueError, RuntimeError):  # only the main thread gets signals
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work()


def _forget_output() -> None:
    """Keep Python from complaining at its end about output that nobody reads, as with `| head`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
