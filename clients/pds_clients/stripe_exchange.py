"""What every way to Stripe's API shares: the official client with each exchange timed, and its errors as ours."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import stripe

from pds_clients.retry_after import seconds_to_wait
from pds_clients.timing import Operation, timed
from pds_contract.errors import CredentialsRejected, DependencyError, Refused, TryLater

NETWORK_RETRIES = 2


class TimedClient(stripe.HTTPXClient):
    """Times each exchange; what the library repeats by itself is one of its own.

    Args:
        operation: What is called.
        request_timeout: Seconds that one exchange may take.
    """

    def __init__(self, operation: Operation, request_timeout: float) -> None:
        super().__init__(timeout=request_timeout)
        self._operation = operation

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: object = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Make one request; the library hands over a form that is encoded already."""
        # httpx is about to take only a mapping as a form. No key is there twice: Stripe's lists have indices.
        form = dict(parse_qsl(post_data, keep_blank_values=True)) if isinstance(post_data, str) else post_data
        with timed("stripe", self._operation) as exchange:
            answer = await super().request_async(method, url, headers, form)
            exchange.status = answer[1]
            return answer


def official_client(api_base: str, secret_key: str, http: TimedClient) -> stripe.StripeClient:
    """Return stripe's client of the API at this base; it repeats by itself what got no answer, a 409 or a 5xx."""
    return stripe.StripeClient(
        secret_key, base_addresses={"api": api_base}, max_network_retries=NETWORK_RETRIES, http_client=http
    )


def error_of(error: stripe.StripeError, *, asked: str, permission: str) -> DependencyError:
    """Return the error of ours that stands for one of Stripe's, without Stripe's own words.

    Those may quote the key, or what the customer typed.

    Args:
        error: What the official client raised.
        asked: What was asked for, as "the list of sessions".
        permission: What the key must be allowed, as "read Checkout Sessions".
    """
    status = error.http_status
    if isinstance(error, stripe.AuthenticationError):
        return CredentialsRejected("stripe", "Stripe does not know the key in STRIPE_SECRET_KEY", status)
    if isinstance(error, stripe.PermissionError):
        return Refused("stripe", f"the key in STRIPE_SECRET_KEY must be one that may {permission}", status)
    if isinstance(error, stripe.APIConnectionError):
        return TryLater("stripe", "Stripe gave no answer")
    request = f", request {error.request_id}" if error.request_id else ""
    if status is None or status in {409, 429} or not 400 <= status < 500:
        wait = seconds_to_wait((error.headers or {}).get("Retry-After"))
        return TryLater("stripe", f"Stripe answered {status}{request}", status, wait)
    return Refused("stripe", f"Stripe refused {asked} with {status}{request}", status)
