"""What the dashboard is made of: the customer's rows, and the backend's document within a time that a page can wait."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from pds_contract.errors import DependencyError
from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_contract.service import ServiceState
from pds_portal.identity.session import SignedIn
from pds_portal.pages.view.dashboard import Gathered, Sight
from pds_portal.pages.view.details import state_of
from pds_portal.pages.view.reading import service_in
from pds_portal.portal import PORTAL, Portal
from pds_portal.safety import limits
from pds_portal.safety.limits import Limit
from pds_portal.safety.refusals import TooMany
from pds_portal.service.answering import answer_to
from pds_portal.service.fetching import shown
from pds_portal.service.mock import mock_document, mock_progress
from pds_portal.service.progress import progress_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long a page may wait, in seconds: for Supabase's rows, then for the backend's document."""

    rows: float
    document: float


async def gather(request: web.Request, customer: SignedIn, patience: Patience) -> Gathered | None:
    """Read what is known; None where Supabase gave no usable answer in time."""
    portal = request.app[PORTAL]
    if portal.settings.pds_use_mock:
        document = answer_to(mock_document(datetime.now(UTC))).body
        return Gathered(mock_progress(), Sight.SEEN, document, mock=True)
    try:
        async with asyncio.timeout(patience.rows):
            row, subscription = await _rows(portal, customer)
    except DependencyError as error:
        _log.warning("%s", error, extra={"dependency": error.dependency, "user_id": customer.user_id})
        return None
    except TimeoutError:
        slow = {"user_id": customer.user_id, "seconds": patience.rows}
        _log.warning("the dashboard did not wait for Supabase", extra=slow)
        return None
    if row is None or row.pds_service_id is None:
        return Gathered(progress_of(subscription, row, None), had_subscription=subscription is not None)
    sight, document, state = await _look(request, customer, row.pds_service_id, patience.document)
    progress = progress_of(None, row, state)
    return Gathered(progress, sight, document, service_id=row.pds_service_id)


async def _rows(portal: Portal, customer: SignedIn) -> tuple[PdsServiceRow | None, SubscriptionRow | None]:
    row = await portal.rows.pds_service(customer.user_id, customer.access_token)
    if row is not None:
        return row, None
    return None, await portal.rows.subscription(customer.user_id, customer.access_token)


async def _look(
    request: web.Request, customer: SignedIn, service_id: int, seconds: float
) -> tuple[Sight, object, ServiceState | None]:
    about = {"user_id": customer.user_id}
    try:
        await limits.check(request, Limit.SERVICE)
        async with asyncio.timeout(seconds):
            answered = await request.app[PORTAL].services.get(service_id)
            answer = await shown(answered, customer)
    except TooMany:
        return Sight.TOO_OFTEN, None, None
    except TimeoutError:
        _log.warning("the dashboard did not wait for the backend", extra={**about, "seconds": seconds})
        return Sight.SLOW, None, None
    except DependencyError as error:
        _log.warning("%s", error, extra={**about, "dependency": error.dependency})
        return Sight.UNUSABLE, None, None
    if answered.status == 404:
        return Sight.SEEN, None, ServiceState.NOT_FOUND
    if answer.status != 200 or "state" not in service_in(answer.body):
        return Sight.UNUSABLE, None, None
    return Sight.SEEN, answer.body, state_of(answer.body)
