"""Gathers what is known of the signed-in customer's PDS: their row, then the backend's word on the id in it.

The id comes from the customer's own row and from nowhere else: no request names a service.
"""

import asyncio
import logging
from datetime import UTC, datetime

from pds_clients.service_documents import ServiceDocument
from pds_contract.errors import DependencyError, NotFound, TryLater
from pds_contract.service import ServiceState
from pds_portal.identity.session import SignedIn
from pds_portal.portal import Portal
from pds_portal.service.answering import RouteAnswer, answer_to, no_answer, no_service
from pds_portal.service.mock import mock_document, mock_progress
from pds_portal.service.progress import Progress, progress_of

_log = logging.getLogger(__name__)


async def document_of(portal: Portal, customer: SignedIn) -> ServiceDocument | None:
    """Read the backend's answer about the customer's PDS, secrets included; None where there is no PDS with an id.

    Raises:
        TryLater: Supabase or the backend gave no answer.
    """
    if portal.settings.pds_use_mock:
        return mock_document(datetime.now(UTC))
    row = await portal.rows.pds_service(customer.user_id, customer.access_token)
    if row is None or row.pds_service_id is None:
        return None
    return await portal.services.get(row.pds_service_id)


async def service_answer(portal: Portal, customer: SignedIn) -> RouteAnswer:
    """Return what ``GET /api/pds/service`` answers the customer.

    Raises:
        TryLater: Supabase gave no usable answer.
    """
    try:
        document = await document_of(portal, customer)
    except TryLater as error:
        if error.dependency != "backend":
            raise
        _log.warning("%s", error, extra={"dependency": error.dependency, "user_id": customer.user_id})
        return no_answer()
    if document is None:
        return no_service()
    return await shown(document, customer)


async def shown(document: ServiceDocument, customer: SignedIn) -> RouteAnswer:
    """Return the answer to a document, its secrets masked; in a thread, since a large one takes a while."""
    answer = await asyncio.to_thread(answer_to, document)
    if answer.status != 200:
        told = {"backend_status": document.status, "user_id": customer.user_id}
        _log.warning("the backend's answer about a service is none that can be shown", extra=told)
    return answer


async def progress(portal: Portal, customer: SignedIn) -> Progress:
    """Say how far the customer's PDS has come.

    Raises:
        TryLater: Supabase gave no usable answer.
    """
    if portal.settings.pds_use_mock:
        return mock_progress()
    row = await portal.rows.pds_service(customer.user_id, customer.access_token)
    if row is None:
        subscription = await portal.rows.subscription(customer.user_id, customer.access_token)
        return progress_of(subscription, None, None)
    seen = None if row.pds_service_id is None else await _state(portal, row.pds_service_id, customer)
    return progress_of(None, row, seen)


async def _state(portal: Portal, service_id: int, customer: SignedIn) -> ServiceState | None:
    """Ask the backend for a state; None where it gave no usable answer."""
    try:
        return (await portal.backend.service(service_id)).state
    except NotFound:
        return ServiceState.NOT_FOUND
    except DependencyError as error:
        _log.warning("%s", error, extra={"dependency": error.dependency, "user_id": customer.user_id})
        return None
