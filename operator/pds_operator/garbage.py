"""Python's garbage collector, as it suits a process that holds much for long."""

import gc

THRESHOLD = 10_000
"""So many more new objects than freed ones, and the youngest are looked through; Python's own is 700 to 2,000."""


def collect_less() -> None:
    """Have the collector pass over what is loaded by now, and come less often.

    It took half of a restart's time: each page of resources makes many objects, for each of which it went through
    those that were made before.
    """
    gc.freeze()
    gc.set_threshold(THRESHOLD)
