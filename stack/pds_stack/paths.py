"""Where things are: the checkout, the user's cache, the environment's own commands."""

import os
import platform
import shutil
import sysconfig
from pathlib import Path

from pds_stack.errors import StackError


def repository() -> Path:
    """The checkout that this package belongs to.

    Raises:
        StackError: the package was installed away from its checkout.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "stack" / "pyproject.toml").is_file():
        raise StackError(f"{root} is no checkout. Install the stack from one, with: pip install --editable stack")
    return root


def cache() -> Path:
    """The folder for what is built once and kept: in `$XDG_CACHE_HOME`, or `~/.cache`. It is made when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "eny-pds-stack"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine() -> str:
    """The system and processor that programs are built for, as part of a folder's name: `linux-x86_64`."""
    return f"{platform.system()}-{platform.machine()}".lower()


def command(name: str) -> Path | None:
    """The program `name`: from the environment this package is installed in, else from PATH, else None."""
    own = Path(sysconfig.get_path("scripts")) / name
    if os.access(own, os.X_OK):
        return own
    found = shutil.which(name)
    return Path(found) if found else None
