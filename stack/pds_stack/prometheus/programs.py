"""Where promtool and prometheus come from: this machine, if it has the program, else a build."""

import shutil
from pathlib import Path

from pds_stack.console import Console
from pds_stack.go_programs import GoPrograms, required_version

_MODULE = Path(__file__).parent
_NAME = "github.com/prometheus/prometheus"


async def promtool(console: Console) -> Path:
    """The program that checks and tests rules: the one on PATH, else a built one.

    Raises:
        StackError: the build failed.
    """
    return await _program("promtool", console)


async def prometheus(console: Console) -> Path:
    """The server: the one on PATH, else a built one, which has no pages for a browser, only the HTTP API.

    Raises:
        StackError: the build failed.
    """
    return await _program("prometheus", console)


async def _program(name: str, console: Console) -> Path:
    found = shutil.which(name)
    if found:
        return Path(found)
    version = required_version(_MODULE, _NAME)
    programs = GoPrograms(
        title="Prometheus",
        module=_MODULE,
        version=version,
        packages={name: f"{_NAME}/cmd/{name}"},
        # Finding targets at cloud providers is most of Prometheus' modules, and nothing here needs it.
        flags=("-tags", "remove_all_sd", "-ldflags", _linker_flags(version)),
        patience="some minutes",
    )
    return await programs.build(console) / name


def _linker_flags(version: str) -> str:
    # v0.316.0 of the module is 3.16.0 of the program.
    major_minor, patch = version.removeprefix("v0.").rsplit(".", 1)
    stamp = f"{major_minor[:-2]}.{int(major_minor[-2:])}.{patch}"
    return f"-s -w -X github.com/prometheus/common/version.Version={stamp}"
