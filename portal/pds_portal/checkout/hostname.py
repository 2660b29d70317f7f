"""Which hostname a customer will probably have, and for which of them they must be asked to choose another one."""

from dataclasses import dataclass

from pds_contract.checkout import CheckoutParameters
from pds_contract.names import HostnameRules, derived_username, with_suffix
from pds_portal.checkout.request import HOSTNAME_FIELD, USERNAME_FIELD


@dataclass(frozen=True)
class Asked:
    """A hostname that a customer asked for, and the form's field by which they did."""

    hostname: str
    field: str


def asked_hostname(parameters: CheckoutParameters, rules: HostnameRules) -> Asked | None:
    """Return the hostname that was asked for, or None where the choice is ours.

    Who asks for a username alone asks for ``<username>.<base domain>``, the mission's fallback.
    """
    if parameters.hostname is not None:
        return Asked(parameters.hostname, HOSTNAME_FIELD)
    if parameters.username is not None:
        return Asked(rules.derived(parameters.username), USERNAME_FIELD)
    return None


def derived_hostname(user_id: str, email: str, rules: HostnameRules) -> str:
    """Return the hostname that the operator tries first for a customer who asks for none.

    It is shown as what will probably be: where somebody else has it, the operator adds a suffix.
    """
    username = derived_username(email, user_id)
    plain = rules.derived(username)
    return plain if rules.objection(plain) is None else rules.derived(with_suffix(username, user_id))
