"""The form that buys, as the dashboard shows it: when it is opened, and again with what was typed and what to mend."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from pds_portal.checkout.context import PlanContext
from pds_portal.checkout.hostname import derived_hostname
from pds_portal.checkout.plans import Plan, find
from pds_portal.checkout.request import (
    ASKED_MAX,
    DISK_SIZE_FIELD,
    HOSTNAME_FIELD,
    NONCE_FIELD,
    PLAN_FIELD,
    USERNAME_FIELD,
)
from pds_portal.identity.session import SignedIn
from pds_portal.portal import PORTAL
from pds_portal.safety.refusals import Refusal

FORM = "form"
"""The key of an error that is no single field's."""

_NEW_FORM = "This form was sent before, or is out of date. Here is a new one with the same values: check and send it."


@dataclass(frozen=True)
class Typed:
    """What stands in the form's fields of text, as it was typed."""

    username: str = ""
    hostname: str = ""
    disksize: str = ""


@dataclass(frozen=True)
class Choice:
    """What the form shows.

    Args:
        plans: What is on sale.
        chosen: The plan that is marked.
        typed: What the fields hold.
        nonce: A new one for each form.
        base_domain: What a username becomes the first part of.
        probable: The hostname of whoever asks for none.
        auto: Whether the script is to send it at once.
        errors: What to mend, by field.
    """

    plans: tuple[Plan, ...]
    chosen: Plan
    typed: Typed
    nonce: str
    base_domain: str
    probable: str
    auto: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """The most storage that any plan has, in GiB; the chosen plan's own bound counts when the form is sent."""
        return max(plan.disksize_gb for plan in self.plans)


def opened(request: web.Request, customer: SignedIn, context: PlanContext) -> Choice:
    """Return the form as a plan's context fills it; a plan's own size is what an empty field stands for."""
    chosen = _chosen(request, context.plan)
    size = context.disksize_gb
    typed = Typed(
        username=context.username or "",
        hostname=context.hostname or "",
        disksize="" if size is None or size == chosen.disksize_gb else str(size),
    )
    return _form(request, customer, chosen, typed, auto=context.auto_checkout)


def sent_back(request: web.Request, customer: SignedIn, fields: Mapping[str, object], refusal: Refusal) -> Choice:
    """Return a form that was refused: with its values, a new nonce, and the reason at the field that it is about."""
    typed = Typed(*(_text(fields, name) for name in (USERNAME_FIELD, HOSTNAME_FIELD, DISK_SIZE_FIELD)))
    at = refusal.field if refusal.field in {USERNAME_FIELD, HOSTNAME_FIELD, DISK_SIZE_FIELD} else FORM
    message = _NEW_FORM if refusal.field == NONCE_FIELD else refusal.message
    return _form(request, customer, _chosen(request, fields.get(PLAN_FIELD)), typed, errors={at: message})


def _form(
    request: web.Request,
    customer: SignedIn,
    chosen: Plan,
    typed: Typed,
    *,
    auto: bool = False,
    errors: Mapping[str, str] | None = None,
) -> Choice:
    settings = request.app[PORTAL].settings
    rules = settings.hostname_rules()
    return Choice(
        plans=settings.pds_plans,
        chosen=chosen,
        typed=typed,
        nonce=secrets.token_urlsafe(24),
        base_domain=rules.base_domain,
        probable=derived_hostname(customer.user_id, customer.email, rules),
        auto=auto,
        errors=errors or {},
    )


def _chosen(request: web.Request, key: object) -> Plan:
    plans = request.app[PORTAL].settings.pds_plans
    return find(plans, key) or plans[0]


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value[:ASKED_MAX] if isinstance(value, str) else ""
