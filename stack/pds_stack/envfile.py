"""The file that a running stack leaves for a shell to source, and the settings that a command reads from it."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pds_stack.errors import UsageError
from pds_stack.folder import try_lock

DEFAULT = Path(".stack") / "env"


def render(values: Mapping[str, str], first_on_path: Path | None = None) -> str:
    """The text to source: a line `export NAME=value` for each setting, quoted for a shell.

    Args:
        values: the settings.
        first_on_path: a folder to be put before the PATH of whoever sources it.
    """
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    if first_on_path:
        lines.append(f'export PATH={shlex.quote(str(first_on_path))}:"$PATH"')
    return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> dict[str, str]:
    """The settings in a rendered text; PATH, which only a shell can put together, is left out."""
    settings: dict[str, str] = {}
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if len(words) == 2 and words[0] == "export":
            name, _, value = words[1].partition("=")
            settings[name] = value
    settings.pop("PATH", None)
    return settings


def settings(names: Sequence[str], file: Path | None) -> dict[str, str]:
    """The named settings, all from one place: `file`, else the environment if it has them all, else `.stack/env`.

    Raises:
        UsageError: there is no such file, or it lacks one of them.
    """
    if file is None and all(os.environ.get(name) for name in names):
        return {name: os.environ[name] for name in names}
    path = file or DEFAULT
    try:
        found = parse(path.read_text())
    except OSError as error:
        raise UsageError(
            f"cannot read {path} ({error.strerror}): start `pds-stack up` in this folder, or name its file with --env, "
            f"or set {', '.join(names)}"
        ) from error
    missing = [name for name in names if not found.get(name)]
    if missing:
        raise UsageError(f"{path} has no {', '.join(missing)}: start `pds-stack up` with the parts that provide them")
    return {name: found[name] for name in names}


def setting_if_any(name: str, file: Path | None) -> str | None:
    """The named setting from `file`, else from the environment, else from `.stack/env`; None where it is nowhere."""
    if file is None and os.environ.get(name):
        return os.environ[name]
    try:
        return parse((file or DEFAULT).read_text()).get(name)
    except OSError:
        return None


def refuse_if_in_use(path: Path) -> None:
    """See to it that no running stack has written `path`, and that it can be written.

    Raises:
        UsageError: one has, or `path` is a folder.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file with --env")
    with contextlib.suppress(FileNotFoundError), path.open() as file:
        if not try_lock(file.fileno()):
            raise UsageError(f"{path} belongs to a stack that runs: stop it, or choose another file with --env")


@contextlib.contextmanager
def published(path: Path, text: str) -> Iterator[None]:
    """Have `path` hold `text`, whole from the first moment and for its owner's eyes alone, until the block ends.

    It stays locked until then, by which a second stack knows that this one runs.
    """
    made = [folder for folder in path.absolute().parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        try:
            try_lock(file.fileno())
            file.write(text)
            file.flush()
            refuse_if_in_use(path)
            Path(temporary).replace(path)
            yield
        finally:
            for place in (Path(temporary), path):
                with contextlib.suppress(FileNotFoundError):
                    # Somebody may have put a file of their own in its place.
                    if place.stat().st_ino == os.fstat(file.fileno()).st_ino:
                        place.unlink()
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
