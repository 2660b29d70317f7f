"""What the person at the terminal sees while things are built and started."""

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TextIO

_TERMINAL_SECONDS = 0.5
_PIPE_SECONDS = 15.0


def elapsed(seconds: float) -> str:
    """A duration for reading: `0.8 s`, `42 s`, `4:07`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@dataclass
class Step:
    """Something that takes a while. `detail` may change while it runs."""

    title: str
    detail: str = ""
    started: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        """The step as it stands, with the time it has taken so far."""
        return f"{self.title}{f': {self.detail}' if self.detail else ''} ({elapsed(time.monotonic() - self.started)})"


class Console:
    """Prints lines, and what is under way: a terminal gets one live line, a pipe a plain line now and then."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._steps: list[Step] = []

    def say(self, text: str = "") -> None:
        """Print a line that stays."""
        self._write(f"{text}\n")
        self._redraw()

    @contextlib.asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[Step]:
        """Show that something is under way; say how long it took once it is done (nothing, if it failed)."""
        step = Step(title)
        self._steps.append(step)
        ticker = asyncio.create_task(self._tick(step))
        try:
            yield step
        finally:
            ticker.cancel()
            self._steps.remove(step)
            self._write("")
        step.detail = ""
        self.say(f"  {step}")

    async def _tick(self, step: Step) -> None:
        while True:
            self._redraw()
            await asyncio.sleep(_TERMINAL_SECONDS if self._live else _PIPE_SECONDS)
            if not self._live:
                self._write(f"  {step}\n")

    def _redraw(self) -> None:
        if self._live and self._steps:
            line = "  " + "   ".join(str(step) for step in self._steps)
            # A line that wraps would not be cleared whole.
            self._write(line[: shutil.get_terminal_size().columns - 1])

    def _write(self, text: str) -> None:
        clear = "\r\x1b[2K" if self._live else ""
        self._out.write(clear + text)
        self._out.flush()
