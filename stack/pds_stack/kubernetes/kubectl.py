"""kubectl, as an administrator would call it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pds_stack.processes import run


@dataclass(frozen=True)
class Kubectl:
    """The program and the cluster that it speaks to."""

    program: Path
    kubeconfig: Path

    async def __call__(self, *arguments: str | Path, given: str = "") -> str:
        """What `kubectl ARGUMENTS` prints, with `given` as its input.

        Raises:
            StackError: kubectl failed; the message holds its complaint.
        """
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        return await run([self.program, *arguments], env=env, given=given)

    async def apply(self, files: Sequence[Path], *, given: str = "") -> None:
        """Apply each of `files`, and the manifest `given`, on the server's side.

        Raises:
            StackError: the server refused one.
        """
        apply = ("apply", "--server-side", "--force-conflicts")
        sources = [part for file in files for part in ("-f", str(file))]
        if sources:
            await self(*apply, *sources)
        if given:
            await self(*apply, "-f", "-", given=given)
