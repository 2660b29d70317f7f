"""A command's first lines, before everything else is loaded.

As process 1 of a container a process gets no signal that it has no handler for: the kernel drops it. Loading takes a
second or more, and a SIGTERM that came in it would be waited for until the pod's grace is over.
"""

import gc
import signal
import sys
from importlib import import_module

GARBAGE_THRESHOLD = 10_000
"""So many more new objects than freed ones, and the youngest are looked through; Python's own number is 700."""
EXIT_TERMINATED = 128 + signal.SIGTERM


def enter(module: str) -> None:
    """Load a module and run its ``main``; SIGTERM and SIGINT end the process until that has handlers of its own.

    Args:
        module: The name of the command's module, which may take long to load.

    Raises:
        SystemExit: As the command says; 143 where a signal came before it could.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    loaded = import_module(module)
    _spare_garbage_collection()
    loaded.main()


def _spare_garbage_collection() -> None:
    """Have the collector leave alone what was loaded, and come less often: it took half of an operator's restart."""
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _leave(_number: int, _frame: object) -> None:
    sys.exit(EXIT_TERMINATED)
