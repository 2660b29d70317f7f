"""Where stripe-mock comes from: this machine, if it has the program, else a build."""

import shutil
from pathlib import Path

from pds_stack.console import Console
from pds_stack.go_programs import GoPrograms, required_version

_MODULE = Path(__file__).parent
_NAME = "github.com/stripe/stripe-mock"
_PROGRAM = "stripe-mock"


async def stripe_mock(console: Console) -> Path:
    """The program: the one on PATH, else a built one.

    Raises:
        StackError: the build failed.
    """
    found = shutil.which(_PROGRAM)
    if found:
        return Path(found)
    version = required_version(_MODULE, _NAME)
    programs = GoPrograms(
        title=_PROGRAM,
        module=_MODULE,
        version=version,
        packages={_PROGRAM: _NAME},
        flags=("-ldflags", f"-s -w -X main.version={version}"),
        patience="under a minute",
    )
    return await programs.build(console) / _PROGRAM
