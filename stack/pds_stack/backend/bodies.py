"""The bodies that the backend accepts, and its answer to others: status 422 in Laravel's form.

The rules for names are those that a real PDS depends on: a username is a DNS label, a hostname a bare fully qualified
domain name, without scheme, port, path or trailing dot.
"""

import hashlib
import json
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue, StringConstraints, ValidationError

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
Label = Annotated[str, StringConstraints(pattern=rf"^{LABEL}$")]
Hostname = Annotated[str, StringConstraints(to_lower=True, max_length=253, pattern=rf"(?i)^({LABEL}\.)+{LABEL}$")]


class DeployBody(BaseModel):
    """The body of ``POST /deploy``; ``disksize`` in GiB."""

    username: Label
    password: Annotated[str, Field(min_length=1, repr=False)]
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    hostname: Hostname
    disksize: Annotated[int, Field(ge=1)]

    def fingerprint(self) -> str:
        """Return a hash of the whole body, the password included."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()


class CheckBody(BaseModel):
    """The body of ``POST /check-pds``."""

    hostname: Hostname


class TerminateBody(BaseModel):
    """The body of ``DELETE /service/{id}``; without a date, the data is destroyed 30 days from now."""

    termination_date: date | None = None


class ResumeBody(BaseModel):
    """The body of ``PATCH /service/{id}``: the one change that is known of."""

    cancel_termination: Literal[True]


_RULES = {
    "missing": "The {field} field is required.",
    "string_type": "The {field} field must be a string.",
    "string_too_short": "The {field} field is required.",
    "string_too_long": "The {field} field must not be greater than 253 characters.",
    "string_pattern_mismatch": "The {field} field format is invalid.",
    "greater_than_equal": "The {field} field must be at least 1.",
    "literal_error": "The {field} field must be accepted.",
}


def refusal(error: ValidationError) -> dict[str, JsonValue]:
    """Return Laravel's body for status 422: a message, and the messages of each field."""
    errors: dict[str, JsonValue] = {}
    messages: list[str] = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else "body"
        kind = problem["type"]
        what = "a valid date" if kind.startswith("date") else "an integer"
        message = _RULES.get(kind, f"The {{field}} field must be {what}.").format(field=name.replace("_", " "))
        errors[name] = [message]
        messages.append(message)
    others = len(messages) - 1
    more = f" (and {others} more error{'s' if others > 1 else ''})" if others else ""
    return {"message": messages[0] + more, "errors": errors}
