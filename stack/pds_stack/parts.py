"""The parts of the stack, and the settings that tie them together: pure data and rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pds_stack import proxies
from pds_stack.errors import UsageError

KUBERNETES, SUPABASE, BACKEND, WEBHOOK, OPERATOR = "kubernetes", "supabase", "backend", "webhook", "operator"
STRIPE = "stripe"
# In the order in which they start.
ALL = (KUBERNETES, SUPABASE, BACKEND, WEBHOOK, OPERATOR, STRIPE)

_PROVIDED = {
    KUBERNETES: ("KUBECONFIG",),
    SUPABASE: ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"),
    BACKEND: ("PDS_API_URL", "PDS_API_TOKEN"),
}
_SHARED = ("PDS_NAMESPACE", "PDS_BASE_DOMAIN", *proxies.NAMES)


@dataclass(frozen=True)
class Command:
    """A command of the product: the parts it needs, and the settings it is given besides what those provide."""

    name: str
    needs: tuple[str, ...]
    settings: tuple[str, ...]

    def required(self) -> tuple[str, ...]:
        """The settings without which it does not start."""
        return tuple(name for part in self.needs for name in _PROVIDED[part])

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        """What of `values` it is told: nobody gets a secret that is not meant for them."""
        return {name: values[name] for name in (*self.required(), *_SHARED, *self.settings) if name in values}


COMMANDS = {
    WEBHOOK: Command("pds-webhook", (KUBERNETES, SUPABASE), ("STRIPE_WEBHOOK_SECRET", "STRIPE_LIVEMODE")),
    OPERATOR: Command("pds-operator", (KUBERNETES, SUPABASE, BACKEND), ()),
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
        for needed in command.needs if command else ():
            if needed in parts:
                continue
            names = _PROVIDED[needed]
            missing = [name for name in names if not environment.get(name)]
            if missing:
                raise UsageError(f"{part} needs {needed}: add it to --only, or set {', '.join(missing)}")
            values |= {name: environment[name] for name in names}
    return values
