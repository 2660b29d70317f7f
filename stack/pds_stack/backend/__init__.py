"""A stateful simulator of the PDS backend, at the HTTP seam.

It answers the endpoints of the real backend under ``/api/v1`` and can be told under ``/_control`` to be slow, to fail
or to answer in any of the shapes that its clients have to cope with. A test in the same process uses
:class:`BackendSimulator` directly.
"""

from pds_stack.backend.app import create_app
from pds_stack.backend.behaviour import Behaviour, Fault
from pds_stack.backend.request_log import LoggedRequest
from pds_stack.backend.service import PdsService
from pds_stack.backend.simulator import BackendSimulator

__all__ = ["BackendSimulator", "Behaviour", "Fault", "LoggedRequest", "PdsService", "create_app"]
