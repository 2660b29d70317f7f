"""The parts of a run, in the order of ``ALL``: each does something to the installation, and says what has to hold."""

from cluster.acts.check_out import check_out
from cluster.acts.disrupt import drain, roll_out
from cluster.acts.rotate import rotate
from cluster.acts.serve import backfill, install, provision
from cluster.acts.uninstall import uninstall

ALL = (install, check_out, provision, backfill, drain, roll_out, rotate, uninstall)
