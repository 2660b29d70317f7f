"""What takes a rule's place while it is left out: each makes a replacement from the product's own function."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pds_contract.deploy import DeployOutcome, OutcomeUnknown
from pds_contract.names import HostnameRules
from pds_contract.phase import Phase
from pds_contract.resource import Claim, PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol import adopt, decide
from pds_operator.protocol.deploying import Attempt, Conclusion
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.steps import Rest, Step

Original = Callable[..., Any]
Concluding = Callable[..., Conclusion]
Deciding = Callable[..., Step]


def shorter_by(part: str, *, but: float = 0.0) -> Callable[[Original], Original]:
    """Leave a part of the wait out (a setting's name), but for so many seconds of it."""
    return lambda original: lambda policy, claim=None: original(policy, claim) - getattr(policy, part) + but


def by_timestamp(_: Original) -> Original:
    """Measure an open claim's wait by its timestamp."""

    def claim_wait(claim: Claim, _: float, now: datetime, policy: Policy) -> float:
        return policy.takeover_wait(claim) - (now - claim.start_time).total_seconds()

    return claim_wait


def seen_long_ago(when: str) -> Callable[[Deciding], Deciding]:
    """Hold a claim to be waited out where somebody has asked for something (``edited`` or ``retry``)."""

    def instead(original: Deciding) -> Deciding:
        def decided(facts: Facts, policy: Policy) -> Step:
            asked = getattr(facts.provision, when) not in {None, False}
            return original(replace(facts, claim_seen_for=1e6) if asked else facts, policy)

        return decided

    return instead


def with_status(facts: Facts, **changed: object) -> Facts:
    """Return facts about a resource of another status."""
    status = facts.provision.status.model_copy(update=changed)
    return replace(facts, provision=facts.provision.model_copy(update={"status": status}))


def ends_at_unknown(original: Concluding) -> Concluding:
    """End the claim with whatever outcome."""

    def conclude(facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy) -> Conclusion:
        concluded: Conclusion = original(facts, attempt, outcome, policy)
        if concluded.status is None or not isinstance(outcome, OutcomeUnknown):
            return concluded
        return Conclusion({**concluded.status, "claim": None}, concluded.events)

    return conclude


def whose_ever_claim(original: Concluding) -> Concluding:
    """Hold whatever claim is there to be one's own."""

    def conclude(facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy) -> Conclusion:
        claim = facts.provision.status.claim
        own = claim and claim.model_copy(update={"id": attempt.claim_id})
        return original(with_status(facts, claim=own), attempt, outcome, policy)

    return conclude


def without_doubt(original: Concluding) -> Concluding:
    """Forget that an earlier deploy is in doubt."""

    def conclude(facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy) -> Conclusion:
        return original(facts, replace(attempt, in_doubt=False), outcome, policy)

    return conclude


def keeps_hostname(original: Concluding) -> Concluding:
    """Leave a hostname in use that was refused."""

    def conclude(facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy) -> Conclusion:
        concluded: Conclusion = original(facts, attempt, outcome, policy)
        kept = {name: value for name, value in (concluded.status or {}).items() if (name, value) != ("hostname", None)}
        return Conclusion(kept if concluded.status else None, concluded.events)

    return conclude


def replaces_id(original: Concluding) -> Concluding:
    """Write an id over another."""

    def with_id(facts: Facts, attempt: Attempt, service_id: int, *, mine: bool) -> Conclusion:
        return original(with_status(facts, service_id=None), attempt, service_id, mine=mine)

    return with_id


def silent_of_second(original: Concluding) -> Concluding:
    """Say nothing of a second id."""

    def with_id(facts: Facts, attempt: Attempt, service_id: int, *, mine: bool) -> Conclusion:
        if facts.provision.status.service_id is None:
            return original(facts, attempt, service_id, mine=mine)
        return Conclusion({"claim": None} if mine else None)

    return with_id


def row_is_proof(original: Original) -> Original:
    """Hold whatever the row names to be the user's."""

    def is_ours(facts: Facts, name: Names) -> bool:
        row = facts.lookup.row if facts.lookup else None
        return original(facts, name) or (row is not None and row.hostname == name.hostname)

    return is_ours


def not_by_doubt(original: Original) -> Original:
    """Hold nothing to be the user's for a deploy of theirs."""
    return lambda facts, name: original(with_status(facts, claim=None, hostname=None), name)


def deploys_again(policy: Policy) -> Callable[[Deciding], Deciding]:
    """Take an id that is awaited for a reason to deploy, as the row's word alone would have it."""

    def follow(facts: Facts) -> Step:
        return decide._before_deploy(facts, policy)  # noqa: SLF001 - the branch that the rule guards

    return lambda _: follow


def blind_to_row(original: Deciding) -> Deciding:
    """Overlook the row's id."""

    def follow(facts: Facts) -> Step:
        row = facts.mirrored and facts.mirrored.model_copy(update={"pds_service_id": None})
        return original(replace(facts, mirrored=row))

    return follow


def any_hostname(original: Deciding) -> Deciding:
    """Hold every service to have the right hostname."""

    def follow(facts: Facts, given: adopt.Given) -> Step:
        service = facts.service and replace(facts.service, hostname=given.hostname)
        return original(replace(facts, service=service), given)

    return follow


def lost_probe_is_none(original: Deciding) -> Deciding:
    """Forget that check-pds has answered before."""

    def follow(facts: Facts, policy: Policy, name: Names) -> Step:
        claim = facts.provision.status.claim
        blind = claim and claim.model_copy(update={"hostname_absent": False})
        return original(with_status(facts, claim=blind), policy, name)

    return follow


def with_lookup(**changed: object) -> Callable[[Deciding], Deciding]:
    """Take something else for what Supabase said."""

    def instead(original: Deciding) -> Deciding:
        def with_row(facts: Facts, policy: Policy, names: Sequence[Names]) -> Step:
            lookup = facts.lookup and facts.lookup.model_copy(update=changed)
            return original(replace(facts, lookup=lookup), policy, names)

        return with_row

    return instead


def nobody_has_it(original: Deciding) -> Deciding:
    """Hold every id to be nobody else's."""

    def follow(facts: Facts, given: adopt.Given) -> Step:
        return original(replace(facts, holder=""), given)

    return follow


def not_suspended(original: Deciding) -> Deciding:
    """Overlook that a resource is suspended."""

    def decided(facts: Facts, policy: Policy) -> Step:
        spec = facts.provision.spec.model_copy(update={"suspend": False})
        return original(replace(facts, provision=facts.provision.model_copy(update={"spec": spec})), policy)

    return decided


def names_of_spec(original: Callable[..., tuple[Names, ...]]) -> Callable[..., tuple[Names, ...]]:
    """Go by spec alone, whatever was sent."""

    def candidates(provision: PdsProvision, rules: HostnameRules) -> tuple[Names, ...]:
        bare = provision.status.model_copy(update={"claim": None, "phase": None})
        return original(provision.model_copy(update={"status": bare}), rules)

    return candidates


def row_says_so(original: Deciding) -> Deciding:
    """Take the row for true unseen."""

    def follow(facts: Facts, policy: Policy) -> Step:
        status = facts.provision.status
        row = PdsServiceRow(
            user_id=facts.provision.spec.user_id, pds_service_id=status.service_id, status=Phase.PROVISIONING
        )
        return original(replace(facts, mirrored=row), policy)

    return follow


def for_good(original: Deciding) -> Deciding:
    """Rest for good where there is nothing to do at once."""

    def decided(facts: Facts, policy: Policy) -> Step:
        step = original(facts, policy)
        return Rest(None) if isinstance(step, Rest) else step

    return decided


def by_generation(original: Original) -> Original:
    """Take up nothing but what was edited."""

    def first_look(provision: PdsProvision, now: datetime, policy: Policy, chance: float) -> float | None:
        return original(provision, now, policy, chance) if provision.edited else None

    return first_look


def constant(value: object) -> Callable[[object], object]:
    """Put this value in the place of one."""
    return lambda _: value


def always(answer: object) -> Callable[[object], Original]:
    """Put a function that always answers this in the place of one."""
    return lambda _: lambda *_: answer
