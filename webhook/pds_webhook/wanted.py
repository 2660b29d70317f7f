"""What a paid checkout wants of a PdsProvision, as it is written to the API server."""

from dataclasses import dataclass
from typing import Any

from pds_contract.checkout import CheckoutParameters
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    provision_name,
)


@dataclass(frozen=True)
class Wanted:
    """A paid checkout's parameters, and where they come from. Times are Unix seconds.

    Args:
        parameters: What is asked for.
        session_id: The Checkout Session.
        session_created: When it was created.
        event_id: What told of it.
        paid_at: When it was paid.
    """

    parameters: CheckoutParameters
    session_id: str
    session_created: int
    event_id: str
    paid_at: int

    @property
    def name(self) -> str:
        """The resource's name."""
        return provision_name(self.parameters.user_id)

    def spec(self) -> dict[str, Any]:
        """Return the spec of a new resource: only what was asked for, and the size."""
        asked = {"userId": self.parameters.user_id, **self.spec_change()}
        return {key: value for key, value in asked.items() if value is not None}

    def spec_change(self) -> dict[str, Any]:
        """Return the merge patch that makes an older checkout's spec this one's.

        None removes what is no longer asked for.
        """
        return {
            "email": self.parameters.email,
            "username": self.parameters.username,
            "hostname": self.parameters.hostname,
            "disksizeGb": self.parameters.disksize_gb,
        }

    def annotations(self) -> dict[str, str]:
        """Return the annotations that tell which checkout was the newest, and how we know of it."""
        return {
            CHECKOUT_SESSION_ANNOTATION: self.session_id,
            CHECKOUT_CREATED_ANNOTATION: str(self.session_created),
            CHECKOUT_PAID_ANNOTATION: str(self.paid_at),
            STRIPE_EVENT_ANNOTATION: self.event_id,
        }
