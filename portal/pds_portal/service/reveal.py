"""``POST /api/pds/service/reveal``: the password of their PDS, to the customer who asks for it on purpose.

The mail relay's password is not among it: it may be that of every customer's relay.
"""

import logging
from collections import deque
from collections.abc import Mapping

from aiohttp import web

from pds_contract.errors import TryLater
from pds_contract.service import parse_json
from pds_portal.identity.session import SignedIn, require
from pds_portal.metrics import RevealOutcome
from pds_portal.portal import PORTAL, Portal
from pds_portal.safety import limits
from pds_portal.service.answering import RouteAnswer, no_answer, no_service
from pds_portal.service.fetching import document_of, shown
from pds_portal.service.finding import container_in, names_password

NOTHING_TO_SHOW = "There is no password in what the PDS backend knows of your PDS."

_log = logging.getLogger(__name__)


async def reveal(request: web.Request) -> RouteAnswer:
    """Answer one request, count it and log that it was made.

    Raises:
        NotSignedIn, TooMany, TryLater.
    """
    portal, customer = request.app[PORTAL], require(request)
    await limits.check(request, limits.Limit.REVEAL)
    try:
        answer, outcome = await _revealed(portal, customer)
    except TryLater as error:
        portal.metrics.reveal(RevealOutcome.UNAVAILABLE)
        if error.dependency != "backend":
            raise
        _log.warning("%s", error, extra={"dependency": error.dependency, "user_id": customer.user_id})
        return no_answer()
    portal.metrics.reveal(outcome)
    _log.info("a customer asked for the password", extra={"user_id": customer.user_id, "outcome": outcome.value})
    return answer


def password_of(document: object) -> str | None:
    """Return the admin password of a service document, the one that is nested least; None where there is none."""
    waiting = deque([document])
    while waiting:
        value = waiting.popleft()
        if isinstance(value, str):
            value = container_in(value)
        if isinstance(value, Mapping):
            named = (inner for key, inner in value.items() if names_password(key))
            found = next((inner for inner in named if isinstance(inner, str) and inner), None)
            if found is not None:
                return found
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return None


async def _revealed(portal: Portal, customer: SignedIn) -> tuple[RouteAnswer, RevealOutcome]:
    document = await document_of(portal, customer)
    if document is None:
        return no_service(), RevealOutcome.NOTHING
    masked = await shown(document, customer)
    if masked.status != 200 or document.body is None:
        return masked, RevealOutcome.UNAVAILABLE
    password = password_of(parse_json(document.body))
    if password is None:
        return RouteAnswer(404, {"error": NOTHING_TO_SHOW}), RevealOutcome.NOTHING
    more = {"mock": True} if portal.settings.pds_use_mock else {}
    return RouteAnswer(200, {**more, "adminPassword": password}), RevealOutcome.SHOWN
