"""What whoever runs this sees: a line for each thing as it happens, and a table at the end."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Act:
    """One part of the run."""

    title: str
    seen: list[str] = field(default_factory=list)
    seconds: float = 0.0
    ended: str = "FAILED"


class Progress:
    """Prints as it goes, and keeps what the table is made of."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._acts: list[Act] = []

    def say(self, text: str) -> None:
        """Print a line."""
        print(f"{time.monotonic() - self._began:7.1f} s  {text}", flush=True)  # noqa: T201 - a command for a terminal

    @contextlib.contextmanager
    def act(self, title: str) -> Iterator[Act]:
        """Time a part of the run; whatever is said of it by ``saw`` comes into the table."""
        act = Act(title)
        self._acts.append(act)
        self.say(title)
        began = time.monotonic()
        try:
            yield act
            act.ended = "ok"
        finally:
            act.seconds = time.monotonic() - began

    def saw(self, act: Act, text: str) -> None:
        """Print a line that is worth keeping."""
        act.seen.append(text)
        self.say(f"  {text}")

    def table(self) -> str:
        """Write the acts as a table, each with what was seen."""
        wide = max((len(act.title) for act in self._acts), default=0)
        lines: list[str] = []
        for act in self._acts:
            first, *rest = act.seen or [""]
            beginning = f"{act.ended:6}  {act.seconds:5.0f} s  {act.title:{wide}}  "
            lines += [f"{beginning}{first}", *(f"{' ' * len(beginning)}{each}" for each in rest)]
        return "\n".join(line.rstrip() for line in lines)
