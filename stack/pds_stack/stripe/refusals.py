"""Stripe's refusals of a request: a status and an error object."""

from typing import Any


class Refused(Exception):
    """A request that Stripe does not serve.

    Args:
        message: For a person.
        param: The parameter that is at fault.
        code: Stripe's word for the fault, where it has one.
        status: The HTTP status.
        kind: Stripe's type of the error.
    """

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self._error = {"code": code, "message": message, "param": param, "type": kind}

    def document(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {"error": {name: value for name, value in self._error.items() if value is not None}}
