"""Stripe's completed Checkout Sessions, by the official client.

The client repeats by itself what got no answer or a 5xx; a 429 is told, so that the caller waits as long as it asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import stripe

from pds_clients.stripe_exchange import TimedClient, error_of, official_client
from pds_clients.timing import Operation
from pds_contract.errors import TryLater

if TYPE_CHECKING:
    from stripe.params.checkout import SessionListParams

REQUEST_TIMEOUT = 30.0
PAGE = 100
"""Stripe gives no more at once."""

LATEST = 2**36
"""Unix seconds that no session's time comes near, and that a date still can show."""

Session = Mapping[str, Any]


@dataclass(frozen=True)
class SessionPage:
    """Some sessions as Stripe's JSON has them, the newest first, and whether older ones follow.

    Personal data stay out of its repr.
    """

    sessions: Sequence[Session] = field(repr=False)
    has_more: bool


class CheckoutSessions:
    """The Checkout Sessions of one account; an async context manager.

    Args:
        api_base: Where Stripe's API is.
        secret_key: Returns the key, which is read anew for each page, since it may be rotated.
    """

    def __init__(self, api_base: str, secret_key: Callable[[], str]) -> None:
        self._secret_key = secret_key
        self._http = TimedClient(Operation.LIST_CHECKOUT_SESSIONS, REQUEST_TIMEOUT)
        self._client = official_client(api_base, secret_key(), self._http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions

    async def completed(self, *, created_from: int, created_to: int | None, after: str | None) -> SessionPage:
        """Read a page of the completed sessions, each with its whole subscription.

        Args:
            created_from: Unix seconds; sessions that were created before are left out.
            created_to: Unix seconds; sessions that were created after are left out, or None for no such bound.
            after: The id of the last session of the page before, or None for the first page.

        Raises:
            CredentialsRejected: Stripe does not know the key.
            TryLater: No usable answer, or a 429.
            Refused: The key may not do this, or Stripe refuses it for another reason.
        """
        parameters: SessionListParams = {
            "status": "complete",
            "created": {"gte": created_from} if created_to is None else {"gte": created_from, "lte": created_to},
            "limit": PAGE,
            "expand": ["data.subscription"],
        }
        if after is not None:
            parameters["starting_after"] = after
        try:
            listed = await self._client.v1.checkout.sessions.list_async(parameters, {"api_key": self._secret_key()})
            return _page(listed.to_dict())
        except stripe.StripeError as error:
            raise error_of(
                error, asked="the list of sessions", permission="read Checkout Sessions and Subscriptions"
            ) from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):  # the client trusts what it reads
            raise TryLater("stripe", "Stripe's answer has not the shape of a list of sessions") from None


def _page(listed: Mapping[str, Any]) -> SessionPage:
    sessions, has_more = listed["data"], listed["has_more"]
    if not isinstance(sessions, list) or not all(map(_is_session, sessions)):
        raise ValueError("no list of sessions")
    if not isinstance(has_more, bool) or (has_more and not sessions):
        raise ValueError("nothing to go on behind")
    return SessionPage(sessions, has_more)


def _is_session(document: object) -> bool:
    """Tell whether it has what going from page to page rests on; the rest is for whoever reads the session."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return False
    created = document.get("created")
    return isinstance(created, int) and 0 <= created < LATEST
