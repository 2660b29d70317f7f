"""Which username and hostname a resource gets: those asked for, else derived ones, with a suffix where taken."""

from dataclasses import dataclass

from pds_contract.names import HostnameRules, derived_username, with_suffix
from pds_contract.phase import Phase
from pds_contract.resource import PdsProvision


@dataclass(frozen=True)
class Names:
    """A username and a hostname to try."""

    username: str
    hostname: str


def candidates(provision: PdsProvision, rules: HostnameRules) -> tuple[Names, ...]:
    """Return the names to try, in this order; never empty.

    While a claim is open, or an id awaited, only the names that were sent count. Names that were claimed once come
    before others, so that they stay.
    """
    spec, status = provision.spec, provision.status
    username = spec.username or derived_username(spec.email, spec.user_id)
    if status.claim:
        return (Names(status.username or username, status.claim.hostname),)
    if status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID and status.hostname:
        return (Names(status.username or username, status.hostname),)
    if spec.hostname:
        return (Names(username, spec.hostname),)
    suffixed = with_suffix(username, spec.user_id)
    names = [
        Names(username, rules.derived(username)),
        Names(spec.username or suffixed, rules.derived(suffixed)),
    ]
    allowed = [name for name in names if rules.objection(name.hostname) is None] or names
    return tuple(sorted(allowed, key=lambda name: name.hostname != status.hostname))


def objection(names: Names, provision: PdsProvision, rules: HostnameRules) -> str | None:
    """Say why these names cannot be used and what to do, or None."""
    reason = rules.objection(names.hostname)
    if reason is None:
        return None
    if provision.spec.hostname:
        return f"spec.hostname {reason}. Edit spec."
    return f"The derived hostname {names.hostname} {reason}. Ask for another one in spec.hostname."
