"""What can go wrong in the stack, by what the person at the terminal should do about it."""


class StackError(Exception):
    """The stack cannot go on; the message says why and what to do. The command ends with exit code 1."""

    exit_code = 1


class UsageError(StackError):
    """The command was asked for something that cannot be; nothing was started. Exit code 2."""

    exit_code = 2


class ProgramDiedError(StackError):
    """A started program ended by itself.

    Args:
        name: the program, as the stack calls it.
        code: its exit code, or minus the signal that ended it.
        tail: the last lines of its log.
    """

    def __init__(self, name: str, code: int, tail: str) -> None:
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        super().__init__(f"{name} ended by itself ({how}). The end of its log:\n{tail}")
        self.name = name
        self.code = code
