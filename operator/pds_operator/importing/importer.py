"""The import itself: each row is looked into, a bounded number at once, and its resource made."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiolimiter import AsyncLimiter

from pds_clients.backend import Service
from pds_clients.kubernetes import Provisions
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase
from pds_contract.errors import Conflict, DependencyError, NotFound, UnknownUser
from pds_contract.names import HostnameRules
from pds_contract.reservation import Reservation
from pds_contract.resource import SERVICE_ID_ANNOTATION, provision_name
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.importing.judging import Held, beside, failed, is_email, service_problem, skipped, sort_out, spec_of
from pds_operator.importing.patience import Patience, Stopped
from pds_operator.importing.verdicts import Kind, Skip, Verdict

logger = logging.getLogger(__name__)

AT_ONCE = 8
LOOKS_PER_SECOND = 20.0
BEFORE_ALL_USERS = "00000000-0000-0000-0000-000000000000"
OF_NO_RESOURCE = ""
"""The reservation's resource: it is made after it."""

Progress = Callable[[int, int], None]
"""Told how many rows of how many are done."""


class Services(Protocol):
    """All of the backend that an import may touch."""

    async def service(self, service_id: int) -> Service:
        """Read a service."""
        ...


@dataclass(frozen=True)
class Importer:
    """Turns rows into resources.

    The hostname is reserved first, so that no newcomer can be given it between the two; then the resource is made in
    one write with the id in its annotation. From that write on the operator adopts the id or tells why not, and
    deploys nothing: the annotation alone forbids it, also where the row, the service or the reservation is gone.

    Args:
        supabase: The rows, and the users' e-mail addresses.
        services: The backend.
        provisions: The customers' resources.
        reservations: Their hostnames.
        rules: The base domain.
        patience: How failures are taken.
        progress: Told how far it has come.
    """

    supabase: Supabase
    services: Services
    provisions: Provisions
    reservations: Reservations
    rules: HostnameRules
    patience: Patience
    progress: Progress

    async def run(self) -> list[Verdict]:
        """Import all rows.

        Returns:
            What became of each, in the order of their user ids.

        Raises:
            DependencyError: Rows or resources could not be listed; nothing was done.
            Stopped: The same, on request.
        """
        rows = await self._rows()
        found = sort_out(rows, await self._held())
        verdicts = [*found.judged, *await self._each(found.left, len(rows))]
        return sorted(verdicts, key=lambda verdict: verdict.user_id)

    async def _rows(self) -> list[PdsServiceRow]:
        rows: list[PdsServiceRow] = []
        last = BEFORE_ALL_USERS
        while page := await self._page(last):
            rows += page
            last = page[-1].user_id
        return rows

    async def _page(self, last: str) -> list[PdsServiceRow]:
        return await self.patience.call(lambda: self.supabase.pds_services_after(last))

    async def _held(self) -> list[Held]:
        async def listed() -> list[Held]:
            return [Held.by(provision) async for provision in self.provisions.list("")]

        return await self.patience.call(listed)

    async def _each(self, rows: Sequence[PdsServiceRow], total: int) -> list[Verdict]:
        waiting, verdicts = deque(rows), list[Verdict]()
        limiter = AsyncLimiter(LOOKS_PER_SECOND, 1.0)
        self.progress(total - len(rows), total)

        async def work() -> None:
            while waiting:
                verdicts.append(await self._import(waiting.popleft(), limiter))
                self.progress(total - len(rows) + len(verdicts), total)

        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(work())
        return verdicts

    async def _import(self, row: PdsServiceRow, limiter: AsyncLimiter) -> Verdict:
        try:
            return await self._imported(row, limiter)
        except Stopped as error:
            return failed(row, f"not looked at to the end: {error}")
        except NotFound:
            # Of the API server, at a write: the backend's and Supabase's are dealt with where they are met.
            self.patience.stop("the namespace PDS_NAMESPACE is not there; make it")
            return failed(row, "the namespace PDS_NAMESPACE is not there; make it")
        except DependencyError as error:
            return failed(row, str(error))
        except Exception:
            # A fault of ours in one row must not keep the others from being imported.
            logger.exception("the import of a row broke off", extra={"user_id": row.user_id})
            return failed(row, "a fault of this program, which its log tells of")

    async def _imported(self, row: PdsServiceRow, limiter: AsyncLimiter) -> Verdict:
        service_id = row.pds_service_id
        assert service_id is not None  # noqa: S101 - as the rows were sorted out; for mypy
        service = await self.patience.call(lambda: self._look(service_id, limiter))
        problem = service_problem(row, service)
        if problem:
            return skipped(row, problem)
        assert service.hostname is not None  # noqa: S101 - it would have been a problem; for mypy
        try:
            email = await self.patience.call(lambda: self.supabase.email_of(row.user_id))
        except UnknownUser:
            return skipped(row, Skip.USER_GONE)
        if not is_email(email):
            return skipped(row, Skip.NO_EMAIL)
        hostname = service.hostname
        wanted = Reservation.new(hostname, row.user_id, OF_NO_RESOURCE)
        there = await self.patience.call(lambda: self.reservations.reserve(wanted))
        if there.user_id != row.user_id:
            return skipped(row, Skip.HOSTNAME_RESERVED)
        name = provision_name(row.user_id)
        spec = spec_of(row.user_id, hostname, email, service.disksize_gb, self.rules)
        given = {SERVICE_ID_ANNOTATION: str(service_id)}
        try:
            made = await self.patience.call(lambda: self.provisions.create(name, spec, given))
        except Conflict:
            return beside(row, Held.by(await self.patience.call(lambda: self.provisions.get(name))))
        return Verdict(row.user_id, service_id, Kind.IMPORTED, disksize_gb=made.spec.disksize_gb)

    async def _look(self, service_id: int, limiter: AsyncLimiter) -> Service:
        await limiter.acquire()
        try:
            return await self.services.service(service_id)
        except NotFound:
            return Service(None, ServiceState.NOT_FOUND)
