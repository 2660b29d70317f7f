"""Programs that the stack starts as its children, and that never outlive it."""

from pds_stack.processes.program import Account, Program, Start, running
from pds_stack.processes.run import run

__all__ = ["Account", "Program", "Start", "run", "running"]
