"""Why a request is not met, as exceptions that any route may raise; ``errors.py`` turns them into answers."""

from collections.abc import Mapping
from http import HTTPStatus


class Refusal(Exception):
    """A request that is not met.

    Args:
        status: The HTTP status.
        message: One sentence for the customer, that says what to do; never with personal data or secrets.
        field: The form's field that has to be changed, where it is one.
        headers: Headers of the answer.
        more: Further keys of the JSON answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def document(self) -> dict[str, object]:
        """Return what an API's answer says."""
        said: dict[str, object] = {"error": self.message, **self.more}
        return said if self.field is None else {**said, "field": self.field}


class NotSignedIn(Refusal):
    """Nobody is signed in, or not any more: 401 under /api, elsewhere on to the page that signs in."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "Sign in first.", headers={"WWW-Authenticate": "Bearer"})


class Forged(Refusal):
    """A request that one of our own pages did not send, as far as can be told: 403."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN, "This form is out of date or was not sent from this site. Load the page again."
        )


class TooMany(Refusal):
    """Asked too often: 429.

    Args:
        retry_after: Whole seconds until the same request may be met.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"This was asked too often. Try again in {retry_after} seconds.",
            headers={"Retry-After": str(retry_after)},
        )
        self.retry_after = retry_after
