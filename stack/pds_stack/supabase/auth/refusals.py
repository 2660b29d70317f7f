"""GoTrue's errors: a status, a code for programs, a message for a person."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

VERSION_HEADER = "X-Supabase-Api-Version"
# From this version of the API on, `code` is the word, no longer the status.
_WORDS_FROM = "2024-01-01"
_UNEXPECTED = "unexpected_failure"


class Refused(Exception):
    """A request that GoTrue does not serve.

    Args:
        status: The HTTP status.
        code: GoTrue's word for the error.
        message: For a person.
        more: Further members of the body.
    """

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self._more = more

    def document(self, version: str = "") -> dict[str, Any]:
        """Return the answer's body for a client of this version of the API: a date, or empty for the first."""
        if version >= _WORDS_FROM:
            return {"code": self.code, "message": str(self), **self._more}
        return {"code": self.status, "error_code": self.code, "msg": str(self), **self._more}

    def answer(self, request: web.Request) -> web.Response:
        """Return the answer to a request."""
        version = request.headers.get(VERSION_HEADER, "")
        headers = {"x-sb-error-code": self.code}
        if version >= _WORDS_FROM:
            headers[VERSION_HEADER] = _WORDS_FROM
        return web.json_response(self.document(version), status=self.status, headers=headers)


class OAuthRefused(Refused):
    """One of the errors that GoTrue still answers in the form of OAuth: ``error``, ``error_description``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(400, code, message)

    def document(self, version: str = "") -> dict[str, Any]:  # noqa: ARG002 - the same in every version
        """Return the answer's body."""
        return {"error": self.code, "error_description": str(self)}


def in_gotrues_words(handler: Handler) -> Handler:
    """Let a handler refuse a request by raising :class:`Refused`."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return refused.answer(request)

    return serve


def bearer(request: web.Request) -> str:
    """Return the token that a request shows.

    Raises:
        Refused: It shows none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "no_authorization", "This endpoint requires a valid Bearer token")
    return token


def fault(status: int) -> Refused:
    """Return the error that a prepared fault with this status says, as GoTrue would word it."""
    if status == 429:
        return Refused(429, "over_request_rate_limit", "Request rate limit reached")
    return Refused(status, _UNEXPECTED, "Unexpected failure, please check server logs for more information")
