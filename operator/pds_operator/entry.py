"""Where the script ``pds-operator`` begins."""

from pds_runtime.entry import enter


def main() -> None:
    """Run the command."""
    enter("pds_operator.__main__")
