"""A command's first lines, before everything else is loaded.

As process 1 of a container a process gets no signal that it has no handler for: the kernel drops it. Loading takes a
second or more, and a SIGTERM that came in it would be waited for until the pod's grace is over.
"""

import signal
import sys
from importlib import import_module

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
    import_module(module).main()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(EXIT_TERMINATED)
