"""A fault of ours: its frames go to the log, its id to the customer."""

import logging
import traceback
from http import HTTPStatus

from pds_portal.safety.refusals import Refusal

_log = logging.getLogger(__name__)


def fault(error: BaseException | None, reference: str) -> Refusal:
    """Log a fault of ours, and return what the customer is told: the id under which the log has it."""
    # The frames, not the exception's text, which may quote what the customer sent.
    frames = "".join(traceback.format_tb(error.__traceback__)) if error is not None else ""
    _log.error("unexpected %s", type(error).__name__, extra={"traceback": frames})
    return Refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"Something went wrong here. Try again; if it stays, tell us this reference: {reference}",
        more={"reference": reference},
    )
