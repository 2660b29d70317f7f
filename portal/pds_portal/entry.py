"""Where the script ``pds-portal`` begins."""

from pds_runtime.entry import enter


def main() -> None:
    """Run the command."""
    enter("pds_portal.__main__")
