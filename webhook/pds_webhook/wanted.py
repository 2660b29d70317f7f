"""What a paid checkout wants of a PdsProvision, as it is written to the API server."""

from dataclasses import dataclass
from typing import Any

from pds_contract.checkout import CheckoutParameters
from pds_contract.resource import CHECKOUT_CREATED_ANNOTATION, CHECKOUT_SESSION_ANNOTATION, provision_name


@dataclass(frozen=True)
class Wanted:
    """A paid checkout's parameters, and the session that they come from (``created`` in Unix seconds)."""

    parameters: CheckoutParameters
    session_id: str
    session_created: int

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
        """Return the annotations that tell which checkout was the newest."""
        return {
            CHECKOUT_SESSION_ANNOTATION: self.session_id,
            CHECKOUT_CREATED_ANNOTATION: str(self.session_created),
        }
