"""What a customer asks for, read by the code that reads a paid session's metadata.

The values are put into metadata as they were typed, and read with ``contract/pds_contract/checkout.py``, as the webhook
does: what is checked, shown and sent on is what comes out of that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pds_contract.checkout import (
    DISK_SIZE,
    DISK_SIZE_MIN,
    HOSTNAME,
    USER_EMAIL,
    USER_ID,
    USERNAME,
    CheckoutParameters,
    parameters_of,
)
from pds_contract.errors import InvalidInput
from pds_contract.names import HostnameRules
from pds_portal.checkout.plans import Plan, find

PLAN_FIELD = "plan"
USERNAME_FIELD = "username"
HOSTNAME_FIELD = "hostname"
DISK_SIZE_FIELD = "disksizeGb"
NONCE_FIELD = "form_nonce"
ACCOUNT_FIELD = "account"
"""No field of the form: what is wrong is the customer's account."""

ASKED_MAX = 500
"""Characters of a name as it is typed; the longest name of DNS has 253."""

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)
_FIELDS = {
    USER_ID: ACCOUNT_FIELD,
    USER_EMAIL: ACCOUNT_FIELD,
    USERNAME: USERNAME_FIELD,
    HOSTNAME: HOSTNAME_FIELD,
    DISK_SIZE: DISK_SIZE_FIELD,
}


@dataclass(frozen=True)
class CheckoutRequest:
    """What a customer asks for.

    Args:
        plan: The plan.
        parameters: What the webhook will read once it is paid.
        nonce: The form's, the same each time that one form is sent; None where the sender gives none.
    """

    plan: Plan
    parameters: CheckoutParameters = field(repr=False)
    nonce: str | None = field(repr=False)


def read_request(
    asked: Mapping[str, object], *, user_id: str, email: str, plans: Sequence[Plan], rules: HostnameRules
) -> CheckoutRequest:
    """Read and judge what a customer asks for.

    Args:
        asked: The fields of the form, or of the JSON object. Others than these are left alone, a price's id too.
        user_id: Of whoever is signed in.
        email: Theirs.
        plans: What is on sale.
        rules: Which hostnames a customer may have.

    Raises:
        InvalidInput: One of the fields is unusable; its name is the error's ``field``.
    """
    plan = find(plans, asked.get(PLAN_FIELD))
    if plan is None:
        raise InvalidInput(PLAN_FIELD, "is none that is on sale; choose one on the pricing page", "invalid_plan")
    typed = {
        USER_ID: user_id,
        USER_EMAIL: email,
        USERNAME: _typed(asked, USERNAME_FIELD, "invalid_username"),
        HOSTNAME: _typed(asked, HOSTNAME_FIELD, "invalid_hostname"),
        DISK_SIZE: _size(asked.get(DISK_SIZE_FIELD), plan),
    }
    try:
        parameters = parameters_of(typed, None, rules)
    except InvalidInput as error:
        raise _by_field(error, plan) from None
    if parameters.disksize_gb > plan.disksize_gb:
        raise _no_size(plan)
    return CheckoutRequest(plan, parameters, _nonce(asked.get(NONCE_FIELD)))


def typed_name(value: object, field_name: str, code: str) -> str:
    """Read a name as it was typed, without the space around it; the empty string where nothing was.

    Raises:
        InvalidInput: It is no text, or too long to be looked at.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(field_name, "is no text; send it as text, or leave it out", code)
    if len(value) > ASKED_MAX:
        raise InvalidInput(field_name, f"has more than {ASKED_MAX} characters; ask for a shorter name", code)
    return value.strip()


def _typed(asked: Mapping[str, object], field_name: str, code: str) -> str:
    return typed_name(asked.get(field_name), field_name, code)


def _size(value: object, plan: Plan) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        return plan.disksize_gb
    return value


def _nonce(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _NONCE.fullmatch(value):
        raise InvalidInput(NONCE_FIELD, "is not one of our forms'; reload the page and try again", "invalid_form_nonce")
    return value


def _by_field(error: InvalidInput, plan: Plan) -> InvalidInput:
    """Name the field of the form in place of the metadata's key."""
    if error.field == DISK_SIZE:
        return _no_size(plan)
    if error.field == USER_EMAIL:
        message = "has no e-mail address that can be used; sign up with another one"
        return InvalidInput(ACCOUNT_FIELD, message, error.code)
    return InvalidInput(_FIELDS.get(error.field, error.field), error.message, error.code)


def _no_size(plan: Plan) -> InvalidInput:
    return InvalidInput(
        DISK_SIZE_FIELD,
        f"is no whole number of GiB from {DISK_SIZE_MIN} to {plan.disksize_gb}, as this plan has it; "
        "ask for one of these, or choose another plan",
        "invalid_disksize",
    )
