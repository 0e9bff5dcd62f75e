"""What a series shows while it goes on: a bar in a terminal, a line for each step elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import NamedTuple, Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from indi_stx.tools.terminal import error_console, output_console, printable, tell

REFRESH_S = 0.2


class Seen(NamedTuple):
    """How far a step is: the share from 0 to 1, and a few words."""

    share: float
    words: str


class Display:
    """Shows steps on standard error, and results on standard output; a context manager."""

    def __init__(self) -> None:
        self._output = output_console()
        self._errors = error_console()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=self._errors,
            transient=True,
            disable=not self._errors.is_interactive,
            redirect_stdout=self._output.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str, style: str | None = None) -> None:
        """Show a line that stays."""
        tell(self._errors, text, style)

    def result(self, text: str) -> None:
        """Show a line of the results."""
        self._output.print(printable(text), soft_wrap=True)

    @contextlib.asynccontextmanager
    async def step(self, name: str, look: Callable[[], Seen]) -> AsyncIterator[None]:
        """Show a step while the block runs; `look` tells how far it is, and asks nobody."""
        if self._progress.disable:
            self.say(name)
            yield
            return
        bar = self._progress.add_task(printable(name), total=1.0, words="")
        task = asyncio.create_task(self._follow(bar, look))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._progress.remove_task(bar)

    async def _follow(self, bar: TaskID, look: Callable[[], Seen]) -> None:
        while True:
            seen = look()
            self._progress.update(bar, completed=seen.share, words=seen.words)
            await asyncio.sleep(REFRESH_S)
