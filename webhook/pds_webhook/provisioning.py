"""Getting a paid checkout into etcd: create the PdsProvision, or read the one that is there, decide, and patch it."""

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.errors import Conflict, CredentialsRejected, DependencyError, NotFound, Refused, TryLater
from pds_webhook.answers import Answer, Code
from pds_webhook.decide import GUEST_MANAGER, MANAGER, Change, Leave, decide
from pds_webhook.wanted import Wanted

ROUNDS = 8
"""How often a resource that changes under us is read again; Stripe comes back after that."""


class Provisioning:
    """The webhook's way to the PdsProvisions of one namespace."""

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self._as_manager = {manager: Provisions(api, namespace, manager) for manager in (MANAGER, GUEST_MANAGER)}
        self._provisions = self._as_manager[MANAGER]

    async def ensure(self, wanted: Wanted) -> Answer:
        """Make the user's resource ask for what this checkout wants, as far as it may.

        A 2xx answer means that the intent is in etcd.
        """
        try:
            for _ in range(ROUNDS):
                answer = await self._round(wanted)
                if answer is not None:
                    return answer
        except DependencyError as error:
            return answer_to(error)
        return Answer(
            Code.KUBERNETES_UNAVAILABLE, "this user's PdsProvision kept changing while it was read and patched"
        )

    async def _round(self, wanted: Wanted) -> Answer | None:
        """Create or patch once; None where what was read is no longer so."""
        try:
            await self._provisions.create(wanted.name, wanted.spec(), wanted.annotations())
        except Conflict:
            return await self._meet(wanted)
        return Answer(Code.ACCEPTED, "a PdsProvision was created")

    async def _meet(self, wanted: Wanted) -> Answer | None:
        try:
            existing = await self._provisions.get(wanted.name)
        except NotFound:
            return None
        decision = decide(existing, wanted)
        if isinstance(decision, Leave):
            return decision.answer
        return await self._apply(wanted.name, existing.metadata.resource_version, decision)

    async def _apply(self, name: str, resource_version: str, change: Change) -> Answer | None:
        try:
            await self._as_manager[change.manager].patch(
                name, resource_version, spec=change.spec, annotations=change.annotations
            )
        except (Conflict, NotFound):
            return None
        except Refused as error:
            if error.status != 422:
                raise
            return await self._refused_or_frozen(name, resource_version, error)
        return change.answer

    async def _refused_or_frozen(self, name: str, resource_version: str, error: Refused) -> Answer | None:
        """Tell a resource that froze since it was read, which another look settles, from one that the CRD refuses."""
        try:
            now = await self._provisions.get(name)
        except NotFound:
            return None
        return None if now.metadata.resource_version != resource_version else answer_to(error)


def answer_to(error: DependencyError) -> Answer:
    """Say what the API server's refusal, or its absence, means for a checkout."""
    later = isinstance(error, TryLater) and not isinstance(error, CredentialsRejected)
    return Answer(Code.KUBERNETES_UNAVAILABLE if later else Code.KUBERNETES_REFUSED, str(error))
