"""The temporary folder of one run, and the locks that say who still uses a file."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

_PREFIX = "pds-stack-"
_LOCK = "in-use"
_LOCK_POLL_SECONDS = 0.5


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file, which the kernel gives back when its holder ends, however it ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.asynccontextmanager
async def exclusively(lock: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the lock file `lock`, which is made when missing; if another process has it, call `waiting` and wait."""
    with lock.open("a") as file:
        if not try_lock(file.fileno()):
            waiting()
            while not try_lock(file.fileno()):  # noqa: ASYNC110 - another process lets go of it
                await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """A fresh folder for the data of one run, removed at its end.

    A run that was killed could not remove its own: the next one does.
    """
    parent = Path(tempfile.gettempdir())
    _sweep(parent)
    # It gets the name that another run looks for only once it is locked.
    unlocked = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent))
    folder = parent / unlocked.name.removeprefix(".")
    with (unlocked / _LOCK).open("w") as lock:
        try:
            try_lock(lock.fileno())
            # Others may pass through (PostgreSQL runs as another user where the stack runs as root) but not look.
            unlocked.chmod(0o711)
            unlocked.rename(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / _LOCK).open("a") as lock:
                if try_lock(lock.fileno()):
                    shutil.rmtree(folder, ignore_errors=True)
