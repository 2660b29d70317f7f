"""What the webhook answers: a stable code for programs, a status for Stripe, a message for whoever reads its dashboard.

Stripe repeats whatever is not 2xx for up to three days. So 2xx means that nothing is left to do, 503 that the same
event may work later, 4xx that a person has to change something first.
"""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Every ``code`` there is."""

    ACCEPTED = "accepted"
    """The PdsProvision was created."""
    UPDATED = "updated"
    """A newer checkout changed the PdsProvision, and asked for a retry where its deploy had failed for good.

    A refund may be due where another checkout was accepted before."""
    RETRY_REQUESTED = "retry_requested"
    """A PdsProvision that somebody else made was left as it is, and a retry was asked for.

    A refund may be due where another checkout was accepted before."""
    ALREADY_ACCEPTED = "already_accepted"
    """The same checkout was accepted before; nothing was changed."""
    ALREADY_PROVISIONED = "already_provisioned"
    """The customer has a PDS already; nothing was changed. A refund may be due."""
    ALREADY_IN_PROGRESS = "already_in_progress"
    """A deploy for the customer is under way already; nothing was changed. A refund may be due."""
    SUPERSEDED = "superseded"
    """A newer checkout of the customer was accepted before; nothing was changed. A refund may be due."""
    PAYMENT_PENDING = "payment_pending"
    """Completed but not paid yet; another event will tell."""
    IGNORED = "ignored"
    """Nothing that this product acts on."""

    INVALID_SIGNATURE = "invalid_signature"
    """The signature is missing, malformed, or made with none of the configured secrets."""
    TIMESTAMP_OUT_OF_RANGE = "timestamp_out_of_range"
    """The signature's time is too far from now."""
    INVALID_BODY = "invalid_body"
    """The body is no event of Stripe's."""
    NOT_FOUND = "not_found"
    """No such path."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    """Not a POST."""
    HEADER_TIMEOUT = "header_timeout"
    """The request's headers took too long to arrive."""
    BODY_TIMEOUT = "body_timeout"
    """The body took too long to arrive, or there was no room for it any more."""
    BODY_TOO_LARGE = "body_too_large"
    """The body is larger than any event."""
    BAD_REQUEST = "bad_request"
    """Any other fault of the HTTP request; an Expect header that cannot be met is answered 417 with it."""

    INVALID_USER_ID = "invalid_user_id"
    """Paid, but the session's metadata name no usable user."""
    INVALID_EMAIL = "invalid_email"
    """Paid, but neither metadata nor session have a usable e-mail address."""
    INVALID_USERNAME = "invalid_username"
    """Paid, but nothing can be made of the username asked for."""
    INVALID_HOSTNAME = "invalid_hostname"
    """Paid, but no customer may have the hostname asked for."""
    INVALID_DISKSIZE = "invalid_disksize"
    """Paid, but the size asked for is unusable."""
    UNKNOWN_USER = "unknown_user"
    """Paid, but the user is not in auth.users."""
    LIVEMODE_MISMATCH = "livemode_mismatch"
    """Paid in the other mode (live or test) than this webhook serves."""
    UNSUPPORTED_MODE = "unsupported_mode"
    """Paid, but not as a subscription."""

    SUPABASE_UNAVAILABLE = "supabase_unavailable"
    """The customer's mapping could not be stored; the PdsProvision is there where the event asks for one."""
    KUBERNETES_UNAVAILABLE = "kubernetes_unavailable"
    """The API server could not be reached, or the PdsProvision kept changing."""
    KUBERNETES_REFUSED = "kubernetes_refused"
    """The API server refused the PdsProvision or our credentials; the log says what."""
    RESOURCE_BEING_DELETED = "resource_being_deleted"
    """The customer's PdsProvision is being deleted; a new one can be made once it is gone."""
    INTERNAL_ERROR = "internal_error"
    """A fault of this program; the log says which."""

    @property
    def status(self) -> int:
        """The HTTP status that goes with this code (but for 417, which is a ``bad_request`` too)."""
        return _OTHER_STATUS.get(self, 200)


_OTHER_STATUS = {
    Code.INVALID_SIGNATURE: 400,
    Code.TIMESTAMP_OUT_OF_RANGE: 400,
    Code.INVALID_BODY: 400,
    Code.BAD_REQUEST: 400,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.HEADER_TIMEOUT: 408,
    Code.BODY_TIMEOUT: 408,
    Code.BODY_TOO_LARGE: 413,
    Code.INVALID_USER_ID: 422,
    Code.INVALID_EMAIL: 422,
    Code.INVALID_USERNAME: 422,
    Code.INVALID_HOSTNAME: 422,
    Code.INVALID_DISKSIZE: 422,
    Code.UNKNOWN_USER: 422,
    Code.LIVEMODE_MISMATCH: 422,
    Code.UNSUPPORTED_MODE: 422,
    Code.SUPABASE_UNAVAILABLE: 503,
    Code.KUBERNETES_UNAVAILABLE: 503,
    Code.KUBERNETES_REFUSED: 503,
    Code.RESOURCE_BEING_DELETED: 503,
    Code.INTERNAL_ERROR: 503,
}


@dataclass(frozen=True)
class Answer:
    """One answer, which is also what the log line and the counters say of the event.

    Args:
        code: Decides the HTTP status too.
        message: For a person; without personal data or secrets.
        field: The metadata key that has to be changed, where it is one.
        double: The customer has paid for a checkout before, so that a refund may be due.
        warn: A person should look, though Stripe has nothing to repeat.
    """

    code: Code
    message: str
    field: str | None = None
    double: bool = False
    warn: bool = False

    def document(self) -> dict[str, str]:
        """Return what is sent as JSON."""
        document = {"code": self.code.value, "message": self.message}
        return document if self.field is None else {**document, "field": self.field}
