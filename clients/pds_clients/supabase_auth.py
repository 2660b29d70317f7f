"""Supabase Auth as its users meet it: sign up, sign in, refresh, sign out, confirm an e-mail address.

Neither passwords, tokens nor e-mail addresses reach an error or a log. Shapes are those of its OpenAPI document.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pds_clients.auth_refusals import is_of_auth_server, refuse, refuse_refresh
from pds_clients.network import proxy_for, trusted_certificates
from pds_clients.timing import Operation, timed
from pds_contract.errors import CredentialsRejected, TryLater

REQUEST_TIMEOUT = 10.0

_API_VERSION = "2024-01-01"
"""From here on an error's ``code`` is its code; without, it is the HTTP status, and ``error_code`` the code."""


class AuthSession(BaseModel):
    """A signed-in user's tokens. They stay out of its repr."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)


class ConfirmationSent(BaseModel):
    """A sign-up whose e-mail address has to be confirmed first.

    For an address that has a confirmed user already the auth server answers in the same shape, so that nobody learns
    who has an account.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str = Field(min_length=1)


AnswerT = TypeVar("AnswerT", bound=BaseModel)


class SupabaseAuth:
    """The users' side of Supabase Auth; an async context manager.

    Every method raises TryLater where there was no usable answer (RateLimited for a 429), CredentialsRejected where the
    project does not know the anon key, and AuthRefused.

    Args:
        url: The project's address (``SUPABASE_URL``).
        anon_key: Returns the anon or publishable key, which is read anew for each request.
    """

    def __init__(self, url: str, anon_key: Callable[[], str]) -> None:
        self._anon_key = anon_key
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/auth/v1",
            verify=trusted_certificates(),
            proxy=proxy_for(url),
            trust_env=False,
            timeout=REQUEST_TIMEOUT,
            follow_redirects=False,
            headers={"Accept": "application/json", "X-Supabase-Api-Version": _API_VERSION},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def sign_up(self, email: str, password: str, go_on_at: str) -> AuthSession | ConfirmationSent:
        """Make a user.

        Args:
            email: The e-mail address.
            password: The password.
            go_on_at: The address that the confirmation mail's link is to lead on to (``.RedirectTo`` in the template
                of the mail); the project has to allow it, else its site's address takes its place.

        Returns:
            The tokens where the project confirms by itself, else that a mail was sent.
        """
        response = await self._post(
            Operation.SIGN_UP, "/signup", {"email": email, "password": password}, redirect_to=go_on_at
        )
        refuse(response)
        try:
            return AuthSession.model_validate_json(response.content)
        except (ValidationError, ValueError):
            return _read(ConfirmationSent, response)

    async def sign_in(self, email: str, password: str) -> AuthSession:
        """Exchange a password for tokens."""
        body = {"email": email, "password": password}
        response = await self._post(Operation.SIGN_IN, "/token", body, grant_type="password")
        refuse(response)
        return _read(AuthSession, response)

    async def refresh(self, refresh_token: str) -> AuthSession:
        """Exchange a refresh token, which is spent by it, for new tokens.

        Raises:
            AuthRefused: SESSION_ENDED, and nothing else: the token will never be good again.
        """
        body = {"refresh_token": refresh_token}
        response = await self._post(Operation.REFRESH_SESSION, "/token", body, grant_type="refresh_token")
        refuse_refresh(response)
        return _read(AuthSession, response)

    async def sign_out(self, access_token: str) -> None:
        """End the session of a token, and no other session of its user. One that has ended already is none to end."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        response = await self._post(Operation.SIGN_OUT, "/logout", {}, headers=bearer, scope="local")
        if response.status_code not in {401, 403, 404} or not is_of_auth_server(response):
            refuse(response)

    async def verify_email(self, token_hash: str, kind: Literal["email", "signup"]) -> AuthSession:
        """Exchange the token of a confirmation mail, which is spent by it, for tokens."""
        response = await self._post(Operation.VERIFY_EMAIL, "/verify", {"type": kind, "token_hash": token_hash})
        refuse(response)
        return _read(AuthSession, response)

    async def _post(
        self,
        operation: Operation,
        path: str,
        body: dict[str, str],
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> httpx.Response:
        key = self._anon_key()
        if not key.isascii() or not key.isprintable():
            raise CredentialsRejected("supabase", "SUPABASE_ANON_KEY holds what no key can, as a line break; mend it")
        try:
            with timed("supabase", operation) as exchange:
                # httpx's own time-out begins anew with each byte.
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    response = await self._http.post(
                        path, params=query, json=body, headers={"apikey": key, **(headers or {})}
                    )
                exchange.status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise TryLater("supabase", f"Supabase Auth gave no usable answer ({type(error).__name__})") from None
        return response


def _read(shape: type[AnswerT], response: httpx.Response) -> AnswerT:
    try:
        return shape.model_validate_json(response.content)
    except (ValidationError, ValueError):
        raise TryLater("supabase", "Supabase Auth's answer has not the shape of one", response.status_code) from None
