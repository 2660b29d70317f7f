"""Reading settings: from the environment, else from files of the same names in the folder ``SECRETS_DIR``."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsError

EXIT_UNUSABLE_SETTINGS = 2

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class AdminSettings(BaseSettings):
    """Where a command answers probes and shows its metrics."""

    admin_port: int = Field(default=9090, ge=1, le=65535)


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read and validate all settings of a command, or say everything that is wrong with them.

    Raises:
        SystemExit: With exit code 2, after every problem has been printed on stderr, without any value.
    """
    folder = os.environ.get("SECRETS_DIR") or None
    if folder is not None and not Path(folder).is_dir():
        print(f"SECRETS_DIR: {folder} is not a folder; mount the Secret there, or unset it", file=sys.stderr)  # noqa: T201 - no log yet
        raise SystemExit(EXIT_UNUSABLE_SETTINGS)
    try:
        return settings(_secrets_dir=folder, _env_ignore_empty=True)
    except SettingsError as error:
        # Its message names the setting, never the value.
        print(f"{error}; its file in SECRETS_DIR must be readable UTF-8 text", file=sys.stderr)  # noqa: T201 - the same
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False, include_context=False):
            print(_problem(str(problem["loc"][0]) if problem["loc"] else "", problem), file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None


def _problem(location: str, problem: object) -> str:
    name = location.upper() or "settings"
    assert isinstance(problem, dict)  # noqa: S101 - what pydantic documents, for mypy
    if problem["type"] in {"missing", "too_short"}:  # a file may be there and be empty
        return f"{name}: is missing; set it in the environment, or as a file of that name in SECRETS_DIR"
    return f"{name}: {str(problem['msg']).removeprefix('Value error, ')}"


def rotating(name: str, value: str) -> Callable[[], str]:
    """Return a way to read a secret that follows its file in ``SECRETS_DIR``, as Kubernetes replaces mounted ones.

    Args:
        name: The setting's name, which is the file's.
        value: What was read at start: the answer for ever where it came from the environment, and whenever the file
            cannot be read or is empty.
    """
    folder = os.environ.get("SECRETS_DIR")
    if not folder or os.environ.get(name):
        return lambda: value
    return _FileSecret(Path(folder) / name, value)


class _FileSecret:
    """A secret in a file, read again when the file has changed."""

    def __init__(self, path: Path, value: str) -> None:
        self._path = path
        self._value = value
        self._seen: tuple[int, int, int] | None = None

    def __call__(self) -> str:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._value = self._path.read_text(encoding="utf-8").strip() or self._value
                self._seen = seen
        except (OSError, UnicodeDecodeError):
            pass  # Kubernetes swaps the folder under us; the value so far serves until the file is back
        return self._value
