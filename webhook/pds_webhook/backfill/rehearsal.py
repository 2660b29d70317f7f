"""What stands in for the two ways of writing in a dry run: it looks, decides by the same rules, and writes nothing."""

from pds_clients.kubernetes import Provisions
from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError, NotFound, UnknownUser
from pds_contract.resource import ManagedFields, Metadata, PdsProvision, ProvisionSpec
from pds_contract.rows import SubscriptionMapping
from pds_webhook.answers import Answer, Code
from pds_webhook.decide import MANAGER, Leave, decide
from pds_webhook.provisioning import answer_to
from pds_webhook.wanted import Wanted


class RehearsedSubscriptions:
    """In place of the mapping: it only asks whether the user exists."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def record_subscription(self, mapping: SubscriptionMapping) -> bool:
        """Store nothing.

        Raises:
            UnknownUser: The user is not in auth.users.
            TryLater: Supabase gave no usable answer.
        """
        if not (await self._supabase.look_up_pds_service(mapping.user_id)).user_exists:
            raise UnknownUser("the user is not in auth.users")
        return True


class RehearsedProvisioning:
    """In place of the way to the PdsProvisions: it remembers what each resource that would be written would be."""

    def __init__(self, provisions: Provisions) -> None:
        self._provisions = provisions
        self._written: dict[str, PdsProvision] = {}

    async def ensure(self, wanted: Wanted) -> Answer:
        """Say what would become of the user's resource."""
        try:
            existing = self._written.get(wanted.name) or await self._provisions.get(wanted.name)
        except NotFound:
            self._written[wanted.name] = _created(wanted)
            return Answer(Code.ACCEPTED, "a PdsProvision would be created")
        except DependencyError as error:
            return answer_to(error)
        decision = decide(existing, wanted)
        if isinstance(decision, Leave):
            return decision.answer
        annotations = {**existing.metadata.annotations, **decision.annotations}
        metadata = existing.metadata.model_copy(update={"annotations": annotations})
        self._written[wanted.name] = existing.model_copy(update={"metadata": metadata})
        return decision.answer


def _created(wanted: Wanted) -> PdsProvision:
    writer = ManagedFields(manager=MANAGER, operation="Update")
    return PdsProvision(
        metadata=Metadata(name=wanted.name, annotations=wanted.annotations(), managed_fields=(writer,)),
        spec=ProvisionSpec.model_validate(wanted.spec()),
    )
