"""Orders of events: what Stripe may deliver of several checkouts, between what happens to the resources meanwhile.

A step is a list, so that it can be kept as JSON: ``["event", user, session, type, status]`` delivers an event,
``["resource", user, what]`` lets something happen to the user's resource.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.errors import NotFound, Refused
from pds_contract.resource import GROUP, PLURAL, VERSION, PdsProvision, provision_name

USERS = 2
SESSIONS = 3
Step = list[Any]

TYPES = ["completed", "async_payment_succeeded", "async_payment_failed", "expired"]
CLAIM = {
    "id": "c",
    "attempt": 1,
    "hostname": "orders.example.org",
    "startTime": "2026-11-01T00:00:00Z",
    "durationSeconds": 1,
    "timeoutSeconds": 1,
}
STALLED = {
    "type": "Stalled",
    "status": "True",
    "lastTransitionTime": "2026-11-01T00:00:00Z",
    "reason": "DeployRejected",
    "message": "the backend refused it",
}
STATUSES: dict[str, dict[str, Any]] = {
    "claimed": {"claim": CLAIM},
    "failed": {"claim": None, "phase": "deploy_failed", "conditions": [STALLED]},
    "awaiting": {"claim": None, "phase": "deploy_succeeded_no_id"},
    "deployed": {"claim": None, "phase": "provisioning", "serviceId": 800},
}
HAPPENINGS = [*STATUSES, "edited", "annotated", "taken over", "made by hand", "deleted", "held", "let go"]


def orders() -> st.SearchStrategy[list[Step]]:
    """Steps of a few customers with a few checkouts each: duplicated, out of order, paid late or never."""
    users = st.integers(0, USERS - 1)
    paid = st.sampled_from(["paid", "paid", "unpaid", "no_payment_required"])
    event = st.tuples(
        st.just("event"), users, st.integers(0, SESSIONS - 1), st.sampled_from(["completed", *TYPES]), paid
    )
    happening = st.tuples(st.just("resource"), users, st.sampled_from(HAPPENINGS))
    return st.lists((event | event | happening).map(list), min_size=1, max_size=14)


@dataclass(frozen=True)
class Resource:
    """One user's resource, as everybody but the webhook changes it."""

    api: KubernetesApi
    namespace: str
    user_id: str
    email: str

    @property
    def provisions(self) -> Provisions:
        return Provisions(self.api, self.namespace, "kubectl")

    async def read(self) -> PdsProvision | None:
        try:
            return await self.provisions.get(provision_name(self.user_id))
        except NotFound:
            return None

    async def happen(self, what: str) -> None:
        """Let this happen, where the API server allows it and there is a resource it can happen to."""
        try:
            await self._happen(what, await self.read())
        except Refused as refused:
            if refused.status != 422:  # frozen, say: nobody may do it then
                raise

    async def _happen(self, what: str, now: PdsProvision | None) -> None:
        if what == "made by hand" and now is None:
            await self.provisions.create(self._name, {"userId": self.user_id, "email": self.email}, {})
        if now is None:
            return
        version = now.metadata.resource_version
        if what in STATUSES:
            await self.provisions.patch_status(self._name, version, STATUSES[what])
        match what:
            case "edited":
                await self.provisions.patch(self._name, version, spec={"disksizeGb": 77}, annotations={})
            case "annotated":
                await self._note("not a number")
            case "taken over":
                await self._note("99999999999")
            case "deleted":
                await self.api.call("DELETE", self._path)
            case "held":
                if now.metadata.deletion_timestamp is None:  # the API server takes no new finalizer then
                    await self._finalizers(["tests.example/hold"])
                    await self.api.call("DELETE", self._path)
            case "let go":
                await self._finalizers(None)

    async def _note(self, created: str) -> None:
        notes = {f"{GROUP}/checkout-created": created, f"{GROUP}/checkout-session": "cs_test_by_hand"}
        await self._merge({"annotations": notes})

    async def _finalizers(self, names: list[str] | None) -> None:
        await self._merge({"finalizers": names})

    async def _merge(self, metadata: dict[str, Any]) -> None:
        body = {"metadata": metadata}
        await self.api.call("PATCH", self._path, body=body, content_type="application/merge-patch+json")

    @property
    def _name(self) -> str:
        return provision_name(self.user_id)

    @property
    def _path(self) -> str:
        return f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}/{self._name}"
