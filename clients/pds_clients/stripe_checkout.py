"""Making a Checkout Session, by Stripe's official client.

The client repeats by itself what got no answer, a 409 or a 5xx. The idempotency key makes that safe: Stripe answers a
repeated request with the session that the first one made.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import stripe

from pds_clients.stripe_exchange import TimedClient, error_of, official_client
from pds_clients.timing import Operation
from pds_contract.errors import Conflict, DependencyError, NotFound, TryLater

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

REQUEST_TIMEOUT = 10.0
"""Seconds of one exchange: a customer is waiting."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class CreatedSession:
    """A Checkout Session that waits for its customer, who pays at ``url``, which is good for 24 hours."""

    session_id: str
    url: str = field(repr=False)


class CheckoutCreation:
    """Creates Checkout Sessions of one account; an async context manager.

    Args:
        api_base: Where Stripe's API is.
        secret_key: Returns the key, which is read anew for each session, since it may be rotated.
    """

    def __init__(self, api_base: str, secret_key: Callable[[], str]) -> None:
        self._secret_key = secret_key
        self._http = TimedClient(Operation.CREATE_CHECKOUT_SESSION, REQUEST_TIMEOUT)
        self._client = official_client(api_base, secret_key(), self._http)
        api = urlsplit(api_base)
        # A stand-in without TLS has its page where its API is.
        self._hosts_without_tls = {*_LOOPBACK, api.hostname if api.scheme == "http" else None}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions

    async def create(self, parameters: "SessionCreateParams", idempotency_key: str) -> CreatedSession:
        """Create a session, or find the one that was created under this key before.

        Args:
            parameters: As Stripe's API has them.
            idempotency_key: Of whoever wants the session; the same for the same session.

        Raises:
            Conflict: Another session was created under this key.
            NotFound: The account has no such customer as the parameters name.
            CredentialsRejected: Stripe does not know the key.
            TryLater: No usable answer, or a 429.
            Refused: The key may not do this, or Stripe refuses the session for another reason.
        """
        try:
            created = await self._client.v1.checkout.sessions.create_async(
                parameters, {"api_key": self._secret_key(), "idempotency_key": idempotency_key}
            )
            return _session(created.to_dict(), self._hosts_without_tls)
        except stripe.StripeError as error:
            raise _error(error) from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):  # the client trusts what it reads
            raise TryLater("stripe", "Stripe's answer has not the shape of a session to be paid") from None


def _session(document: Mapping[str, Any], hosts_without_tls: Collection[str | None]) -> CreatedSession:
    session_id, url = document["id"], document["url"]
    if not isinstance(session_id, str) or not isinstance(url, str) or not _is_page(url, hosts_without_tls):
        raise ValueError("no session with a page")
    return CreatedSession(session_id, url)


def _is_page(url: str, hosts_without_tls: Collection[str | None]) -> bool:
    """Tell whether a customer may be sent there: over TLS, or to the local stack."""
    parts = urlsplit(url)
    if not url.isascii() or not url.isprintable() or parts.username is not None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in hosts_without_tls)


def _error(error: stripe.StripeError) -> DependencyError:
    if isinstance(error, stripe.IdempotencyError):
        return Conflict("stripe", "another session was created under this idempotency key", error.http_status)
    if isinstance(error, stripe.InvalidRequestError) and (error.code, error.param) == ("resource_missing", "customer"):
        return NotFound("stripe", "Stripe has no such customer", error.http_status)
    return error_of(error, asked="the Checkout Session", permission="write Checkout Sessions")
