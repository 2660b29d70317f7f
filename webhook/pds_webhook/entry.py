"""Where the script ``pds-webhook`` begins."""

from pds_runtime.entry import enter


def main() -> None:
    """Run the command."""
    enter("pds_webhook.__main__")
