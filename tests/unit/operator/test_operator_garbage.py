"""The collector comes less often, and passes over what was loaded."""

import subprocess
import sys

from pds_operator.garbage import THRESHOLD

TOLD = """
import gc
from pds_operator.garbage import collect_less
collect_less()
print(gc.get_threshold()[0], gc.get_freeze_count() > 1000)
"""


def test_the_collector_is_told() -> None:
    told = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True).stdout
    assert told == f"{THRESHOLD} True\n"
