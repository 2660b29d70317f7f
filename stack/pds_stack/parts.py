"""The parts of the stack, and the settings that tie them together: pure data and rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pds_stack import proxies
from pds_stack.errors import UsageError

KUBERNETES, SUPABASE, BACKEND, WEBHOOK, OPERATOR = "kubernetes", "supabase", "backend", "webhook", "operator"
STRIPE, PORTAL = "stripe", "portal"
# In the order in which they start.
ALL = (KUBERNETES, SUPABASE, BACKEND, WEBHOOK, OPERATOR, STRIPE, PORTAL)

_SHARED = ("PDS_NAMESPACE", "PDS_BASE_DOMAIN", *proxies.NAMES)
_CLUSTER = ("KUBECONFIG",)
_AS_SERVICE_ROLE = ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")
_AS_CUSTOMER = ("SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_JWT_SECRET")
_OF_BACKEND = ("PDS_API_URL", "PDS_API_TOKEN")
_OF_STRIPE = ("STRIPE_API_BASE", "STRIPE_SECRET_KEY")
SECRETS = frozenset(
    {
        *("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_JWT_SECRET", "DATABASE_URL"),
        *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "PDS_API_TOKEN"),
    }
)
"""What a command gets only if it is meant for it, wherever it comes from."""


@dataclass(frozen=True)
class Command:
    """A command of the product.

    Attributes:
        name: as it is installed.
        needs: the parts it needs, with the settings that it gets of each.
        settings: those it is given besides.
    """

    name: str
    needs: Mapping[str, tuple[str, ...]]
    settings: tuple[str, ...]

    def required(self) -> tuple[str, ...]:
        """The settings without which it does not start."""
        return tuple(name for names in self.needs.values() for name in names)

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        """What of `values` it is told: nobody gets a secret that is not meant for them."""
        return {name: values[name] for name in (*self.required(), *_SHARED, *self.settings) if name in values}


COMMANDS = {
    WEBHOOK: Command(
        "pds-webhook",
        {KUBERNETES: _CLUSTER, SUPABASE: _AS_SERVICE_ROLE},
        ("STRIPE_WEBHOOK_SECRET", "STRIPE_LIVEMODE"),
    ),
    OPERATOR: Command("pds-operator", {KUBERNETES: _CLUSTER, SUPABASE: _AS_SERVICE_ROLE, BACKEND: _OF_BACKEND}, ()),
    PORTAL: Command(
        "pds-portal",
        {SUPABASE: _AS_CUSTOMER, BACKEND: _OF_BACKEND, STRIPE: _OF_STRIPE},
        ("PORTAL_URL", "PDS_PLANS", "STRIPE_CHECKOUT_ORIGIN"),
    ),
}


def chosen(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, in the order in which they start.

    Raises:
        UsageError: it is empty or names an unknown part.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(ALL))
    if unknown or not names:
        raise UsageError(f"unknown part {', '.join(unknown) or repr(text)}: choose from {','.join(ALL)}")
    return tuple(part for part in ALL if part in names)


def from_environment(parts: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that `parts` need of parts that are not among them, as the environment has them.

    Raises:
        UsageError: it lacks one; the message says which part to add or which settings to set.
    """
    parts = tuple(parts)
    values: dict[str, str] = {}
    for part in parts:
        command = COMMANDS.get(part)
        for needed, names in command.needs.items() if command else ():
            if needed in parts:
                continue
            missing = [name for name in names if not environment.get(name)]
            if missing:
                raise UsageError(f"{part} needs {needed}: add it to --only, or set {', '.join(missing)}")
            values |= {name: environment[name] for name in names}
    return values
