"""The command `pds-stack`."""

import argparse
import sys
from collections.abc import Sequence

from pds_stack.commands import demo, event, up, user
from pds_stack.errors import StackError

_DESCRIPTION = (
    "The local stack of eny-pds: a Kubernetes API, Supabase's, a simulated PDS backend, the product's commands."
)
_EPILOG = "pds-stack COMMAND --help says what each one takes."
_COMMANDS = {"up": up, "user": user, "event": event, "demo": demo}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; the exit code."""
    parser = argparse.ArgumentParser(prog="pds-stack", description=_DESCRIPTION, epilog=_EPILOG)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in _COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except StackError as error:
        sys.stderr.write(f"pds-stack: {error}\n")
        return error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main())
